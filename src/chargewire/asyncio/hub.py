"""Who wants to hear of which events. Knows nothing about what they mean."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from chargewire.events import Event, FrameReceived, FrameSent

Listener = Callable[[Event], None]

_log = logging.getLogger("chargewire")


class EventHub:
    """Delivers events to listeners, in the order they happen.

    Attributes:
        wants_received: somebody listens to :class:`~chargewire.events.FrameReceived`.
        wants_sent: somebody listens to :class:`~chargewire.events.FrameSent`.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Listener, tuple[type[Event], ...]]] = []
        self.wants_received = False
        self.wants_sent = False

    def subscribe(self, listener: Listener, *types: type[Event]) -> Callable[[], None]:
        """Call ``listener`` on the event loop for each event of ``types``; without types, for all but frames.

        Returns:
            A function that ends the subscription.
        """
        entry = (listener, types)
        self._listeners.append(entry)
        self._look_for_taps()

        def unsubscribe() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)
                self._look_for_taps()

        return unsubscribe

    async def events(self, *types: type[Event]) -> AsyncIterator[Event]:
        """Iterate over events of ``types`` from now on; without types, over all but frames."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        unsubscribe = self.subscribe(queue.put_nowait, *types)
        try:
            while True:
                yield await queue.get()
        finally:
            unsubscribe()

    def emit(self, event: Event) -> None:
        """Deliver an event. A listener that raises is logged and does not hinder the others."""
        for listener, types in tuple(self._listeners):
            if isinstance(event, types) if types else not isinstance(event, FrameReceived | FrameSent):
                try:
                    listener(event)
                except Exception:  # noqa: BLE001 - a user's function
                    _log.exception("a listener failed on %s", type(event).__name__)

    def _look_for_taps(self) -> None:
        wanted = {type for _, types in self._listeners for type in types}
        self.wants_received = FrameReceived in wanted
        self.wants_sent = FrameSent in wanted
