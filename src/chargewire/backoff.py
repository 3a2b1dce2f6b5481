"""How long a charge point waits before it dials again. Knows no clock, no random source and no socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Reconnect delays after OCPP-J 2.1, 5.4, the RetryBackOff* variables; 1.6 has none and uses the same algorithm.

    The deterministic part starts at ``wait_minimum`` and doubles after each failed attempt, at most ``repeat_times``
    times; then it stays. A random part below ``random_range`` is drawn anew for every wait and is never doubled, so
    that stations which lost the same server do not return in step. The defaults end at 32 to 34 s: a restarted
    server has its stations back within a minute, and a server that is gone is not hammered.

    After a successful connection the caller starts again at attempt 0.

    Attributes:
        wait_minimum: Seconds before the first attempt (RetryBackOffWaitMinimum). A hiccup of the network is over by
            then.
        random_range: Seconds that the random part is below (RetryBackOffRandomRange). Two of them keep the first
            attempts of a fleet from being one.
        repeat_times: Times that the wait doubles (RetryBackOffRepeatTimes). Five of them end at 32 to 34 s.

    Raises:
        ValueError: A setting is negative.
    """

    wait_minimum: float = 1.0
    random_range: float = 2.0
    repeat_times: int = 5

    def __post_init__(self) -> None:
        """Refuse settings that would yield a wait before now."""
        for name in ("wait_minimum", "random_range", "repeat_times"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")

    def delay(self, attempt: int, random: float) -> float:
        """Return the wait in seconds before an attempt.

        Args:
            attempt: Attempts that failed since the connection was lost; 0 before the first one.
            random: A number from 0 to 1, drawn anew by the caller for every wait.
        """
        return self.wait_minimum * 2.0 ** min(attempt, self.repeat_times) + self.random_range * random

    def delays(self, random: Callable[[], float]) -> Iterator[float]:
        """Yield the waits of one outage, without end.

        Args:
            random: Called once a wait; returns a number from 0 to 1, as ``random.random`` does.
        """
        attempt = 0
        while True:
            yield self.delay(attempt, random())
            attempt += 1
