"""Stations, their connectors, and who may talk before the boot is accepted. Knows nothing about sockets or storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chargewire.backoffice.domain.clock import is_plausible

STATION_EVSE = 0
"""The EVSE number that means the station itself (1.6: connector 0)."""

UNKNOWN_STATUS = "Unknown"
"""Status of a connector that took part in something before it told its status."""

_REPORTS = {"GetBaseReport": "NotifyReport", "GetReport": "NotifyReport"}
_SIGNING_TRIGGERS = frozenset({"SignChargingStationCertificate", "SignV2GCertificate", "SignCombinedCertificate"})


class Registration(StrEnum):
    """What a BootNotification is answered with."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class UnknownStations(StrEnum):
    """What becomes of a station that is not on record."""

    AUTO = "auto"
    PENDING = "pending"
    REFUSE = "refuse"

    @property
    def registration(self) -> Registration:
        """What a new station starts with, where new stations are let in."""
        return Registration.ACCEPTED if self is UnknownStations.AUTO else Registration.PENDING


@dataclass(frozen=True, slots=True)
class Connector:
    """A plug of a station.

    Attributes:
        evse_id: number of the EVSE; a connector n of OCPP 1.6 is EVSE n.
        connector_id: number within the EVSE; always 1 in OCPP 1.6.
        status: the last one by the station's clock, in the words of the station's OCPP version.
        error_code: OCPP 1.6 only, and not ``NoError``.
        status_at: since when, as far as the station's clock can be believed.
        transaction_id: ``id`` of the open transaction on it.
    """

    evse_id: int
    connector_id: int
    status: str = UNKNOWN_STATUS
    error_code: str | None = None
    status_at: datetime | None = None
    transaction_id: int | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A charge point as the CSMS sees it.

    Attributes:
        registration: what the operator decided; the next BootNotification is answered with it.
        connection_epoch: grows with each connection; only the newest may write connection state.
        boot_answer: what the last BootNotification was answered with; ``None`` before the first.
    """

    identity: str
    registration: Registration
    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    protocol: str | None = None
    connected: bool = False
    connection_epoch: int = 0
    connected_at: datetime | None = None
    last_seen_at: datetime | None = None
    connectors: tuple[Connector, ...] = ()
    boot_answer: Registration | None = None


@dataclass(frozen=True, slots=True)
class BootReport:
    """What a station says about itself when it boots."""

    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a station says about one connector, or about itself as EVSE 0.

    Attributes:
        at: the station's time; ``None`` where OCPP 1.6 leaves it out.
        info: free text and vendor's error code of OCPP 1.6.
    """

    evse_id: int
    connector_id: int
    status: str
    at: datetime | None = None
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None


def status_time(at: datetime | None, *, now: datetime) -> datetime:
    """Choose the time a status is ordered by.

    The station's own time is right for statuses that waited offline. A clock that was never set, or runs ahead, would
    hold back every later status: then the time of arrival counts.
    """
    if at is None or not is_plausible(at, now=now):
        return now
    return min(at, now)


def is_admitted(*, registration: Registration, boot_answer: Registration | None, is_triggered: bool) -> bool:
    """Tell whether an OCPP 2.x station may send something other than a BootNotification.

    Both must hold: the operator accepts the station, and the station was told so (B01.FR.10). While it is pending it
    may send what the CSMS asked it to (B02.FR.09), while it is rejected nothing (B03.FR.07). A reconnect without a
    boot keeps the answer of the last one: it belongs to the station, not to the socket.
    """
    match registration:
        case Registration.ACCEPTED:
            return boot_answer is Registration.ACCEPTED or is_triggered
        case Registration.PENDING:
            return is_triggered
        case Registration.REJECTED:
            return False


def triggered_by(action: str, payload: Mapping[str, Any]) -> str | None:
    """Name the action a station will send because the CSMS sent this one (BOOT-006); ``None`` when it is none."""
    if action != "TriggerMessage":
        return _REPORTS.get(action)
    requested = payload.get("requestedMessage")
    if not isinstance(requested, str):
        return None
    return "SignCertificate" if requested in _SIGNING_TRIGGERS else requested
