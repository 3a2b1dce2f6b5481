"""The management system dies as in a power cut, in the middle of charging. What it has answered, it still knows.

The stations are our ChargePoint, and a simulated one on top of it: what was not answered they keep, and deliver to the
restarted system, on the same ports and the same database. A message that had to be sent twice must not count twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from support.processes import Csms, serving, until

from chargewire import Backoff, ChargePoint, ConnectionLost, FrameSent, NotConnected, v16, v201
from chargewire.simulator import Settings, SimulatedStation, StationConfig, Vehicle

pytestmark = pytest.mark.timeout(180)

TAG = "KILLPROOF"
TOKEN = v201.IdTokenType(id_token=TAG, type=v201.IdTokenEnumType.ISO14443)
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SOON = Backoff(wait_minimum=0.05, random_range=0.05, repeat_times=3)
STATIONS = 8
ANSWERED_BEFORE_THE_KILL = 60

M = TypeVar("M", v16.MeterValues, v16.StopTransaction)


@pytest.fixture
async def csms(tmp_path: Path) -> AsyncIterator[Csms]:
    async with serving(tmp_path, "--unknown-stations", "auto", "--unknown-tokens", "accept") as csms:
        yield csms


class Cycle16:
    """One charging cycle of a 1.6 station, message by message; all of them go through the outbox."""

    version = v16

    def __init__(self, charger: ChargePoint) -> None:
        self._charger = charger
        self._id = 0

    async def boot(self) -> None:
        boot = v16.BootNotification(charge_point_vendor="Acme", charge_point_model="One")
        assert (await self._charger.call(boot)).status is v16.RegistrationStatus.ACCEPTED

    async def begin(self) -> None:
        answer = await self._charger.deliver(start_16(meter_start=1000, at=NOON))
        self._id = answer.transaction_id

    def meter(self, minute: int, energy_wh: int) -> Awaitable[Any]:
        at = NOON + timedelta(minutes=minute)
        return self._charger.deliver(meter_16(energy_wh, at=at), revise=lambda it: replace_id(it, self._id))

    def end(self, minute: int, energy_wh: int) -> Awaitable[Any]:
        at = NOON + timedelta(minutes=minute)
        return self._charger.deliver(stop_16(0, energy_wh, at=at), revise=lambda it: replace_id(it, self._id))


class Cycle201:
    """The same of a 2.0.1 station."""

    version = v201

    def __init__(self, charger: ChargePoint) -> None:
        self._charger = charger
        self._seq_no = 0

    async def boot(self) -> None:
        station = v201.ChargingStationType(model="One", vendor_name="Acme")
        boot = v201.BootNotification(charging_station=station, reason=v201.BootReasonEnumType.POWER_UP)
        assert (await self._charger.call(boot)).status is v201.RegistrationStatusEnumType.ACCEPTED

    async def begin(self) -> None:
        await self._tell("STARTED", "AUTHORIZED", 0, 1000)

    def meter(self, minute: int, energy_wh: int) -> Awaitable[Any]:
        return self._tell("UPDATED", "METER_VALUE_PERIODIC", minute, energy_wh)

    def end(self, minute: int, energy_wh: int) -> Awaitable[Any]:
        return self._tell("ENDED", "STOP_AUTHORIZED", minute, energy_wh)

    def _tell(self, event: str, trigger: str, minute: int, energy_wh: int) -> Awaitable[Any]:
        at = NOON + timedelta(minutes=minute)
        sample = v201.SampledValueType(value=energy_wh, unit_of_measure=v201.UnitOfMeasureType(unit="Wh"))
        request = v201.TransactionEvent(
            event_type=v201.TransactionEventEnumType[event],
            timestamp=at,
            trigger_reason=v201.TriggerReasonEnumType[trigger],
            seq_no=self._seq_no,
            transaction_info=v201.TransactionType(transaction_id="7d9c"),
            evse=v201.EVSEType(id=1, connector_id=1),
            id_token=TOKEN if event != "UPDATED" else None,
            meter_value=[v201.MeterValueType(timestamp=at, sampled_value=[sample])],
        )
        self._seq_no += 1
        return self._charger.deliver(request)


Cycle = Cycle16 | Cycle201
VERSIONS = pytest.mark.parametrize("cycle_of", [Cycle16, Cycle201], ids=["1.6", "2.0.1"])


@VERSIONS
async def test_a_cycle_interrupted_by_a_kill_ends_right(csms: Csms, cycle_of: type[Cycle]) -> None:
    """T16-004, TX-019: what was measured meanwhile is delivered afterwards, in order, and not once more."""
    async with charge_point(csms, cycle_of) as charger:
        cycle = cycle_of(charger)
        await cycle.boot()
        await cycle.begin()
        await cycle.meter(1, 1500)
        csms.kill()
        queued = [cycle.meter(2, 2000), cycle.meter(3, 2500), cycle.end(4, 3000)]
        assert charger.queued == len(queued)
        await csms.start()
        await asyncio.gather(*queued)
    await check_cycle(csms, energies_wh=[1500, 2000, 2500])


@VERSIONS
async def test_a_cycle_that_begins_and_ends_while_the_csms_is_dead_is_delivered_whole(
    csms: Csms, cycle_of: type[Cycle]
) -> None:
    async with charge_point(csms, cycle_of) as charger:
        cycle = cycle_of(charger)
        await cycle.boot()
        csms.kill()
        beginning = asyncio.ensure_future(cycle.begin())
        await asyncio.sleep(0)
        rest = [cycle.meter(1, 1500), cycle.end(4, 3000)]
        await csms.start()
        await asyncio.gather(beginning, *rest)
    await check_cycle(csms, energies_wh=[1500])


@VERSIONS
@pytest.mark.parametrize("message", ["first", "last"])
async def test_a_message_whose_answer_died_with_the_csms_counts_once(
    csms: Csms, cycle_of: type[Cycle], message: str
) -> None:
    """The kill comes right behind the message: whether it was stored or not, sending it again must not double it."""
    async with charge_point(csms, cycle_of) as charger:
        cycle = cycle_of(charger)
        await cycle.boot()
        victim = ("StartTransaction", '"Started"') if message == "first" else ("StopTransaction", '"Ended"')
        killed = kill_after_sending(charger, csms, victim)
        cycling = asyncio.ensure_future(run_cycle(cycle))
        await killed
        await csms.start()
        await cycling
    await check_cycle(csms, energies_wh=[1500])


@VERSIONS
async def test_a_message_that_was_answered_and_comes_again_counts_once(csms: Csms, cycle_of: type[Cycle]) -> None:
    """The answer is lost on the way: the station sends the same content again, under a new message id."""
    async with charge_point(csms, cycle_of) as charger:
        cycle = cycle_of(charger)
        await cycle.boot()
        await run_cycle(cycle)
        ids = [entry["id"] for entry in await transactions(csms)]
        await run_cycle(cycle_of(charger))
        assert [entry["id"] for entry in await transactions(csms)] == ids
    await check_cycle(csms, energies_wh=[1500])


@VERSIONS
async def test_a_simulated_station_charges_on_through_a_kill_and_its_transaction_ends_right(
    csms: Csms, cycle_of: type[Cycle]
) -> None:
    """It charges, measures and stops by itself while nobody listens, and tells everything afterwards."""
    station = SimulatedStation(
        StationConfig(
            identity="CP001",
            version=cycle_of.version,
            settings=Settings(sample_interval=1),
            habits=None,
            time_scale=300.0,
        ),
        csms.ocpp_url,
        backoff=SOON,
    )
    living = asyncio.create_task(station.run())
    try:
        await until(holds(lambda: station.is_accepted))
        station.plug_in(1, Vehicle(capacity_wh=90_000.0, soc_percent=10.0))
        station.swipe(TAG, 1)
        await until(lambda: metered(csms, at_least=2))
        csms.kill()
        await until(holds(lambda: not station.is_online))
        queued = station.queued
        await until(holds(lambda: station.queued >= queued + 2))
        station.swipe(TAG, 1)
        station.unplug(1)
        energy_wh = station.model.connectors[0].outlet.sample().energy_wh
        await csms.start()
        await until(holds(lambda: station.is_online and station.queued == 0))
        await check_measured(csms, energy_wh)
        assert station.counters.boots == 1  # CON-021, CON-023: a lost connection is no reason to boot
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


async def test_whatever_was_answered_to_many_busy_stations_survives_the_kill(csms: Csms) -> None:
    """Every answer is given after its commit: each start, meter value and stop that was answered is still there."""
    ledgers = [Ledger(f"BUSY{number}") for number in range(STATIONS)]
    enough = asyncio.Event()

    async def keep_charging(ledger: Ledger) -> None:
        async with ChargePoint(csms.ocpp_url, v16, identity=ledger.identity) as charger:
            await Cycle16(charger).boot()
            await ledger.charge_until_lost(charger)

    def count() -> None:
        if sum(len(ledger.started) + len(ledger.stopped) for ledger in ledgers) >= ANSWERED_BEFORE_THE_KILL:
            enough.set()

    for ledger in ledgers:
        ledger.on_answer = count
    charging = [asyncio.create_task(keep_charging(ledger)) for ledger in ledgers]
    await enough.wait()
    csms.kill()
    await asyncio.gather(*charging)
    await csms.start()
    for ledger in ledgers:
        await ledger.check(csms)


class Ledger:
    """What one station was answered, to be found again."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.started: dict[int, int] = {}  # transaction id -> meter reading at its start
        self.metered: dict[int, int] = {}
        self.stopped: dict[int, int] = {}
        self.on_answer: Callable[[], None] = lambda: None

    async def charge_until_lost(self, charger: ChargePoint) -> None:
        try:
            for cycle in range(1_000_000):
                await self._charge(charger, 1000 * cycle, NOON + timedelta(hours=cycle))
        except (ConnectionLost, NotConnected):
            return

    async def _charge(self, charger: ChargePoint, wh: int, at: datetime) -> None:
        id = (await charger.call(start_16(meter_start=wh, at=at))).transaction_id
        self.started[id] = wh
        self.on_answer()
        at += timedelta(minutes=10)
        await charger.call(replace_id(meter_16(wh + 300, at=at), id))
        self.metered[id] = wh + 300
        at += timedelta(minutes=10)
        await charger.call(stop_16(id, wh + 700, at=at))
        self.stopped[id] = wh + 700
        self.on_answer()

    async def check(self, csms: Csms) -> None:
        stored = {int(entry["transactionId"]): entry for entry in await transactions(csms, self.identity)}
        assert len(stored) - len(self.started) in {0, 1}  # the one whose answer was on its way
        for id, wh in self.started.items():
            assert stored[id]["meterStartWh"] == wh
        for id, wh in self.stopped.items():
            assert (stored[id]["state"], stored[id]["meterStopWh"], stored[id]["energyWh"]) == ("ended", wh, 700)
        async with csms.rest() as rest:
            for id, wh in self.metered.items():
                detail = (await rest.get(f"/transactions/{stored[id]['id']}")).json()
                assert wh in [point["energyWh"] for point in detail["meter"]]


