"""How often something may happen: token buckets. Knows no clock, and not what is counted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: ``limit`` times at once, and as many again every ``per`` seconds."""

    limit: int
    per: float

    def __post_init__(self) -> None:
        """Refuse what lets nothing through."""
        if self.limit < 1 or self.per <= 0:
            raise ValueError(f"rate: expected more than 0, got {self.limit} per {self.per}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRates:
    """How often one peer may call.

    Attributes:
        every: of all its calls together; ``None`` counts none.
        of: of single actions, by name. What such a rate refuses does not count for ``every``.
    """

    every: Rate | None = None
    of: Mapping[str, Rate] = field(default_factory=dict[str, Rate], hash=False)


class CallMeter:
    """Counts the calls of peers by their identity, so that a peer gains nothing by connecting again."""

    def __init__(self, rates: CallRates) -> None:
        self._every = TokenBuckets(rates.every) if rates.every is not None else None
        self._of = {action: TokenBuckets(rate) for action, rate in rates.of.items()}

    def take(self, identity: str, action: str, now: float) -> float:
        """Count a call, if there may be one.

        Returns:
            Seconds until there may be one; 0 when it was counted.
        """
        own = self._of.get(action)
        wait = 0.0 if own is None else own.take(identity, now)
        return wait if wait or self._every is None else self._every.take(identity, now)


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
