"""Runs handlers: at once where they finish without waiting, in a task of their own where they wait.

A task for each message costs as much as decoding it, and lets the messages of a burst pile up before the first is
answered. Most handlers of a CSMS never wait, or wait once. So a handler takes its first step right where its message
arrived, in the name of a worker task that is idle; only when it suspends does that worker carry it on. To the handler
it is all the same: one task, one context of its own, from the first step to the last. Python 3.12 calls this an eager
task; this one also serves 3.11, and needs no new task for each message.

Knows nothing about calls or connections.
"""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import tasks
from collections.abc import Coroutine, Generator
from typing import Any

Job = Coroutine[Any, Any, None]

_MAX_IDLE = 64  # workers to keep after a burst
_LAST_STEPS = 1.0  # seconds for a cancelled job to clean up


class Dispatcher:
    """The workers of one server or client. Jobs must catch what they raise."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._closed = False

    def submit(self, job: Job) -> None:
        """Run ``job``, up to its first wait before this returns. After :meth:`close` it is dropped."""
        if self._closed:
            job.close()
            return
        worker = self._idle.pop() if self._idle else self._hire()
        context = self._context.copy()
        try:
            tasks._enter_task(self._loop, worker.task)  # noqa: SLF001 - for those who extend asyncio
        except RuntimeError:  # a task is running: this one has to wait for its own turn
            worker.carry_on(job, context, None)
            return
        try:
            waited_for = context.run(job.send, None)
        except StopIteration:
            self._idle.append(worker)
        except asyncio.CancelledError:
            self._rest(worker)
        else:
            worker.carry_on(job, context, waited_for)
        finally:
            tasks._leave_task(self._loop, worker.task)  # noqa: SLF001

    async def close(self, timeout: float) -> None:
        """Give running jobs ``timeout`` seconds to end, then cancel them; one that goes on all the same is left."""
        self._closed = True
        for worker in self._idle:
            worker.task.cancel()
        own = asyncio.current_task()
        if running := {worker.task for worker in self._workers if worker.task is not own}:
            _, late = await asyncio.wait(running, timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LAST_STEPS)

    def _hire(self) -> _Worker:
        worker = _Worker(self._loop)
        worker.task = self._loop.create_task(self._work(worker))
        self._workers.add(worker)
        return worker

    async def _work(self, worker: _Worker) -> None:
        try:
            while worker.job is not None or not self._closed:  # what has begun is carried on even now
                await worker.wait()
                if worker.job is not None:
                    await worker.job
                    worker.job = None
                if len(self._idle) >= _MAX_IDLE:
                    return
                self._rest(worker)
        finally:
            self._workers.discard(worker)
            if worker in self._idle:
                self._idle.remove(worker)

    def _rest(self, worker: _Worker) -> None:
        if not worker.task.done():
            self._idle.append(worker)


class _Worker:
    """A task and what it is to carry on."""

    __slots__ = ("_loop", "_wakeup", "job", "task")

    task: asyncio.Task[None]

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wakeup: asyncio.Future[None] | None = None
        self.job: _Begun | None = None

    def carry_on(self, job: Job, context: contextvars.Context, waited_for: Any) -> None:
        """Let the task run ``job`` from where it is: waiting for ``waited_for``, or not begun."""
        self.job = _Begun(job, context, waited_for)
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    async def wait(self) -> None:
        """Wait for something to do."""
        if self.job is None:
            self._wakeup = self._loop.create_future()
            try:
                await self._wakeup
            except asyncio.CancelledError:
                if self.job is None:
                    raise
                # It came after the first step of the job, and before this task took over: the job must see it.
                self.task.uncancel()
                self.task.cancel()


class _Begun:
    """Awaits a coroutine that has taken its first steps elsewhere, each further step in its own context."""

    __slots__ = ("_context", "_is_marked", "_job", "_waited_for")

    def __init__(self, job: Job, context: contextvars.Context, waited_for: Any) -> None:
        self._job = job
        self._context = context
        self._waited_for = waited_for
        # `await` marks a future for the task that it is handed to. This one is handed over later: whoever else waits
        # for it meanwhile must find it unmarked.
        self._is_marked = asyncio.isfuture(waited_for)
        if self._is_marked:
            waited_for._asyncio_future_blocking = False  # noqa: SLF001

    def __await__(self) -> Generator[Any, Any, None]:
        waited_for = self._waited_for
        if self._is_marked:
            waited_for._asyncio_future_blocking = True  # noqa: SLF001
        while True:
            step: Any = self._job.send
            outcome: Any = None
            try:
                outcome = yield waited_for
            except BaseException as exc:  # noqa: BLE001 - passed on to the job, cancellation above all
                step, outcome = self._job.throw, exc
            try:
                waited_for = self._context.run(step, outcome)
            except StopIteration:
                return
