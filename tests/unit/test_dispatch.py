"""The pool of workers: a job starts where it is submitted, waits in a task of its own, and is cancelled like any."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chargewire.asyncio import dispatch
from chargewire.asyncio.dispatch import Dispatcher


@pytest.fixture
async def dispatcher() -> AsyncIterator[Dispatcher]:
    pool = Dispatcher()
    yield pool
    await pool.close(timeout=0.0)


async def turns(count: int = 5) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def outside(function: Any, *args: Any) -> None:
    """Call from the event loop itself, where no task is running: as the socket does."""
    asyncio.get_running_loop().call_soon(function, *args)
    await turns(1)


async def note(log: list[Any], entry: Any, gate: asyncio.Future[None] | None = None) -> None:
    """Note that a job has begun and, once its gate has opened, that it has ended."""
    log.append(entry)
    if gate is not None:
        await gate
        log.append((entry, "ended"))


def gate() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


async def test_a_job_that_does_not_wait_has_ended_when_submit_returns(dispatcher: Dispatcher) -> None:
    log: list[Any] = []

    def message_arrives() -> None:
        dispatcher.submit(note(log, "job"))
        log.append("returned")

    await outside(message_arrives)
    assert log == ["job", "returned"]


async def test_a_job_that_waits_is_carried_on(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    opening = gate()
    await outside(dispatcher.submit, note(log, "job", opening))
    assert log == ["job"]
    opening.set_result(None)
    await turns()
    assert log == ["job", ("job", "ended")]


async def test_jobs_start_in_order_and_do_not_hold_each_other_up(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    slow = gate()
    await outside(dispatcher.submit, note(log, 1, slow))
    await outside(dispatcher.submit, note(log, 2))
    await outside(dispatcher.submit, note(log, 3, slow))
    assert log == [1, 2, 3]
    slow.set_result(None)
    await turns()
    assert log == [1, 2, 3, (1, "ended"), (3, "ended")]


async def test_a_job_submitted_by_a_task_runs_soon(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    dispatcher.submit(note(log, 1))
    dispatcher.submit(note(log, 2))
    assert log == []
    await turns()
    assert log == [1, 2]


async def test_a_job_may_submit_another(dispatcher: Dispatcher) -> None:
    log: list[Any] = []

    async def first() -> None:
        dispatcher.submit(note(log, "second"))
        log.append("first")

    await outside(dispatcher.submit, first())
    await turns()
    assert log == ["first", "second"]


async def test_a_job_has_one_task_from_its_first_step_to_its_last(dispatcher: Dispatcher) -> None:
    seen: list[Any] = []

    async def job() -> None:
        for _ in range(3):
            seen.append(asyncio.current_task())
            await asyncio.sleep(0)

    await outside(dispatcher.submit, job())
    await turns()
    assert len(seen) == 3
    assert seen[0] is not None
    assert len(set(seen)) == 1


async def test_submitting_leaves_the_task_of_the_caller_alone(dispatcher: Dispatcher) -> None:
    own = asyncio.current_task()
    dispatcher.submit(note([], "job", gate()))
    assert asyncio.current_task() is own


async def test_jobs_that_wait_at_the_same_time_have_different_tasks(dispatcher: Dispatcher) -> None:
    seen: list[Any] = []

    async def job() -> None:
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)

    def message_arrives() -> None:
        dispatcher.submit(job())
        dispatcher.submit(job())

    await outside(message_arrives)
    assert seen[0] is not seen[1]


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def test_what_a_job_sets_stays_with_it(dispatcher: Dispatcher) -> None:
    seen: list[str] = []

    async def job(value: str) -> None:
        seen.append(variable.get())
        variable.set(value)
        await asyncio.sleep(0)
        seen.append(variable.get())

    for value in ("a", "b"):
        await outside(dispatcher.submit, job(value))
        await turns()
    assert seen == ["unset", "a", "unset", "b"]


async def test_a_job_that_ends_in_its_first_step_leaves_nothing_to_the_next(dispatcher: Dispatcher) -> None:
    seen: list[str] = []

    async def job() -> None:
        seen.append(variable.get())
        variable.set("used")

    await outside(dispatcher.submit, job())
    await outside(dispatcher.submit, job())
    assert seen == ["unset", "unset"]


@pytest.mark.parametrize("earlier", [0, 1], ids=["new worker", "idle worker"])
@pytest.mark.parametrize("delay", [0.0, 0.001])
async def test_a_timeout_in_the_first_step_of_a_job_works(dispatcher: Dispatcher, earlier: int, delay: float) -> None:
    log: list[str] = []
    ended = gate()

    async def job() -> None:
        try:
            async with asyncio.timeout(delay):
                await gate()
        except TimeoutError:
            log.append("timed out")
        ended.set_result(None)

    for _ in range(earlier):
        await outside(dispatcher.submit, note([], "earlier"))
        await turns()
    await outside(dispatcher.submit, job())
    async with asyncio.timeout(5):
        await ended
    assert log == ["timed out"]


async def test_a_task_group_in_the_first_step_of_a_job_works(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    ended = gate()

    async def fails() -> None:
        raise ValueError("broken")

    async def job() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(note(log, "child", gate()))
                group.create_task(fails())
        except* ValueError:
            log.append("caught")
        ended.set_result(None)

    await outside(dispatcher.submit, job())
    async with asyncio.timeout(5):
        await ended
    assert log == ["child", "caught"]


async def test_a_job_is_told_what_it_waited_for(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    good, bad = gate(), gate()

    async def job(waited_for: asyncio.Future[Any]) -> None:
        try:
            log.append(await waited_for)
        except ValueError as exc:
            log.append(str(exc))

    await outside(dispatcher.submit, job(good))
    await outside(dispatcher.submit, job(bad))
    good.set_result("good")
    bad.set_exception(ValueError("bad"))
    await turns()
    assert log == ["good", "bad"]


async def test_two_jobs_may_wait_for_the_same_thing(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    shared = gate()

    def message_arrives() -> None:
        dispatcher.submit(note(log, 1, shared))
        dispatcher.submit(note(log, 2, shared))

    await outside(message_arrives)
    await turns()
    shared.set_result(None)
    await turns()
    assert log == [1, 2, (1, "ended"), (2, "ended")]


async def test_what_a_job_waits_for_may_be_there_before_its_task_looks(dispatcher: Dispatcher) -> None:
    log: list[Any] = []
    opening = gate()

    def message_arrives() -> None:
        dispatcher.submit(note(log, "job", opening))
        opening.set_result(None)

    await outside(message_arrives)
    await turns()
    assert log == ["job", ("job", "ended")]


async def test_a_cancelled_job_takes_nobody_with_it(dispatcher: Dispatcher) -> None:
    log: list[Any] = []

    async def job(*, waits: bool) -> None:
        if waits:
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    for waits in (False, True):
        await outside(dispatcher.submit, job(waits=waits))
        await turns()
    await outside(dispatcher.submit, note(log, "next"))
    assert log == ["next"]


async def test_workers_are_used_again(dispatcher: Dispatcher) -> None:
    before = asyncio.all_tasks()
    for _ in range(20):
        await outside(dispatcher.submit, note([], "job"))
        await outside(dispatcher.submit, asyncio.sleep(0))
        await turns()
    assert len(asyncio.all_tasks() - before) == 1


async def test_not_all_workers_of_a_burst_are_kept(dispatcher: Dispatcher) -> None:
    before = asyncio.all_tasks()
    opening = gate()
    for _ in range(dispatch._MAX_IDLE + 20):
        dispatcher.submit(note([], "job", opening))
    await turns()
    assert len(asyncio.all_tasks() - before) == dispatch._MAX_IDLE + 20
    opening.set_result(None)
    await turns()
    assert len(asyncio.all_tasks() - before) == dispatch._MAX_IDLE


async def test_closing_waits_for_what_is_running() -> None:
    dispatcher = Dispatcher()
    log: list[Any] = []
    opening = gate()
    await outside(dispatcher.submit, note(log, "job", opening))
    asyncio.get_running_loop().call_soon(opening.set_result, None)
    await dispatcher.close(timeout=5.0)
    assert log == ["job", ("job", "ended")]


async def test_closing_cancels_what_takes_too_long() -> None:
    dispatcher = Dispatcher()
    log: list[Any] = []

    async def job() -> None:
        try:
            await gate()
        finally:
            log.append("cancelled")

    await outside(dispatcher.submit, job())
    await dispatcher.close(timeout=0.0)
    assert log == ["cancelled"]


async def test_closing_does_not_wait_for_what_will_not_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_LAST_STEPS", 0.01)
    dispatcher = Dispatcher()
    log: list[Any] = []
    opening = gate()

    async def job() -> None:
        try:
            await gate()
        finally:
            log.append(await opening)

    await outside(dispatcher.submit, job())
    await dispatcher.close(timeout=0.0)
    assert log == []
    opening.set_result("ended")
    await turns()
    assert log == ["ended"]


async def test_closing_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    dispatcher = Dispatcher()
    for opening in (None, gate(), None, gate()):
        await outside(dispatcher.submit, note([], "job", opening))
    await dispatcher.close(timeout=0.0)
    await turns()
    assert asyncio.all_tasks() == before


async def test_closing_before_anything_was_submitted_is_fine() -> None:
    await Dispatcher().close(timeout=0.0)


async def test_a_job_may_close_the_dispatcher_it_runs_in() -> None:
    dispatcher = Dispatcher()
    ended = gate()

    async def job() -> None:
        await dispatcher.close(timeout=5.0)
        ended.set_result(None)

    await outside(dispatcher.submit, job())
    async with asyncio.timeout(1):
        await ended


async def test_nothing_is_run_after_closing() -> None:
    dispatcher = Dispatcher()
    await dispatcher.close(timeout=0.0)
    log: list[Any] = []
    dispatcher.submit(note(log, "job"))
    await turns()
    assert log == []
