"""What a browser is sent: everything that was committed after its cursor, in order, once."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chargewire.backoffice.api.feed import MAX_WAITING_FRAMES, Feed
from chargewire.backoffice.api.frame_log import Frame
from chargewire.backoffice.domain import OutboxEvent

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(cursor: int, station: str = "A") -> OutboxEvent:
    return OutboxEvent(cursor, AT, station, "station.heartbeat", {})


def frame(seq: int, station: str = "A") -> Frame:
    return Frame(seq, AT, station, "in", b"")


def feed(**options: object) -> Feed:
    return Feed(**{"stations": None, "wants_frames": True, "cursor": 0, **options})  # type: ignore[arg-type]


def caught_up(**options: object) -> Feed:
    result = feed(**options)
    assert result.replay([], is_last=True) == []
    assert not result.is_behind
    return result


def test_a_new_feed_reads_the_store_first() -> None:
    browser = feed(cursor=3)
    assert browser.is_behind
    assert browser.replay([event(4), event(5)], is_last=True) == [event(4), event(5)]
    assert not browser.is_behind
    assert browser.cursor == 5


def test_an_event_committed_while_a_page_was_read_makes_it_read_on() -> None:
    browser = feed()
    browser.offer([event(2)])
    assert browser.replay([event(1)], is_last=True) == [event(1)]
    assert browser.is_behind
    assert browser.replay([event(2)], is_last=True) == [event(2)]
    assert not browser.is_behind


def test_an_event_told_after_the_page_that_had_it_is_not_sent_again() -> None:
    browser = feed()
    assert browser.replay([event(1)], is_last=True) == [event(1)]
    assert not browser.offer([event(1)])
    assert browser.take_events(10) == []


def test_events_of_other_stations_are_left_out() -> None:
    browser = caught_up(stations=["A"])
    assert not browser.offer([event(1, "B")])
    assert browser.offer([event(2, "B"), event(3, "A")])
    assert browser.take_events(10) == [event(3)]


def test_a_slow_browser_falls_back_to_the_store() -> None:
    browser = caught_up(max_events=2)
    browser.offer([event(1), event(2)])
    browser.offer([event(3)])
    assert browser.is_behind
    assert browser.take_events(10) == []
    assert browser.replay([event(1), event(2), event(3)], is_last=True) == [event(1), event(2), event(3)]
    assert not browser.is_behind


def test_a_slow_browser_loses_the_oldest_frames_and_hears_of_it() -> None:
    browser = caught_up()
    for seq in range(1, MAX_WAITING_FRAMES + 3):
        browser.offer_frame(frame(seq))
    assert browser.has_gap
    taken = browser.take_frames(MAX_WAITING_FRAMES)
    assert [taken[0].seq, taken[-1].seq] == [3, MAX_WAITING_FRAMES + 2]
    assert not browser.has_gap
    assert not browser.has_work


def test_frames_are_wanted_by_station_and_on_request() -> None:
    assert feed(stations=["A"]).wants_frame(frame(1, "A"))
    assert not feed(stations=["A"]).wants_frame(frame(1, "B"))
    assert not feed(wants_frames=False).wants_frame(frame(1))


@given(st.lists(st.integers(1, 5)), st.integers(1, 4))
def test_frames_leave_in_order(counts: list[int], limit: int) -> None:
    browser = caught_up()
    total = sum(counts)
    for seq in range(1, total + 1):
        browser.offer_frame(frame(seq))
    taken: list[int] = []
    while browser.has_work:
        taken += [each.seq for each in browser.take_frames(limit)]
    assert taken == list(range(1, total + 1))


class Following(RuleBasedStateMachine):
    """Commits, late callbacks, pages that are old when they arrive, and a browser that reads when it can."""

    def __init__(self) -> None:
        super().__init__()
        self.committed: list[OutboxEvent] = []
        self.told = 0
        self.page: tuple[list[OutboxEvent], bool] | None = None
        self.sent: list[OutboxEvent] = []

    @initialize(past=st.integers(0, 5), start=st.integers(0, 5), stations=st.sampled_from([None, ["A"], ["A", "B"]]))
    def subscribe(self, past: int, start: int, stations: list[str] | None) -> None:
        self.committed = [event(cursor, "AB"[cursor % 2]) for cursor in range(1, past + 1)]
        self.told = past
        self.start = min(start, past)
        self.feed = feed(cursor=self.start, stations=stations, max_events=3)

    @rule(station=st.sampled_from("ABC"))
    def commit(self, station: str) -> None:
        self.committed.append(event(len(self.committed) + 1, station))

    @rule(count=st.integers(1, 4))
    def tell(self, count: int) -> None:
        events = self.committed[self.told : self.told + count]
        self.told += len(events)
        self.feed.offer(events)

    @precondition(lambda self: self.feed.is_behind and self.page is None)
    @rule(limit=st.integers(1, 3))
    def read_page(self, limit: int) -> None:
        wanted = [each for each in self.committed if each.cursor > self.feed.cursor and self.feed.wants(each.station)]
        self.page = (wanted[:limit], len(wanted) < limit)

    @precondition(lambda self: self.page is not None)
    @rule()
    def receive_page(self) -> None:
        assert self.page is not None
        events, is_last = self.page
        self.page = None
        self.sent += self.feed.replay(events, is_last=is_last)

    @precondition(lambda self: not self.feed.is_behind)
    @rule(limit=st.integers(1, 3))
    def take(self, limit: int) -> None:
        self.sent += self.feed.take_events(limit)

    def teardown(self) -> None:
        if not hasattr(self, "feed"):
            return
        self.tell(len(self.committed))
        while self.feed.has_work:
            if self.feed.is_behind:
                if self.page is None:
                    self.read_page(2)
                self.receive_page()
            else:
                self.take(2)
        wanted = [each for each in self.committed if each.cursor > self.start and self.feed.wants(each.station)]
        assert self.sent == wanted


TestFollowing = Following.TestCase
