"""Run the benchmark: every contestant at every number of connections, several rounds, then tables and the budget."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from . import machine, report
from .contestants import (
    ECHO,
    OCPP,
    OCPP_WS_IO,
    OURS,
    ROOT,
    Contestant,
    NotTakingPartError,
    node_contestant,
    raise_open_files,
    running,
)

PAGE = ROOT / "docs" / "explanation" / "performance.md"
SIZES = (1, 100, 3000)
LARGEST = 10_000  # ours alone: the cost of a call must not grow with the number of connections
SPARE_FILES = 100
GENERATOR_TIMEOUT = 120


@dataclass(frozen=True)
class Plan:
    """What to run."""

    contestants: Sequence[Contestant]
    sizes: Sequence[int]
    largest: int | None
    rounds: int
    window: float
    warm_up: float


@dataclass
class Run:
    """What came out, by contestant and size; and what has to be said about it."""

    measured: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    remarks: list[str] = field(default_factory=list)

    def results(self) -> report.Results:
        return report.Results([_cell(name, size, rounds) for (name, size), rounds in self.measured.items()])


def main() -> None:
    arguments = _arguments()
    run = Run()
    plan = _plan(arguments, run)
    description = machine.describe() | {"load before the run": machine.load_average()}
    started = monotonic()
    execute(plan, run)
    description["run"] = f"{plan.rounds} rounds of {plan.window:g} s a figure, {monotonic() - started:.0f} s in all"
    show(run, description)
    if arguments.page is not None:
        section = report.section(run.results(), description, run.remarks)
        page = report.replaced(arguments.page.read_text(encoding="utf-8"), section)
        arguments.page.write_text(page, encoding="utf-8")
        print(f"\nWritten to {arguments.page}")


def execute(plan: Plan, run: Run) -> None:
    """Measure all cells, round by round, so that a disturbance meets every contestant alike."""
    out_of_the_race: set[str] = set()
    for number in range(1, plan.rounds + 1):
        for size, contestant in _cells(plan):
            if contestant.name in out_of_the_race:
                continue
            print(f"round {number}/{plan.rounds}: {contestant.name}, {size} connections", file=sys.stderr, flush=True)
            try:
                run.measured[contestant.name, size].append(measure(contestant, size, plan))
            except NotTakingPartError as missing:
                del run.measured[contestant.name, size]
                out_of_the_race.add(contestant.name)
                run.remarks.append(f"{contestant.name} took no further part: {missing}")


def measure(contestant: Contestant, connections: int, plan: Plan) -> dict[str, Any]:
    """Start a fresh server, put the load on it from another process, and return what that process tells.

    Raises:
        NotTakingPartError: the server did not start, or did not bear the load.
    """
    with running(contestant) as server:
        command = [sys.executable, "-m", "tests.bench.generator"]
        command += ["--port", str(server.port), "--pid", str(server.pid), "--connections", str(connections)]
        command += ["--window", str(plan.window), "--warm-up", str(plan.warm_up)]
        command += ["--echo"] if contestant.is_echo else []
        try:
            finished = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=GENERATOR_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NotTakingPartError(f"no figures within {GENERATOR_TIMEOUT} s at {connections} connections") from error
    if finished.returncode != 0:
        raise NotTakingPartError(f"at {connections} connections: {finished.stderr.strip().splitlines()[-1]}")
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures


def show(run: Run, description: dict[str, str]) -> None:
    results = run.results()
    for name, value in description.items():
        print(f"{name}: {value}")
    for action in report.ACTIONS:
        print(f"\n{action}\n{report.plain(report.table(results, action))}")
    print("\nBudget")
    for verdict in report.budget(results):
        print(f"  {verdict}")
    for remark in run.remarks:
        print(f"\n{remark}")


def _cells(plan: Plan) -> list[tuple[int, Contestant]]:
    cells = [(size, contestant) for size in plan.sizes for contestant in plan.contestants]
    if plan.largest is not None:
        cells.append((plan.largest, OURS))
    return cells


def _cell(contestant: str, connections: int, rounds: Sequence[dict[str, Any]]) -> report.Cell:
    rss_kib = [figures["rss_kib_per_connection"] for figures in rounds]
    by_action = {action: [figures["actions"][action] for figures in rounds] for action in report.ACTIONS}
    return report.Cell(contestant, connections, rss_kib, by_action)


def _plan(arguments: argparse.Namespace, run: Run) -> Plan:
    contestants = [OURS, ECHO, OCPP]
    try:
        node = node_contestant()
    except NotTakingPartError as missing:
        run.remarks.append(f"{OCPP_WS_IO} takes no part: {missing}")
    else:
        contestants.append(node)
        run.remarks += [f"{node.name}: {node.remark}"] if node.remark else []
    sizes = _bearable((*SIZES, LARGEST), run)
    most = LARGEST if LARGEST in sizes else None
    sizes = [size for size in sizes if size != LARGEST]
    if arguments.quick:
        return Plan(contestants, sizes, None, rounds=1, window=1.0, warm_up=0.3)
    return Plan(contestants, sizes, most, arguments.rounds, arguments.window, warm_up=0.5)


def _bearable(sizes: Sequence[int], run: Run) -> list[int]:
    """Leave out what needs more sockets than this system lets a process open."""
    limit = raise_open_files()
    bearable = [size for size in sizes if size + SPARE_FILES <= limit]
    if dropped := [str(size) for size in sizes if size not in bearable]:
        run.remarks.append(f"not measured at {', '.join(dropped)} connections: a process may open {limit} files here")
    return bearable


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round of one second a figure; for a glance, not a claim"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--window", type=float, default=2.0, help="seconds measured for each figure")
    parser.add_argument("--page", type=Path, help="the page to write into; by default the one in the documentation")
    arguments = parser.parse_args()
    if arguments.page is None and not arguments.quick:
        arguments.page = PAGE
    return arguments


if __name__ == "__main__":
    main()
