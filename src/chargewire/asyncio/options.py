"""Value objects of options that server and client share. Knows nothing about who reads them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from chargewire.rates import CallRates


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        call: for the answer to a CALL, from the moment it leaves. OCPP 2.x advises 30 s to start with (RPC-033).
        connect: a charge point, for the upgrade to be answered. As patient as with a call: a station may have nothing
            better than a mobile network.
        write: for a peer that no more can be sent to, since it does not read, to read on; then the connection ends with
            1008. As long as for an answer: until then, what it does not read waits in memory.
        close: for the peer's close frame, and on shutdown for handlers that still run. Half of what Docker grants a
            process that it asks to stop.
        ping_interval: of silence before the peer is pinged, give or take a quarter so that a fleet does not ping in
            step; 0 pings never. 30 s is below the idle limit of the usual load balancers.
        pong: for any sign of life after a ping before the connection is dropped. With the silence before it, a line
            that died is noticed within a minute.
    """

    call: float = 30.0
    connect: float = 30.0
    write: float = 30.0
    close: float = 5.0
    ping_interval: float = 30.0
    pong: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what no clock can do."""
        _refuse_negative(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much to take from one peer.

    Attributes:
        message: bytes in one message, after reassembly and inflating; more closes with 1009. 128 KiB holds the longest
            NotifyReport seen with room to spare.
        head: bytes in the head of an upgrade request; more is answered with 431. What usual HTTP servers take, too.
        connections: connections open or undecided at the same time, of all peers of a server; more are answered with a
            503. Without a limit unless given: how many it can take is what only its operator can know.
        concurrent_calls: CALLs of one peer that are handled at the same time; the next ones wait their turn, and a
            peer that goes on sending is no longer read from. A peer that keeps to OCPP has one under way; the rest is
            for those that do not wait.
        call_rates: how often a peer may call; what is beyond is answered with a CALLERROR ``GenericError``, and a SEND
            is dropped. Answers do not count. Without limits unless given: how often is too often depends on what the
            stations are configured to send.
    """

    message: int = 128 * 1024
    head: int = 16 * 1024
    connections: int | None = None
    concurrent_calls: int = 16
    call_rates: CallRates | None = None

    def __post_init__(self) -> None:
        """Refuse what lets nothing through."""
        _refuse_negative(self)


def _refuse_negative(options: Timeouts | Limits) -> None:
    for field in fields(options):
        value = getattr(options, field.name)
        if isinstance(value, int | float) and (value < 0 or (value == 0 and field.name != "ping_interval")):
            raise ValueError(f"{field.name}: expected more than 0, got {value}")
