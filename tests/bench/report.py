"""Figures of several rounds to medians, ratios and the budget; to the terminal and to Markdown. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from .contestants import ECHO, OCPP, OCPP_WS_IO, OURS

ACTIONS = ("MeterValues", "Heartbeat")
BUDGET_CONNECTIONS = (100, 3000)
MAX_CPU_US = 15.0
MAX_RSS_KIB = 14.0
MIN_TIMES_OCPP_WS_IO = 2.0
MIN_TIMES_OCPP = 30.0
MAX_TIMES_ECHO = 2.0
MAX_GROWTH = 1.5  # "flat": what caches cost at 10 000 connections, and noise, but nothing that grows with their number
HEADINGS = (
    "server",
    "connections",
    "calls/s",
    "vs ours",
    "CPU µs/call",
    "vs ours",
    "p50 ms",
    "p99 ms",
    "KiB/connection",
)
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
PREFACE = (
    "Medians of the rounds, with the lowest and the highest figure in brackets. Written by `make bench`; do not edit."
)


@dataclass(frozen=True)
class Cell:
    """One contestant at one number of connections: a list of figures, one for each round."""

    contestant: str
    connections: int
    rss_kib: Sequence[float]
    figures: Mapping[str, Sequence[Mapping[str, float]]]  # by action

    def median(self, action: str, figure: str) -> float:
        return median(values[figure] for values in self.figures[action])

    def spread(self, action: str, figure: str) -> tuple[float, float]:
        values = [values[figure] for values in self.figures[action]]
        return min(values), max(values)


@dataclass(frozen=True)
class Verdict:
    """One line of the budget: what was promised, what was measured; ``holds`` is None where nothing was."""

    promise: str
    measured: str
    holds: bool | None

    def __str__(self) -> str:
        word = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}[self.holds]
        return f"{word}: {self.promise}" + (f" ({self.measured})" if self.measured else "")


class Results:
    """All cells of a run, found by contestant and number of connections."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self._found = {(cell.contestant, cell.connections): cell for cell in cells}

    def find(self, contestant: str, connections: int) -> Cell | None:
        return self._found.get((contestant, connections))

    def ratio(self, cell: Cell, action: str, figure: str) -> float | None:
        """Return ``cell``'s figure as a multiple of ours at the same number of connections."""
        ours = self.find(OURS.name, cell.connections)
        return cell.median(action, figure) / ours.median(action, figure) if ours else None


def budget(results: Results) -> list[Verdict]:
    """Hold the medians of MeterValues against the budget, line by line."""
    verdicts: list[Verdict] = []
    for connections in BUDGET_CONNECTIONS:
        verdicts += _at(results, connections)
    largest = max(BUDGET_CONNECTIONS)
    ours = results.find(OURS.name, largest)
    rss = median(ours.rss_kib) if ours else None
    verdicts.append(
        _at_most(f"at most {MAX_RSS_KIB:g} KiB for an idle connection of {largest}", rss, MAX_RSS_KIB, "KiB")
    )
    verdicts.append(
        _at_most(
            f"cost of a call grows at most {MAX_GROWTH:g}x from 100 to 10000 connections",
            _growth(results),
            MAX_GROWTH,
            "x",
        )
    )
    return verdicts


def table(results: Results, action: str) -> list[tuple[str, ...]]:
    """Lay out one action: a row for each cell, medians with the spread of CPU and rate."""
    return [HEADINGS, *(_row(results, cell, action) for cell in results.cells)]


