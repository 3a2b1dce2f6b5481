"""What a simulated station has to say, and the words for it. Plain data, for both versions of OCPP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .meter import Sample
from .states import ChargingState, Status

NO_ERROR = "NoError"


@dataclass(frozen=True, slots=True)
class IdToken:
    """What a driver presents. The type is the one of OCPP 2.x; 1.6 has none."""

    value: str
    type: str = "ISO14443"

    def matches(self, other: IdToken | None) -> bool:
        """Compare as OCPP does: type, and value whatever its case (AUT-004)."""
        return other is not None and self.type == other.type and self.value.casefold() == other.value.casefold()


class Trigger(StrEnum):
    """Why a transaction message is sent, in the words of OCPP 2.x."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    REMOTE_STOP = "RemoteStop"
    REMOTE_START = "RemoteStart"
    ABNORMAL_CONDITION = "AbnormalCondition"
    RESET_COMMAND = "ResetCommand"


class StopReason(StrEnum):
    """Why a transaction ended: the reasons of both versions, resets as 1.6 tells them apart."""

    LOCAL = "Local"
    REMOTE = "Remote"
    EV_DISCONNECTED = "EVDisconnected"
    DE_AUTHORIZED = "DeAuthorized"
    SOFT_RESET = "SoftReset"
    HARD_RESET = "HardReset"
    UNLOCK_COMMAND = "UnlockCommand"
    EMERGENCY_STOP = "EmergencyStop"
    GROUND_FAULT = "GroundFault"
    OVERCURRENT_FAULT = "OvercurrentFault"
    TIMEOUT = "Timeout"
    OTHER = "Other"


class EventType(StrEnum):
    """Which part of a transaction a message tells."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


class Availability(StrEnum):
    """Answer to a wish that a connector be used or not."""

    ACCEPTED = "Accepted"
    SCHEDULED = "Scheduled"


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A connector has a new state; connector 0 is the station itself."""

    connector: int
    status: Status
    plugged: bool = False
    error_code: str = NO_ERROR
    info: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """The CSMS started it. Only 2.x has an id for that."""

    id: int | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationNeeded:
    """Somebody presented a token, or the CSMS did; `authorized` is to be called when it is accepted."""

    id_token: IdToken
    connector: int | None = None
    remote: RemoteStart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionChanged:
    """Something to tell about a transaction.

    Attributes:
        transaction_id: Made by the station; 1.6 replaces it by the one of the CSMS.
        seq_no: 0 for the first message of the transaction, then one more each time.
        charging_state: None while it is what the message before said.
        tells_connector: Whether this is the first message since the vehicle was connected (TX-010).
        id_token: Only in the message about its authorization or the end of it (TX-010).
        remote_start_id: Only in the first message after a remote start.
        stop_reason: Only of an ended transaction.
    """

    type: EventType
    transaction_id: str
    connector: int
    seq_no: int
    trigger: Trigger
    sample: Sample
    charging_state: ChargingState | None = None
    tells_connector: bool = False
    id_token: IdToken | None = None
    remote_start_id: int | None = None
    stop_reason: StopReason | None = None


@dataclass(frozen=True, slots=True)
class RebootDue:
    """The station is idle enough for the reset that was asked for."""


Action = StatusChanged | AuthorizationNeeded | TransactionChanged | RebootDue
Actions = Sequence[Action]
