"""Counts events for Prometheus, with the package prometheus-client. Knows nothing about who asks."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from chargewire.asyncio.hub import EventHub
from chargewire.events import BadMessage, Connected, Disconnected, Event, Replaced, UpgradeAborted, UpgradeError
from chargewire.pages import Page


class Metrics:
    """What a server has seen since it listens.

    Labels are few on purpose: no identity, no address, nothing that a peer can choose.

    Args:
        hub: whose events to count.
        connections: counts those that are open.

    Raises:
        ModuleNotFoundError: prometheus-client is not installed.
    """

    def __init__(self, hub: EventHub, connections: Callable[[], int]) -> None:
        try:
            import prometheus_client as prometheus
        except ModuleNotFoundError:
            raise ModuleNotFoundError("metrics: needs prometheus-client; install chargewire[metrics]") from None
        self._prometheus = prometheus
        self._registry = registry = prometheus.CollectorRegistry()
        prometheus.Gauge("chargewire_connections", "Open connections.", registry=registry).set_function(connections)
        self._connected = prometheus.Counter(
            "chargewire_connected", "Stations that connected, by version.", ["subprotocol"], registry=registry
        )
        self._disconnected = prometheus.Counter(
            "chargewire_disconnected", "Connections that ended, by who closed first.", ["by"], registry=registry
        )
        self._replaced = prometheus.Counter(
            "chargewire_replaced", "Connections that a newer one took over from.", registry=registry
        )
        self._refused = prometheus.Counter(
            "chargewire_upgrades_refused", "Upgrades refused, by HTTP status.", ["status"], registry=registry
        )
        self._broken = prometheus.Counter(
            "chargewire_upgrade_errors", "Upgrades that ended by an error.", registry=registry
        )
        self._bad = prometheus.Counter("chargewire_bad_messages", "Messages that are no OCPP-J.", registry=registry)
        self.close = hub.subscribe(
            self._count, Connected, Disconnected, Replaced, UpgradeAborted, UpgradeError, BadMessage
        )

    def page(self) -> Page:
        """Write them in Prometheus' text format."""
        body = self._prometheus.generate_latest(self._registry)
        return Page(HTTPStatus.OK, self._prometheus.CONTENT_TYPE_LATEST, body)

    def _count(self, event: Event) -> None:
        match event:
            case Connected(station=station):
                self._connected.labels(station.subprotocol).inc()
            case Disconnected(by=by):
                self._disconnected.labels(by).inc()
            case Replaced():
                self._replaced.inc()
            case UpgradeAborted(status=status):
                self._refused.labels(str(int(status))).inc()
            case UpgradeError():
                self._broken.inc()
            case BadMessage():
                self._bad.inc()
            case _:
                raise AssertionError(event)