def charge_point(csms: Csms, cycle_of: type[Cycle]) -> ChargePoint:
    return ChargePoint(csms.ocpp_url, cycle_of.version, identity="CP001", backoff=SOON)


async def run_cycle(cycle: Cycle) -> None:
    await cycle.begin()
    await cycle.meter(1, 1500)
    await cycle.end(4, 3000)


def kill_after_sending(charger: ChargePoint, csms: Csms, texts: tuple[str, ...]) -> asyncio.Future[None]:
    """Kill the CSMS as soon as the first frame that holds one of ``texts`` has left."""
    killed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def watch(event: Any) -> None:
        if not killed.done() and any(text.encode() in event.data for text in texts):
            csms.kill()
            killed.set_result(None)

    charger.subscribe(watch, FrameSent)
    return killed


async def transactions(csms: Csms, station: str = "CP001") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    async with csms.rest() as rest:
        while True:
            query = {"station": station, "limit": "50"} | ({"cursor": cursor} if cursor else {})
            page = (await rest.get("/transactions", params=query)).raise_for_status().json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found


async def check_cycle(csms: Csms, *, energies_wh: list[int]) -> None:
    """There is one transaction, with the energy that the station measured and each meter value once."""

    async def ended() -> list[dict[str, Any]]:
        found = await transactions(csms)
        return found if found and found[0]["state"] == "ended" else []

    (transaction,) = await until(ended)
    assert transaction["idToken"] == TAG
    assert (transaction["meterStartWh"], transaction["meterStopWh"], transaction["energyWh"]) == (1000, 3000, 2000)
    async with csms.rest() as rest:
        detail = (await rest.get(f"/transactions/{transaction['id']}")).json()
        stations = (await rest.get("/stations")).json()["items"]
    points = [point["energyWh"] for point in detail["meter"]]
    assert [wh for wh in points if wh not in {1000, 3000}] == energies_wh
    assert [station["identity"] for station in stations] == ["CP001"]


