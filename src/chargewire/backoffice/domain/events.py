"""What the CSMS tells about its changes: one event per change, as JSON. Knows nothing about who listens.

The names and shapes here are those of the live stream; see the reference of the live API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chargewire.backoffice.domain.clock import iso
from chargewire.backoffice.domain.meter import Reading
from chargewire.backoffice.domain.stations import BootReport, Registration, StatusReport
from chargewire.backoffice.domain.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Event:
    """A change that is about to be committed."""

    at: datetime
    station: str
    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """A committed change.

    Attributes:
        cursor: its place in the order of all changes.
    """

    cursor: int
    at: datetime
    station: str
    type: str
    data: dict[str, Any]


def station_connected(station: str, *, at: datetime, protocol: str) -> Event:
    """A station opened a connection."""
    return Event(at, station, "station.connected", {"protocol": protocol})


def station_disconnected(station: str, *, at: datetime, code: int, reason: str) -> Event:
    """The newest connection of a station is over."""
    return Event(at, station, "station.disconnected", {"code": code, "reason": reason})


def station_booted(station: str, *, at: datetime, report: BootReport, registration: Registration) -> Event:
    """A station sent a BootNotification and was answered with ``registration``."""
    data = {
        "vendor": report.vendor,
        "model": report.model,
        "serialNumber": report.serial_number,
        "firmwareVersion": report.firmware_version,
        "registration": registration.value,
    }
    return Event(at, station, "station.booted", data)


def station_registered(station: str, *, at: datetime, registration: Registration) -> Event:
    """An operator decided about a station."""
    return Event(at, station, "station.registered", {"registration": registration.value})


def station_heartbeat(station: str, *, at: datetime) -> Event:
    """A station sent a Heartbeat."""
    return Event(at, station, "station.heartbeat", {})


def station_notification(station: str, *, at: datetime, action: str) -> Event:
    """A station sent a notification that changes nothing on record."""
    return Event(at, station, "station.notification", {"action": action})


def connector_status(station: str, *, at: datetime, report: StatusReport) -> Event:
    """The status of a connector changed."""
    data = {
        "evseId": report.evse_id,
        "connectorId": report.connector_id,
        "status": report.status,
        "errorCode": report.error_code,
    }
    return Event(at, station, "connector.status", data)


def transaction_started(transaction: Transaction, *, at: datetime) -> Event:
    """A transaction is known for the first time."""
    return Event(at, transaction.station, "transaction.started", {"transaction": transaction_data(transaction)})


def transaction_updated(transaction: Transaction, *, at: datetime) -> Event:
    """More is known about a transaction."""
    return Event(at, transaction.station, "transaction.updated", {"transaction": transaction_data(transaction)})


def transaction_ended(transaction: Transaction, *, at: datetime) -> Event:
    """The end of a transaction is known."""
    return Event(at, transaction.station, "transaction.ended", {"transaction": transaction_data(transaction)})


def meter_values(
    station: str,
    *,
    at: datetime,
    evse_id: int | None,
    connector_id: int | None,
    transaction: int | None,
    reading: Reading,
) -> Event:
    """A meter was read."""
    data = {
        "evseId": evse_id,
        "connectorId": connector_id,
        "transactionId": transaction,
        "at": iso(reading.at),
        "energyWh": reading.energy_import_wh,
        "powerW": reading.power_import_w,
        "socPercent": reading.soc_percent,
        "currentA": reading.strongest_current_a,
        "voltageV": reading.mean_voltage_v,
    }
    return Event(at, station, "meter.values", data)


def message_orphaned(station: str, *, at: datetime, action: str, reason: str) -> Event:
    """A message belongs to no transaction on record; it is kept for people to look at."""
    return Event(at, station, "message.orphaned", {"action": action, "reason": reason})


def transaction_data(transaction: Transaction) -> dict[str, Any]:
    """Write a transaction as JSON."""
    return {
        "id": transaction.id,
        "station": transaction.station,
        "evseId": transaction.evse_id,
        "connectorId": transaction.connector_id,
        "transactionId": transaction.transaction_id,
        "idToken": transaction.id_token,
        "state": transaction.state.value,
        "chargingState": transaction.charging_state,
        "startedAt": iso(transaction.started_at),
        "endedAt": iso(transaction.ended_at),
        "stopReason": transaction.stop_reason,
        "meterStartWh": transaction.meter_start_wh,
        "meterStopWh": transaction.meter_stop_wh,
        "energyWh": transaction.energy_wh,
        "powerW": transaction.power_w,
        "socPercent": transaction.soc_percent,
        "flags": list(transaction.flags),
    }
