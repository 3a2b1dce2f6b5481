"""Runs handlers in a pool of tasks that wait for work. Knows nothing about calls or connections.

A task for each message would cost as much as decoding it. So a waiting task is woken, works through what has piled up
without going back to the loop, and only when a job suspends does another one take over the rest: jobs start in the
order they came, and a job that waits holds nobody up. (Stepping the coroutine outside of a task would be cheaper still,
but then ``asyncio.timeout`` fails in the first step of a handler.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]

_MAX_IDLE = 64  # waiting tasks to keep after a burst


class Dispatcher:
    """A pool of tasks for one server or client. Jobs must not raise."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[Job] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._waking = False  # a task has been woken that has not looked at the jobs yet
        self._closed = False

    def submit(self, job: Job) -> None:
        """Run ``job`` soon, after those submitted before have started. Nothing is run after :meth:`close`."""
        if self._closed:
            return
        self._jobs.append(job)
        if not self._waking:
            self._wake()

    async def close(self, timeout: float) -> None:
        """Give running jobs ``timeout`` seconds to end, then cancel them."""
        self._closed = True
        self._jobs.clear()
        for future in self._idle:
            future.cancel()
        self._idle.clear()
        tasks = self._tasks - {asyncio.current_task()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _wake(self) -> None:
        self._waking = True
        while self._idle:
            future = self._idle.pop()
            if not future.done():
                future.set_result(None)
                return
        task = self._loop.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        jobs = self._jobs
        while not self._closed:
            self._waking = False
            while jobs:
                job = jobs.popleft()
                if jobs and not self._waking:
                    self._wake()  # for the rest, should this one suspend
                await job()
            if len(self._idle) >= _MAX_IDLE or self._closed:
                return
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(future)
            try:
                await future
            except asyncio.CancelledError:
                return