def holds(look: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def looked() -> bool:
        return look()

    return looked


async def metered(csms: Csms, *, at_least: int) -> bool:
    """Whether the open transaction has so many meter values."""
    found = await transactions(csms)
    if not found:
        return False
    async with csms.rest() as rest:
        detail = (await rest.get(f"/transactions/{found[0]['id']}")).json()
    return len(detail["meter"]) >= at_least


async def check_measured(csms: Csms, register_wh: int) -> None:
    """There is one transaction, ended with the station's own meter reading, on a curve that never falls or repeats."""
    (transaction,) = await transactions(csms)
    assert (transaction["state"], transaction["idToken"]) == ("ended", TAG)
    assert transaction["meterStopWh"] == register_wh
    assert transaction["energyWh"] == register_wh - transaction["meterStartWh"] > 0
    async with csms.rest() as rest:
        detail = (await rest.get(f"/transactions/{transaction['id']}")).json()
        station = (await rest.get("/stations/CP001")).json()
    readings = [point["energyWh"] for point in detail["meter"] if point["energyWh"] is not None]
    assert readings == sorted(readings)
    times = [point["at"] for point in detail["meter"]]
    assert len(set(times)) == len(times)
    assert station["connected"]
    assert station["connectors"][0]["transactionId"] is None


def start_16(*, meter_start: int, at: datetime) -> v16.StartTransaction:
    return v16.StartTransaction(connector_id=1, id_tag=TAG, meter_start=meter_start, timestamp=at)


def meter_16(energy_wh: int, *, at: datetime) -> v16.MeterValues:
    measurand = v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
    sample = v16.SampledValue(value=str(energy_wh), measurand=measurand, unit=v16.UnitOfMeasure.WH)
    return v16.MeterValues(connector_id=1, meter_value=[v16.MeterValue(timestamp=at, sampled_value=[sample])])


def stop_16(id: int, energy_wh: int, *, at: datetime) -> v16.StopTransaction:
    return v16.StopTransaction(transaction_id=id, meter_stop=energy_wh, timestamp=at, id_tag=TAG)


def replace_id(message: M, id: int) -> M:
    return msgspec.structs.replace(message, transaction_id=id)
