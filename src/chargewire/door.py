"""Who may knock, and how often: the steps of an upgrade that are about the server and the address, not the station.

Pure: how many are there, and what time it is, are arguments. Knows no socket.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chargewire.handshake import Handshake, Head, Refused, Reject
from chargewire.rates import Rate, TokenBuckets

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_RETRY_AFTER = 10  # seconds: the restart of a server, or of the balancer's view of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What to ask of connections before anything is asked of the station.

    Attributes:
        rate: connections of one address, refused ones included; more are answered with a 429. The addresses of one
            IPv6 network (/64) are one. ``None`` counts nothing.
        trusted_proxies: networks of proxies whose ``X-Forwarded-For`` is believed. Everybody else's is ignored.
        networks: that may connect, such as ``"10.0.0.0/8"``; others are answered with a 403. Empty means all.
        origins: of web pages that may connect, such as ``"https://portal.example.com"``; others are answered with a
            403. Empty means all. Stations have no origin, and are not asked for one.
    """

    rate: Rate | None = None
    trusted_proxies: Collection[str] = ()
    networks: Collection[str] = ()
    origins: Collection[str] = ()

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        parse_networks(self.trusted_proxies)
        Access(self.networks, self.origins)


class Doorman:
    """Stands at a door, and counts.

    Args:
        door: what to ask.
        connections: that may be open or undecided at once; ``None`` is any number.

    Attributes:
        is_draining: nobody is let in any more.
    """

    def __init__(self, door: Door, *, connections: int | None = None) -> None:
        self._connections = connections
        self._proxies = parse_networks(door.trusted_proxies)
        self._buckets = None if door.rate is None else TokenBuckets(door.rate)
        self.is_draining = False

    def locate(self, head: Head, remote: str) -> str:
        """Return the address of who asks, as far as trusted proxies tell; the port is 0 when it is not the socket's.

        Each proxy appends the address it was called from. So the last one that is not a trusted proxy's is the client:
        what stands before it is only what that client says.
        """
        if not self._proxies or not _is_within(_address_of(remote), self._proxies):
            return remote
        client: Address | None = None
        for text in reversed(head.headers.get("x-forwarded-for", "").split(",")):
            hop = _parse_hop(text)
            if hop is None:
                break
            client = hop
            if not _is_within(hop, self._proxies):
                break
        if client is None:
            return remote
        return f"[{client}]:0" if isinstance(client, IPv6Address) else f"{client}:0"

    def knock(self, remote: str, *, present: int, now: float) -> None:
        """Let a connection pass, or not.

        Args:
            remote: from :meth:`locate`.
            present: connections that are open or undecided, this one included.
            now: monotonic time.

        Raises:
            Refused: the server is draining or full (503), or the address connects too often (429).
        """
        if self.is_draining:
            raise _later(HTTPStatus.SERVICE_UNAVAILABLE, "the server is draining", _RETRY_AFTER)
        if self._connections is not None and present > self._connections:
            raise _later(HTTPStatus.SERVICE_UNAVAILABLE, "the server is full", _RETRY_AFTER)
        if self._buckets is not None and (wait := self._buckets.take(_group(remote), now)):
            raise _later(HTTPStatus.TOO_MANY_REQUESTS, "too many connections from this address", wait)


class Access:
    """Networks and origins that may connect; without any, all may.

    Raises:
        ValueError: one of the networks is none.
    """

    def __init__(self, networks: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self._networks = parse_networks(networks)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    def check(self, handshake: Handshake) -> Reject | None:
        """Refuse a station from elsewhere, and a web page of somebody else."""
        if self._networks and not _is_within(_address_of(handshake.remote), self._networks):
            return Reject(HTTPStatus.FORBIDDEN, "this address may not connect")
        origin = handshake.headers.get("origin")
        if self._origins and origin is not None and origin.lower() not in self._origins:
            return Reject(HTTPStatus.FORBIDDEN, "this origin may not connect")
        return None


def parse_networks(texts: Collection[str]) -> tuple[Network, ...]:
    """Read networks in CIDR notation, or single addresses.

    Raises:
        ValueError: one is neither, or texts is a single string.
    """
    if isinstance(texts, str):
        raise ValueError(f"networks: expected several, got the text {texts!r}")  # noqa: TRY004 - as for other options
    return tuple(ip_network(text) for text in texts)


def _later(status: HTTPStatus, reason: str, seconds: float) -> Refused:
    return Refused(Reject(status, reason, {"Retry-After": str(math.ceil(seconds))}))


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address  # a socket of both families has IPv4 peers as ::ffff:


def _address_of(remote: str) -> Address | None:
    return _parse(remote.rpartition(":")[0].strip("[]"))


def _parse_hop(text: str) -> Address | None:
    """Read one address of ``X-Forwarded-For``; some proxies add the port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return _parse(text)


def _is_within(address: Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def _group(remote: str) -> str:
    """Return what counts as one address: a household, or a lodger of a data centre, has a whole IPv6 network."""
    address = _address_of(remote)
    if isinstance(address, IPv6Address):
        return address.packed[:8].hex()
    return remote if address is None else str(address)
