"""What becomes of a second connection of a station that is connected. Knows no connection, and no clock."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Literal

from chargewire.handshake import Reject
from chargewire.rates import Rate, TokenBuckets

OnDuplicate = Literal["replace", "keep_both", "refuse"]

# Two devices with one identity take over from each other as fast as they can reconnect. A single one that lost its
# connection takes over once; 5 times in a minute is a bad line, not yet a war. After that it goes slowly.
TAKEOVERS = Rate(5, per=60.0)
_RETRY_AFTER = 60  # seconds; by then a connection that has died unnoticed has been pinged and dropped


class Duplicates:
    """Decides about newcomers that have proved who they are.

    Raises:
        ValueError: the policy is unknown.
    """

    def __init__(self, policy: OnDuplicate) -> None:
        if policy not in ("replace", "keep_both", "refuse"):
            raise ValueError(f"on_duplicate: unknown {policy!r}; expected replace, keep_both or refuse")
        self.policy: OnDuplicate = policy
        self._takeovers = TokenBuckets(TAKEOVERS)

    def check(self, identity: str, now: float) -> Reject | None:
        """Refuse a newcomer of an identity that is connected, or let it in as the policy has it (CON-031)."""
        if self.policy == "keep_both":
            return None
        if self.policy == "refuse":
            return _conflict("the station is connected already", _RETRY_AFTER)
        wait = self._takeovers.take(identity, now)
        return _conflict("connections of this station keep replacing each other", wait) if wait else None


def _conflict(reason: str, seconds: float) -> Reject:
    return Reject(HTTPStatus.CONFLICT, reason, {"Retry-After": str(math.ceil(seconds))})
