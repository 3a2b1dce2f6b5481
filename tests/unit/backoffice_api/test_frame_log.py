"""The memory of frames: what comes back, and when it says that something is gone."""

from __future__ import annotations

from datetime import UTC, datetime

from chargewire.backoffice.api.frame_log import FrameLog, Limits

AT = datetime(2026, 1, 1, tzinfo=UTC)


def log(**limits: int) -> FrameLog:
    return FrameLog("epoch", Limits(**limits))


def fill(frames: FrameLog, *stations: str, size: int = 1) -> None:
    for station in stations:
        frames.append(station, "in", b"x" * size, at=AT)


def numbers(frames: FrameLog, seq: int, stations: list[str] | None, **options: str) -> tuple[list[int], bool]:
    missed = frames.after(seq, stations, **options)
    return [frame.seq for frame in missed.frames], missed.gap


def test_frames_are_numbered_over_all_stations_and_come_back_in_order() -> None:
    frames = log()
    fill(frames, "A", "B", "A", "C")
    assert numbers(frames, 0, None) == ([1, 2, 3, 4], False)
    assert numbers(frames, 1, ["A", "B"]) == ([2, 3], False)
    assert numbers(frames, 4, None) == ([], False)


def test_a_full_ring_drops_the_oldest_and_owns_up_to_it() -> None:
    frames = log(frames_per_station=2)
    fill(frames, "A", "A", "A", "B")
    assert numbers(frames, 0, ["A"]) == ([2, 3], True)
    assert numbers(frames, 1, ["A"]) == ([2, 3], False)
    assert numbers(frames, 0, ["B"]) == ([4], False)


def test_big_frames_leave_less_room_for_others() -> None:
    frames = log(bytes_per_station=2500)
    fill(frames, "A", "A", "A", size=1000)
    assert numbers(frames, 0, ["A"]) == ([2, 3], True)


def test_a_frame_bigger_than_a_ring_is_not_kept() -> None:
    frames = log(bytes_per_station=500)
    fill(frames, "A", size=1000)
    assert numbers(frames, 0, ["A"]) == ([], True)
    assert frames.latest == 1


def test_the_longest_silent_station_makes_room_for_the_others() -> None:
    frames = log(bytes_in_all=4000)
    fill(frames, "A", "B", "A", "C", size=1000)
    assert numbers(frames, 0, ["A", "C"]) == ([1, 3, 4], False)
    assert numbers(frames, 0, ["B"]) == ([], True)
    assert numbers(frames, 2, ["B"]) == ([], False)
    assert numbers(frames, 1, None) == ([3, 4], True)


def test_a_station_that_comes_back_does_not_hide_what_it_lost() -> None:
    frames = log(bytes_in_all=2500)
    fill(frames, "A", "B", "B", "A", size=1000)
    assert numbers(frames, 0, ["A"]) == ([4], True)


def test_frames_of_an_earlier_process_are_a_gap_before_everything_kept() -> None:
    frames = log()
    fill(frames, "A", "A")
    assert numbers(frames, 2, ["A"], epoch="earlier") == ([1, 2], True)
    assert numbers(frames, 1, ["A"], epoch="epoch") == ([2], False)


def test_a_number_not_yet_given_out_is_a_gap() -> None:
    frames = log()
    fill(frames, "A")
    assert numbers(frames, 7, ["A"]) == ([], True)
