"""An outbox in a file: what a charge point has accepted for delivery survives the end of its process (T16-004)."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from support.library import NOW, new_charge_point, new_csms

from chargewire import CallRejected, InvalidPayload, Outbox, SqliteOutboxStore, Station, Timeouts, v16, v201
from chargewire.messages import Message

# A process that accepts three messages, and says so once the first of them has been refused.
STATION = """
import asyncio, sys
from datetime import UTC, datetime
from chargewire import ChargePoint, Outbox, SqliteOutboxStore, v16

async def main(port, path):
    outbox = Outbox(retry_interval=60, store=SqliteOutboxStore(path, v16))
    charge_point = ChargePoint(f"ws://127.0.0.1:{port}", v16, identity="CP001", outbox=outbox)
    charge_point.start()
    for number in (1, 2, 3):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        charge_point.deliver(
            v16.StopTransaction(transaction_id=-1, meter_stop=1, timestamp=now),
            revise=lambda stop, number=number: v16.StopTransaction(
                transaction_id=number, meter_stop=stop.meter_stop, timestamp=stop.timestamp
            ),
        )
    while outbox.entries()[0].not_before < 0:
        await asyncio.sleep(0.01)
    print("refused once", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


def stop(transaction_id: int) -> v16.StopTransaction:
    return v16.StopTransaction(transaction_id=transaction_id, meter_stop=1, timestamp=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cp001.outbox"


def contents(path: Path, *versions: Any) -> list[tuple[int, Message, int]]:
    with SqliteOutboxStore(path, *(versions or (v16, v201))) as store:
        return [(entry.key, entry.message, entry.sends) for entry in store.load()]


async def test_what_was_accepted_is_delivered_in_order_after_kill_9_with_its_attempts_counted(path: Path) -> None:
    """T16-004, T16-005: of two attempts one was used up before the process was killed."""
    stopped: list[int] = []
    csms = new_csms(timeouts=Timeouts(close=0.5))

    @csms.on(v16.StopTransaction)
    async def refuse_the_first(station: Station[str], request: v16.StopTransaction) -> v16.StopTransactionResponse:
        stopped.append(request.transaction_id)
        if request.transaction_id == 1:
            raise CallRejected("InternalError")
        return v16.StopTransactionResponse()

    async with csms.serve("127.0.0.1", 0) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STATION, str(server.port), str(path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"refused once\n"
        process.kill()
        await process.wait()
        assert contents(path) == [(1, stop(1), 1), (2, stop(-1), 0), (3, stop(-1), 0)]

        with SqliteOutboxStore(path, v16) as store:
            outbox = Outbox(attempts=2, store=store)
            charge_point = new_charge_point(server.port, outbox=outbox)
            first, second, third = outbox.entries()
            given_up = charge_point.resume_delivery(first)
            charge_point.resume_delivery(second, revise=lambda _: stop(2))
            answer = charge_point.resume_delivery(third, revise=lambda _: stop(3))
            async with charge_point:
                last = charge_point.deliver(stop(4))
                assert await answer == v16.StopTransactionResponse()
                await last
                with pytest.raises(CallRejected):
                    await given_up
    assert stopped == [1, 1, 2, 3, 4]
    assert contents(path) == []


def test_a_message_is_stored_as_its_latest_attempt_had_it(path: Path) -> None:
    """A stop that was once sent with its transaction's id must not go back to -1 (T16-006)."""
    with SqliteOutboxStore(path, v16) as store:
        outbox = Outbox(store=store)
        outbox.put(stop(-1), revise=lambda _: stop(42))
        outbox.put(stop(-1), revise=lambda _: stop(43))
        assert outbox.next(0.0) is not None
    assert contents(path) == [(1, stop(42), 0), (2, stop(-1), 0)]


def test_messages_of_several_versions_come_back_as_what_they_were(path: Path) -> None:
    event = v201.TransactionEvent(
        event_type=v201.TransactionEventEnumType.STARTED,
        timestamp=NOW,
        trigger_reason=v201.TriggerReasonEnumType.CABLE_PLUGGED_IN,
        seq_no=0,
        transaction_info=v201.TransactionType(transaction_id="t-ä"),
    )
    with SqliteOutboxStore(path, v16, v201) as store:
        outbox = Outbox(store=store)
        outbox.put(stop(1))
        outbox.put(event)
    with SqliteOutboxStore(path, v16, v201) as store:
        outbox = Outbox(store=store)
        assert [entry.original for entry in outbox.entries()] == [stop(1), event]
        assert outbox.put(stop(2)).key == 3


def test_what_cannot_be_stored_is_not_accepted(path: Path) -> None:
    with SqliteOutboxStore(path, v16) as store:
        outbox = Outbox(store=store)
        with pytest.raises(InvalidPayload, match="transactionId"):
            outbox.put(stop("one"))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"Heartbeat is no request of ocpp1\.6"):
            outbox.put(v201.Heartbeat())
        store.close()
        with pytest.raises(OSError, match=r"cp001\.outbox: "):
            outbox.put(stop(1))
        assert len(outbox) == 0


def test_a_file_that_fails_later_is_logged_and_stops_no_delivery(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with SqliteOutboxStore(path, v16) as store:
        outbox = Outbox(store=store)
        outbox.put(stop(-1), revise=lambda _: stop(7))
    entry = outbox.next(0.0)
    assert entry is not None
    outbox.delivered(entry)
    assert [record.getMessage().partition(": Entry(")[2][:28] for record in caplog.records] == [
        "key=1, message=StopTransacti",
        "key=1, message=StopTransacti",
    ]
    assert contents(path) == [(1, stop(-1), 0)]


def test_a_file_has_one_process_at_a_time(path: Path) -> None:
    with SqliteOutboxStore(path, v16), pytest.raises(OSError, match="locked"):
        SqliteOutboxStore(path, v16)


def test_a_message_of_a_version_that_is_not_named_is_not_passed_over(path: Path) -> None:
    with SqliteOutboxStore(path, v201) as store:
        Outbox(store=store).put(v201.Heartbeat())
    with (
        SqliteOutboxStore(path, v16) as store,
        pytest.raises(ValueError, match=r"^versions: .*Heartbeat of ocpp2\.0\.1"),
    ):
        Outbox(store=store)


def test_a_file_that_is_something_else_is_refused_and_left_alone(path: Path, tmp_path: Path) -> None:
    path.write_text("a letter to the editor, and no database at all" * 20)
    with pytest.raises(ValueError, match=r"^path: .*is no outbox"):
        SqliteOutboxStore(path, v16)
    other = tmp_path / "chargewire.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE station (identity TEXT)")
    database.close()
    with pytest.raises(ValueError, match=r"^path: .*is no outbox"):
        SqliteOutboxStore(other, v16)
    with pytest.raises(OSError, match="unable to open"):
        SqliteOutboxStore(tmp_path / "missing" / "cp001.outbox", v16)
    with pytest.raises(ValueError, match=r"^versions: "):
        SqliteOutboxStore(path)


def test_a_file_of_a_newer_release_is_refused(path: Path) -> None:
    SqliteOutboxStore(path, v16).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(ValueError, match="newer chargewire"):
        SqliteOutboxStore(path, v16)


def test_a_damaged_message_is_named(path: Path) -> None:
    with SqliteOutboxStore(path, v16) as store:
        Outbox(store=store).put(stop(1))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE delivery SET payload = '{}'")
    database.close()
    with SqliteOutboxStore(path, v16) as store, pytest.raises(ValueError, match="delivery 1, StopTransaction: "):
        Outbox(store=store)
