"""Who is told of each commit. Knows nothing about what the events mean, or where they are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from chargewire.backoffice.domain import OutboxEvent
from chargewire.backoffice.store.base import Subscriber

_log = logging.getLogger(__name__)


class Subscribers:
    """Who wants to hear of events; one that fails does not keep the others from it."""

    def __init__(self) -> None:
        self._callbacks: list[Subscriber] = []

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Add a subscriber; see :meth:`Events.subscribe`."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def publish(self, events: Sequence[OutboxEvent]) -> None:
        """Tell everybody."""
        for callback in tuple(self._callbacks):
            try:
                callback(events)
            except Exception:  # noqa: BLE001 - the others must hear of the events
                _log.exception("A subscriber to the events of the store failed")
