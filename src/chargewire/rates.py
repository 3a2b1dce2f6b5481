"""How often something may happen: token buckets. Knows no clock, and not what is counted."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: ``limit`` times at once, and as many again every ``per`` seconds."""

    limit: int
    per: float

    def __post_init__(self) -> None:
        """Refuse what lets nothing through."""
        if self.limit < 1 or self.per <= 0:
            raise ValueError(f"rate: expected more than 0, got {self.limit} per {self.per}")


class TokenBuckets:
    """One bucket of tokens for each key, full at first. A bucket that is full again is forgotten."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, and when; oldest first

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str, now: float) -> float:
        """Take a token, if there is one.

        Returns:
            Seconds until there is one; 0 when one was taken.
        """
        self._forget(now)
        limit, fill = self._rate.limit, self._rate.limit / self._rate.per
        tokens, since = self._levels.pop(key, (limit, now))
        tokens = min(limit, tokens + (now - since) * fill)
        taken = tokens >= 1
        self._levels[key] = (tokens - 1 if taken else tokens, now)
        return 0.0 if taken else (1 - tokens) / fill

    def _forget(self, now: float) -> None:
        """Drop what nobody has asked about for as long as the emptiest bucket takes to fill."""
        while self._levels:
            _, since = next(iter(self._levels.values()))
            if now - since < self._rate.per:
                return
            self._levels.popitem(last=False)
