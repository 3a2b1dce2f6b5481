"""The benchmark itself still runs, and its report says what was measured. No figure is judged here."""

from __future__ import annotations

import pytest

from bench import machine, report
from bench.__main__ import PAGE, Plan, Run, execute
from bench.contestants import ECHO, OCPP, OURS, Contestant


def figures(calls_per_s: float, cpu_us: float) -> dict[str, float]:
    return {"calls_per_s": calls_per_s, "cpu_us": cpu_us, "generator_cpu_us": 5.0, "p50_ms": 1.0, "p99_ms": 2.0}


def cell(name: str, connections: int, *measured: tuple[float, float], rss_kib: float = 10.0) -> report.Cell:
    rounds = [figures(*values) for values in measured]
    return report.Cell(name, connections, [rss_kib] * len(rounds), dict.fromkeys(report.ACTIONS, rounds))


def verdict(results: report.Results, beginning: str) -> str:
    return next(str(line) for line in report.budget(results) if line.promise.startswith(beginning))


async def test_a_short_run_measures_every_contestant() -> None:
    run = Run()
    execute(Plan([OURS, ECHO, OCPP], (2,), None, rounds=1, window=0.1, warm_up=0.05), run)
    assert not run.remarks
    text = report.section(run.results(), machine.describe(), run.remarks)
    for contestant in (OURS, ECHO, OCPP):
        assert f"| {contestant.name} | 2 |" in text


def test_a_contestant_that_does_not_start_is_named_and_the_others_go_on() -> None:
    run = Run()
    broken = Contestant("broken", ("false",))
    execute(Plan([broken, ECHO], (1,), None, rounds=2, window=0.05, warm_up=0.0), run)
    (remark,) = run.remarks
    assert remark.startswith("broken took no further part: broken did not start")
    assert [cell.contestant for cell in run.results().cells] == [ECHO.name]


def test_the_page_keeps_what_is_around_the_marks() -> None:
    page = f"# Title\n{report.BEGIN}\nold\n{report.END}\n## More\n"
    assert report.replaced(page, "new\n") == f"# Title\n{report.BEGIN}\nnew\n{report.END}\n## More\n"


def test_the_page_of_the_documentation_has_the_marks() -> None:
    assert report.BEGIN in report.replaced(PAGE.read_text(encoding="utf-8"), "")


def test_the_median_of_the_rounds_is_held_against_the_budget() -> None:
    results = report.Results([cell(OURS.name, 100, (90_000, 10), (100_000, 12), (10_000, 90))])
    assert (
        verdict(results, "at most 15 µs")
        == "holds: at most 15 µs CPU a call at 100 connections (12.0 µs, 20% under the limit)"
    )


def test_a_broken_promise_says_by_how_much() -> None:
    results = report.Results([cell(OURS.name, 3000, (50_000, 18), rss_kib=21)])
    assert verdict(results, "at most 15 µs CPU a call at 3000").endswith("(18.0 µs, 20% over the limit)")
    assert verdict(results, "at most 14 KiB").startswith("DOES NOT HOLD")


def test_ratios_are_taken_at_the_same_number_of_connections() -> None:
    results = report.Results([cell(OURS.name, 100, (100_000, 10)), cell(OCPP.name, 100, (2_000, 500))])
    assert verdict(results, "at least 30x").startswith("holds: at least 30x the calls/s of ocpp + websockets at 100")
    assert "50.0x" in verdict(results, "at least 30x")


@pytest.mark.parametrize("promise", ["at most 2x the CPU of the echo", "at least 2x the calls/s of ocpp-ws-io"])
def test_what_was_not_measured_is_not_claimed(promise: str) -> None:
    results = report.Results([cell(OURS.name, 100, (100_000, 10))])
    assert verdict(results, promise).startswith("not measured")
