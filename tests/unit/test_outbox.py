"""Messages that must arrive (T16-004, T16-005, TX-019, TX-021)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.outbox import Entry, Outbox


def taken(outbox: Outbox, *, now: float = 0.0) -> Entry[Any]:
    entry = outbox.next(now)
    assert entry is not None
    return entry


def test_messages_leave_in_the_order_they_were_put() -> None:
    """T16-004."""
    outbox = Outbox()
    for name in ("start", "meter", "stop"):
        outbox.put(name)
    sent: list[str] = []
    while (entry := outbox.next(0.0)) is not None:
        sent.append(entry.message)
        outbox.delivered(entry)
    assert sent == ["start", "meter", "stop"]
    assert len(outbox) == 0


def test_a_message_waits_until_the_one_before_is_answered() -> None:
    """T16-004."""
    outbox = Outbox()
    outbox.put("start")
    outbox.put("stop")
    start = taken(outbox)
    assert outbox.next(1e9) is None
    assert outbox.deadline() is None
    outbox.delivered(start)
    assert taken(outbox).message == "stop"


def test_the_wait_grows_with_each_send_and_the_last_failure_discards() -> None:
    """T16-005, TX-021: 3 attempts and 60 s wait 60, then 120, then go on."""
    outbox = Outbox(attempts=3, retry_interval=60)
    outbox.put("start")
    outbox.put("stop")
    assert outbox.failed(taken(outbox, now=0), 0) is False
    assert outbox.deadline() == 60
    assert outbox.next(59.9) is None
    assert outbox.failed(taken(outbox, now=60), 60) is False
    assert outbox.deadline() == 180
    assert outbox.failed(taken(outbox, now=180), 180) is True
    assert taken(outbox, now=180).message == "stop"


def test_changed_settings_bind_the_next_failure() -> None:
    """T16-005: both keys are writable while messages wait."""
    outbox = Outbox(attempts=1)
    outbox.put("start")
    outbox.attempts, outbox.retry_interval = 2, 5
    assert outbox.failed(taken(outbox), 0) is False
    assert outbox.deadline() == 5


def test_a_lost_link_does_not_use_up_an_attempt() -> None:
    """T16-004: a message queued while offline is delivered when the link is back, however often it broke."""
    outbox = Outbox(attempts=1)
    outbox.put("start")
    for _ in range(5):
        outbox.interrupted(taken(outbox))
    assert taken(outbox).sends == 1


def test_nothing_leaves_while_held() -> None:
    """BOOT-001: queued messages wait for the accepted BootNotification as well."""
    outbox = Outbox()
    outbox.put("stop")
    outbox.hold()
    assert outbox.is_held
    assert outbox.next(0) is None
    assert outbox.deadline() is None
    outbox.release()
    assert taken(outbox).message == "stop"


def test_an_answer_is_accepted_while_held() -> None:
    outbox = Outbox()
    outbox.put("stop")
    entry = taken(outbox)
    outbox.hold()
    outbox.delivered(entry)
    assert len(outbox) == 0


def test_a_message_is_revised_before_each_attempt_from_its_original() -> None:
    """T16-006: the transaction id that came with the start is filled into what was queued before it was known."""
    known = {"id": -1}
    outbox = Outbox()
    outbox.put("stop ", revise=lambda message: f"{message}{known['id']}")
    entry = taken(outbox)
    assert entry.message == "stop -1"
    outbox.interrupted(entry)
    known["id"] = 42
    assert taken(outbox).message == "stop 42"


def test_a_failing_revision_leaves_the_message_in_place() -> None:
    def revise(message: str) -> str:
        raise LookupError(message)

    outbox = Outbox()
    outbox.put("stop", revise=revise)
    for _ in range(2):
        with pytest.raises(LookupError):
            outbox.next(0)
    assert [entry.sends for entry in outbox.entries()] == [0]


@pytest.mark.parametrize("report", ["delivered", "failed", "interrupted"])
def test_only_the_message_in_flight_can_have_a_fate(report: str) -> None:
    outbox = Outbox()
    first, second = outbox.put("first"), outbox.put("second")
    arguments = (0.0,) if report == "failed" else ()
    with pytest.raises(ValueError, match=r"key=1.*not in flight"):
        getattr(outbox, report)(first, *arguments)
    taken(outbox)
    with pytest.raises(ValueError, match=r"key=2.*not in flight"):
        getattr(outbox, report)(second, *arguments)


def test_an_entry_shows_itself_without_its_payload() -> None:
    entry = Outbox().put("tag 04A2B3")
    assert repr(entry) == "Entry(key=1, message=str, sends=0)"


@given(
    attempts=st.integers(1, 4),
    fates=st.lists(st.sampled_from(["put", "deliver", "fail", "interrupt", "hold", "release"]), max_size=120),
)
def test_order_is_kept_and_each_message_ends_once(attempts: int, fates: list[str]) -> None:
    """T16-004, T16-005, TX-019."""
    outbox = Outbox(attempts=attempts, retry_interval=1)
    now = 0.0
    ended: list[int] = []
    failures: dict[int, int] = {}
    for number, fate in enumerate([*fates, "release"]):
        match fate:
            case "put":
                outbox.put(number)
            case "hold":
                outbox.hold()
            case "release":
                outbox.release()
            case _:
                now = max(now, outbox.deadline() or now)
                entry = outbox.next(now)
                if entry is None:
                    continue
                assert outbox.next(now) is None
                match fate:
                    case "deliver":
                        outbox.delivered(entry)
                        ended.append(entry.key)
                    case "interrupt":
                        outbox.interrupted(entry)
                    case _:
                        failures[entry.key] = failures.get(entry.key, 0) + 1
                        if outbox.failed(entry, now):
                            ended.append(entry.key)
    assert ended == list(range(1, len(ended) + 1))
    assert [entry.key for entry in outbox.entries()] == list(range(len(ended) + 1, len(ended) + len(outbox) + 1))
    assert all(count <= attempts for count in failures.values())


class Shelf:
    """A store in memory: what it was told, and what would be found after a restart."""

    def __init__(self, *entries: Entry[Any]) -> None:
        self.rows = {entry.key: (entry.message, entry.sends) for entry in entries}
        self.is_full = False

    def load(self) -> list[Entry[Any]]:
        return [Entry(key, message, None, message, sends) for key, (message, sends) in self.rows.items()]

    def add(self, entry: Entry[Any]) -> None:
        if self.is_full:
            raise OSError("full")
        self.rows[entry.key] = (entry.message, entry.sends)

    def update(self, entry: Entry[Any], *, sends: int) -> None:
        self.rows[entry.key] = (entry.message, sends)

    def remove(self, entry: Entry[Any]) -> None:
        del self.rows[entry.key]


def test_what_was_stored_is_delivered_first_with_its_attempts_counted() -> None:
    """T16-004, T16-005."""
    outbox = Outbox(attempts=2, store=(shelf := Shelf(Entry(7, "start", None, "start", sends=1))))
    outbox.put("stop")
    assert outbox.failed(taken(outbox), 0.0) is True
    entry = taken(outbox)
    assert (entry.key, entry.message) == (8, "stop")
    outbox.delivered(entry)
    assert shelf.rows == {}


def test_an_attempt_is_stored_once_it_has_failed() -> None:
    outbox = Outbox(store=(shelf := Shelf()))
    outbox.put("stop")
    outbox.interrupted(taken(outbox))
    assert shelf.rows == {1: ("stop", 0)}
    outbox.failed(taken(outbox), 0.0)
    assert shelf.rows == {1: ("stop", 1)}


def test_a_revised_message_is_stored_before_it_leaves() -> None:
    """T16-006."""
    outbox = Outbox(store=(shelf := Shelf()))
    outbox.put("stop -1", revise=lambda _: "stop 42")
    taken(outbox)
    assert shelf.rows == {1: ("stop 42", 0)}


def test_a_stored_message_gets_its_revision_back() -> None:
    outbox = Outbox(store=Shelf(Entry(1, "stop -1", None, "stop -1")))
    outbox.revise(outbox.entries()[0], lambda _: "stop 42")
    assert taken(outbox).message == "stop 42"


def test_what_cannot_be_stored_is_not_accepted() -> None:
    outbox = Outbox(store=(shelf := Shelf()))
    shelf.is_full = True
    with pytest.raises(OSError, match="full"):
        outbox.put("stop")
    assert len(outbox) == 0
    shelf.is_full = False
    assert outbox.put("stop").key == 1