def plain(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    head, *body = rows
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def section(results: Results, machine: Mapping[str, str], remarks: Sequence[str]) -> str:
    """Write the part of the documentation that the run is told in."""
    return "\n".join(_section(results, machine, remarks)) + "\n"


def replaced(page: str, new: str) -> str:
    """Return ``page`` with ``new`` between its two marks.

    Raises:
        ValueError: it has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{new}{END}{after}"


def _section(results: Results, machine: Mapping[str, str], remarks: Sequence[str]) -> Iterator[str]:
    yield from (PREFACE, "")
    yield from (f"- {name}: {value}" for name, value in machine.items())
    for action in ACTIONS:
        yield from ("", f"### {action}", "", markdown(table(results, action)))
    yield from ("", "### The budget, checked", "")
    yield from (f"- {verdict}" for verdict in budget(results))
    yield from ("", *(f"Remark. {remark}" for remark in remarks)) if remarks else ()


def _row(results: Results, cell: Cell, action: str) -> tuple[str, ...]:
    return (
        cell.contestant,
        str(cell.connections),
        _with_spread(cell, action, "calls_per_s", ",.0f"),
        _times(results.ratio(cell, action, "calls_per_s")),
        _with_spread(cell, action, "cpu_us", ".1f"),
        _times(results.ratio(cell, action, "cpu_us")),
        f"{cell.median(action, 'p50_ms'):.2f}",
        f"{cell.median(action, 'p99_ms'):.2f}",
        f"{median(cell.rss_kib):.1f}" if cell.connections >= max(BUDGET_CONNECTIONS) else "",
    )


def _with_spread(cell: Cell, action: str, figure: str, form: str) -> str:
    low, high = cell.spread(action, figure)
    middle = f"{cell.median(action, figure):{form}}"
    return middle if low == high else f"{middle} ({low:{form}}-{high:{form}})"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}x"


def _at(results: Results, connections: int) -> list[Verdict]:
    ours = results.find(OURS.name, connections)
    cpu_us = ours.median("MeterValues", "cpu_us") if ours else None
    at = f"at {connections} connections"
    ws_io, ocpp = (_advantage(results, name, connections) for name in (OCPP_WS_IO, OCPP.name))
    echo = results.find(ECHO.name, connections)
    overhead = cpu_us / echo.median("MeterValues", "cpu_us") if cpu_us is not None and echo else None
    return [
        _at_most(f"at most {MAX_CPU_US:g} µs CPU a call {at}", cpu_us, MAX_CPU_US, "µs"),
        _at_most(f"at most {MAX_TIMES_ECHO:g}x the CPU of the echo {at}", overhead, MAX_TIMES_ECHO, "x"),
        _at_least(f"at least {MIN_TIMES_OCPP_WS_IO:g}x the calls/s of {OCPP_WS_IO} {at}", ws_io, MIN_TIMES_OCPP_WS_IO),
        _at_least(f"at least {MIN_TIMES_OCPP:g}x the calls/s of {OCPP.name} {at}", ocpp, MIN_TIMES_OCPP),
    ]


def _advantage(results: Results, contestant: str, connections: int) -> float | None:
    cell = results.find(contestant, connections)
    ratio = results.ratio(cell, "MeterValues", "calls_per_s") if cell else None
    return 1 / ratio if ratio else None


def _growth(results: Results) -> float | None:
    few, many = (results.find(OURS.name, connections) for connections in (100, 10_000))
    return many.median("MeterValues", "cpu_us") / few.median("MeterValues", "cpu_us") if few and many else None


def _at_most(promise: str, measured: float | None, limit: float, unit: str) -> Verdict:
    if measured is None:
        return Verdict(promise, "", holds=None)
    over = measured / limit - 1
    return Verdict(promise, f"{measured:.1f} {unit}, {_percent(over, 'over', 'under')}", holds=over <= 0)


def _at_least(promise: str, measured: float | None, limit: float) -> Verdict:
    if measured is None:
        return Verdict(promise, "", holds=None)
    over = measured / limit - 1
    return Verdict(promise, f"{measured:.1f}x, {_percent(over, 'over', 'under')}", holds=over >= 0)


def _percent(over: float, above: str, below: str) -> str:
    return f"{abs(over):.0%} {above if over > 0 else below} the limit"
