"""One simulated station on the network: a `ChargePoint` with a body.

Connects the pure parts (model, tokens, drivers) with clock, timers and sockets. What differs between the versions of
OCPP is in `v16` and `v201`.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, TypeVar

from chargewire import Backoff, ChargePoint, Connected, Disconnected, Event, FrameSent, Outbox, Reconnecting, v16, v201
from chargewire.errors import CallRejected, CallTimeout, ConnectionLost, ErrorCode, NotConnected, OcppError
from chargewire.messages import Request

from .actions import Actions, AuthorizationNeeded, EventType, IdToken, RebootDue, StatusChanged, TransactionChanged
from .config import StationConfig
from .dialect import BootReason, Dialect, Host, Registration
from .driver import Deed, Driver
from .meter import Outlet, Vehicle
from .model import StationModel
from .reporter import StatusReporter
from .timing import next_slot
from .tokens import TokenInfo, Tokens, Verdict
from .v16.dialect import Dialect16
from .v201.dialect import Dialect201

Q = TypeVar("Q", bound=Request[Any, Any])
R = TypeVar("R")

DIALECTS: dict[str, Callable[[Host], Dialect]] = {v16.SUBPROTOCOL: Dialect16, v201.SUBPROTOCOL: Dialect201}

A_DAY = 86_400.0
CLOCK_TOLERANCE = timedelta(seconds=1)  # what the way of a message may take
DEFAULT_BOOT_INTERVAL = 60.0  # BOOT-005: where the CSMS grants no interval
SOFT_RESET_GRACE = 5.0  # for the last messages before a reboot; the rest stays queued

_log = logging.getLogger("chargewire.simulator")


@dataclass(slots=True)
class Counters:
    """What a station did so far."""

    boots: int = 0
    transactions: int = 0
    messages: int = 0
    refused_tokens: int = 0


class SimulatedStation:
    """A simulated charging station.

    ``run`` lives its life until it is cancelled; the other methods are what people do to it meanwhile.

    Attributes:
        config: What it is made of.
        settings: What the CSMS configured.
        model: Its state, to be read.
        tokens: What it knows about tokens.
        counters: What it did so far.
    """

    def __init__(self, config: StationConfig, url: str, *, backoff: Backoff | None = None) -> None:
        """Set up a station that is switched off.

        Args:
            config: What it is made of.
            url: Of the CSMS; the identity is appended to its path.
            backoff: How it dials again; by default as every charge point.

        Raises:
            ValueError: The URL is none of a WebSocket, or the version has no simulated station.
        """
        dialect = DIALECTS.get(config.version.SUBPROTOCOL)
        if dialect is None:
            raise ValueError(f"version: there is no simulated station for {config.version.SUBPROTOCOL}")
        self.config = config
        self.settings = deepcopy(config.settings)
        self.tokens = Tokens(self.settings)
        self.counters = Counters()
        randoms = _randoms(config)
        self.model = StationModel(
            [_outlet(config, next(randoms)) for _ in range(config.connectors)],
            self.settings,
            new_transaction_id=lambda: str(uuid.uuid4()),
            handshake=config.handshake,
            time_scale=config.time_scale,
        )
        habits = config.habits
        self._drivers = [] if habits is None else [Driver(habits, next(randoms)) for _ in self.model.connectors]
        self._dialect = dialect(self)
        self._reporter = StatusReporter(self._dialect, self.clock)
        self._outbox = Outbox()
        self._outbox.hold()
        self._charge_point = ChargePoint(
            url,
            config.version,
            identity=config.identity,
            password=config.password,
            handlers=self._dialect.handlers,
            timeouts=config.timeouts,
            backoff=backoff,
            outbox=self._outbox,
        )
        self._charge_point.subscribe(self._observe, Connected, Disconnected, Reconnecting, FrameSent)
        self._group: asyncio.TaskGroup | None = None
        self._registration: Registration | None = None
        self._accepted = asyncio.Event()
        self._boot_now = asyncio.Event()
        self._reboot_due = asyncio.Event()
        self._body_moved = asyncio.Event()
        self._heartbeat_moved = asyncio.Event()
        self._aligned_moved = asyncio.Event()
        self._deliveries: set[asyncio.Future[Any]] = set()
        self._clock_offset = timedelta()
        self._outages = 0
        self._lost_at: float | None = None
        self._last_sent = 0.0
        self._error: Exception | None = None
        self.settings_changed()

    # What it looks like

    @property
    def is_online(self) -> bool:
        """Whether a message would leave now."""
        return self._charge_point.is_connected

    @property
    def is_accepted(self) -> bool:
        """Whether the CSMS accepted the latest BootNotification; a lost connection does not change it (CON-023)."""
        return self._accepted.is_set()

    @property
    def registration(self) -> str | None:
        """What the CSMS answered to the latest BootNotification: Accepted, Pending, Rejected; None before it did."""
        return None if self._registration is None else self._registration.status

    @property
    def error(self) -> Exception | None:
        """Why the station is not connected, as far as it knows."""
        return None if self.is_online else self._error

    @property
    def queued(self) -> int:
        """How many transaction messages have no answer yet."""
        return len(self._outbox)

    @property
    def outages(self) -> int:
        """How often the connection has been lost."""
        return self._outages

    # What people do to it

    async def run(self) -> None:
        """Switch it on, and off again when cancelled."""
        self._charge_point.start()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._lifecycle())
                group.create_task(self._body())
                group.create_task(self._heartbeats())
                group.create_task(self._aligned())
                group.create_task(self._reporter.run())
        finally:
            self._group = None
            self._unregister()
            await self._charge_point.close()

    def plug_in(self, connector: int = 1, vehicle: Vehicle | None = None) -> None:
        """Connect a vehicle."""
        self.perform(self.model.plug_in(connector, vehicle or Vehicle(), self.now()))

    def unplug(self, connector: int = 1) -> None:
        """Disconnect the vehicle."""
        self.perform(self.model.unplug(connector, self.now()))

    def swipe(self, id_token: str | IdToken, connector: int | None = None) -> None:
        """Present a token at the reader."""
        token = IdToken(id_token) if isinstance(id_token, str) else id_token
        self.perform(self.model.swipe(token, self.now(), connector=connector))

    def fault(self, connector: int = 1, error_code: str = "InternalError", *, info: str | None = None) -> None:
        """Break a connector. The code is a ChargePointErrorCode of OCPP 1.6."""
        self.perform(self.model.fail(connector, error_code, self.now(), info=info))

    def repair(self, connector: int = 1) -> None:
        """Remove the fault of a connector."""
        self.perform(self.model.repair(connector, self.now()))

    async def drop(self) -> None:
        """Lose the connection; it is dialled again."""
        await self._charge_point.drop()

    # What its dialect needs

    def now(self) -> float:
        """Return the monotonic time."""
        return asyncio.get_running_loop().time()

    def clock(self) -> datetime:
        """Return the time of day, as the CSMS set it."""
        return datetime.now(UTC) + self._clock_offset

    def perform(self, actions: Actions) -> None:
        """Do what the model says."""
        for action in actions:
            match action:
                case StatusChanged():
                    self._reporter.changed(action)
                case TransactionChanged():
                    self.counters.transactions += action.type is EventType.STARTED
                    self._dialect.tell(action)
                case AuthorizationNeeded():
                    self.spawn(self._authorize(action))
                case RebootDue():
                    self._reboot_due.set()
        self._body_moved.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something after the handler that asks for it has answered; link failures end it.

        Raises:
            RuntimeError: The station is switched off.
        """
        if self._group is None:
            work.close()
            raise RuntimeError(f"{self.config.identity} is switched off")
        self._group.create_task(self._attempt(work))

    def boot_again(self) -> None:
        """Send the BootNotification now that is waiting for its interval."""
        self._boot_now.set()

    def settings_changed(self) -> None:
        """Obey settings that the CSMS changed."""
        self._outbox.attempts = self.settings.message_attempts
        self._outbox.retry_interval = self.settings.message_retry_interval
        self._body_moved.set()
        self._heartbeat_moved.set()
        self._aligned_moved.set()

    async def report(self, connector: int | None) -> None:
        """Send the status of one connector, or of all, because the CSMS asked."""
        for change in self.model.statuses():
            if connector in (None, change.connector):
                await self._reporter.send(change)

    async def call(self, request: Request[Any, R]) -> R:
        """Send a message that may be lost.

        Raises:
            OcppError: It was not answered as it should be.
        """
        try:
            return await self._charge_point.call(request)
        except CallRejected as exc:
            if exc.code == ErrorCode.SECURITY_ERROR and self.is_accepted:
                # BOOT-010: this is how a CSMS talks to a station that it has not accepted. It must have forgotten.
                self._unregister()
                self._reboot_due.set()
            raise

    def deliver(self, request: Q, *, revise: Callable[[Q], Q] | None = None) -> asyncio.Future[Any]:
        """Send a message that must arrive."""
        answer = self._charge_point.deliver(request, revise=revise)
        self._deliveries.add(answer)
        answer.add_done_callback(self._deliveries.discard)
        return answer

    # How it lives

    def _observe(self, event: Event) -> None:
        match event:
            case FrameSent():
                self._last_sent = self.now()
                self.counters.messages += 1
            case Connected():
                self._error = None
                if self.is_accepted:
                    # CON-021: the registration outlives the connection, so there is no BootNotification.
                    offline = 0.0 if self._lost_at is None else self.now() - self._lost_at
                    long = offline > self.settings.offline_threshold
                    self._reporter.resume(self.model.statuses(), everything=long)
            case Disconnected():
                self._outages += 1
                self._lost_at = self.now()
                self._reporter.pause()
            case Reconnecting(error=error):
                self._error = error or self._error
            case _:
                raise AssertionError(event)

    async def _lifecycle(self) -> None:
        """Boot, live until the next reboot, and boot again, for ever."""
        reason = BootReason.POWER_UP
        while True:
            self._reboot_due.clear()
            await self._register(reason)
            await self._reboot_due.wait()
            if self.is_accepted:
                reason = BootReason.REMOTE_RESET
                await self._reboot()
            else:
                reason = BootReason.TRIGGERED

    async def _register(self, reason: BootReason) -> None:
        """Send BootNotifications until one is accepted (BOOT-001, BOOT-005)."""
        while True:
            await self._charge_point.wait_connected()
            self._boot_now.clear()
            wait = self.config.boot_retry
            try:
                registration = await self._dialect.register(reason)
            except OcppError as exc:
                _log.warning("%s: the boot was not answered: %s", self.config.identity, exc)
            else:
                self.counters.boots += 1
                self._registration = registration
                self._set_clock(registration.current_time)
                if registration.status == "Accepted":
                    return self._begin(registration)
                wait = registration.interval if registration.interval > 0 else DEFAULT_BOOT_INTERVAL
            await _wait(self._boot_now, wait)

    def _begin(self, registration: Registration) -> None:
        if registration.interval > 0:  # BOOT-003
            self.settings.heartbeat_interval = registration.interval
            self._heartbeat_moved.set()
        self._accepted.set()
        self._reporter.resume(self.model.statuses(), everything=True)
        self._charge_point.release_deliveries()

    async def _reboot(self) -> None:
        """Send what is left, for a while, and go down (RST-001, RST-004)."""
        if self.is_online and self._deliveries:
            await asyncio.wait(self._deliveries, timeout=SOFT_RESET_GRACE)
        self._unregister()
        await self._charge_point.drop(1001, "rebooting")
        await asyncio.sleep(self.config.reboot)

    def _unregister(self) -> None:
        self._accepted.clear()
        self._registration = None
        self._reporter.pause()
        self._charge_point.hold_deliveries()

    async def _body(self) -> None:
        """Let time pass for the model and the people around it."""
        while True:
            self._body_moved.clear()
            now = self.now()
            self.perform(self.model.tick(now))
            if self._let_people_act(now):
                continue
            self._body_moved.clear()
            deadlines = [self.model.deadline(), *(driver.deadline for driver in self._drivers)]
            due = min((deadline for deadline in deadlines if deadline is not None), default=None)
            await _wait(self._body_moved, None if due is None else max(due - now, 0.01))

    def _let_people_act(self, now: float) -> bool:
        """Do what the drivers want; whether anybody did anything."""
        acted = False
        for connector, driver in zip(self.model.connectors, self._drivers, strict=False):
            deed = driver.act(connector, now)
            match deed:
                case Deed.PLUG_IN:
                    self.plug_in(connector.id, driver.vehicle())
                case Deed.UNPLUG:
                    self.unplug(connector.id)
                case Deed.SWIPE:
                    self.swipe(driver.id_token, connector.id)
                case None:
                    continue
            acted = True
        return acted

    async def _heartbeats(self) -> None:
        """Send a Heartbeat when nothing else was sent for its interval, and once a day (HB-001, HB-003)."""
        last = self.now()
        while True:
            await self._accepted.wait()
            self._heartbeat_moved.clear()
            interval = self.settings.heartbeat_interval or A_DAY
            wait = min(max(self._last_sent, last) + interval, last + A_DAY) - self.now()
            if wait > 0:
                await _wait(self._heartbeat_moved, wait)
                continue
            last = self.now()
            await self._attempt(self._heartbeat())

    async def _heartbeat(self) -> None:
        self._set_clock(await self._dialect.heartbeat())

    async def _aligned(self) -> None:
        """Send meter values at full intervals of the clock (MET-002, MET-009)."""
        while True:
            self._aligned_moved.clear()
            interval = self.settings.aligned_interval
            slot = next_slot(self.clock(), interval) if interval > 0 else None
            wait = None if slot is None else (slot - self.clock()).total_seconds()
            if await _wait(self._aligned_moved, wait) or slot is None or not self.is_accepted:
                continue
            await self._attempt(self._dialect.send_aligned(slot))

    async def _authorize(self, needed: AuthorizationNeeded) -> None:
        info = await self._judge(needed.id_token)
        if info is None:
            self.counters.refused_tokens += 1
            return
        self.perform(
            self.model.authorized(
                needed.id_token, self.now(), connector=needed.connector, group=info.group, remote=needed.remote
            )
        )

    async def _judge(self, id_token: IdToken) -> TokenInfo | None:
        """Find out about a token; None when it may not charge (AUT-002, OFF-001)."""
        if not self.is_accepted:
            return None
        verdict, known = self.tokens.decide(id_token, self.clock(), online=self.is_online)
        if verdict is Verdict.ASK:
            try:
                info = await self._dialect.authorize(id_token)
            except (CallTimeout, ConnectionLost, NotConnected):
                verdict, known = self.tokens.decide(id_token, self.clock(), online=False)
            else:
                self.tokens.learn(id_token, info)
                return info if info.accepted else None
        return known or TokenInfo(accepted=True) if verdict is Verdict.ACCEPT else None

    async def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that the CSMS may refuse, or not hear."""
        try:
            await work
        except OcppError as exc:
            _log.info("%s: %s", self.config.identity, exc)

    def _set_clock(self, at: datetime) -> None:
        """Take the time of the CSMS (BOOT-004), unless the difference is only that of the way."""
        if abs(at - self.clock()) > CLOCK_TOLERANCE:
            self._clock_offset = at - datetime.now(UTC)


def _randoms(config: StationConfig) -> Iterator[Random]:
    """Derive independent sources of randomness, so that what happens at one connector does not change another."""
    seed = config.identity if config.seed is None else config.seed
    return (Random(f"{seed}/{number}") for number in count())  # noqa: S311 - keeps no secret


def _outlet(config: StationConfig, random: Random) -> Outlet:
    """Mount a meter that has counted before."""
    return Outlet(config.supply, random, register_wh=float(random.randrange(10_000, 9_000_000)))


async def _wait(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for an event, at most for some time; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
