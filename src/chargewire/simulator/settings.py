"""What a CSMS may configure on a simulated station, once for both versions. Knows no key or variable names of OCPP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class TxPoint(StrEnum):
    """A condition under which a transaction runs (TxStartPoint and TxStopPoint of OCPP 2.x)."""

    EV_CONNECTED = "EVConnected"
    AUTHORIZED = "Authorized"
    POWER_PATH_CLOSED = "PowerPathClosed"
    ENERGY_TRANSFER = "EnergyTransfer"


DEFAULT_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
)
MEASURANDS = (*DEFAULT_MEASURANDS, "Current.Offered", "Power.Offered")


def _default_measurands() -> list[str]:
    return list(DEFAULT_MEASURANDS)


def _register() -> list[str]:
    """In 2.x the last message is the only one that tells where the meter stood in the end."""
    return ["Energy.Active.Import.Register"]


@dataclass(slots=True, kw_only=True)
class Settings:
    """The configuration of one station. Mutable: the CSMS changes it, and the next decision obeys.

    Intervals and timeouts are in seconds. Transactions begin and end by default as in OCPP 1.6 (TX-007).

    Attributes:
        heartbeat_interval: Granted by the CSMS with the BootNotification.
        connection_timeout: How long an authorized driver may take to plug in.
        sample_interval: Between two meter values of a transaction; 0 for none.
        aligned_interval: Between two meter values on the clock, counted from midnight; 0 for none.
        sampled_measurands: What those of a transaction hold.
        aligned_measurands: What those on the clock hold.
        started_measurands: What the first message of a transaction holds (2.x).
        stopped_measurands: What the last message of a transaction holds.
        message_attempts: Sends of a transaction message before it is given up.
        message_retry_interval: Waited once for each send so far.
        authorize_remote: Ask the CSMS also for the token of a remote start.
        local_pre_authorize: Begin on local knowledge of a token without asking.
        local_authorize_offline: Accept listed and cached tokens while offline.
        allow_offline_unknown: Accept tokens while offline of which nothing is known.
        authorization_cache: Remember what the CSMS said about tokens.
        local_list: Use the list that the CSMS sent.
        stop_on_ev_disconnect: End the transaction when the driver unplugs the vehicle.
        stop_on_invalid_id: End the transaction when the CSMS refuses its token afterwards.
        start_points: A transaction starts as soon as one of these holds.
        stop_points: It ends as soon as one of these holds no longer.
        offline_threshold: After this long offline all connectors are reported again, otherwise the changed ones.
        reset_retries: How often a reset that failed is tried again.
    """

    heartbeat_interval: int = 300
    connection_timeout: int = 60
    sample_interval: int = 30
    aligned_interval: int = 0
    sampled_measurands: list[str] = field(default_factory=_default_measurands)
    aligned_measurands: list[str] = field(default_factory=_default_measurands)
    started_measurands: list[str] = field(default_factory=_default_measurands)
    stopped_measurands: list[str] = field(default_factory=_register)
    message_attempts: int = 3
    message_retry_interval: int = 60
    authorize_remote: bool = False
    local_pre_authorize: bool = False
    local_authorize_offline: bool = True
    allow_offline_unknown: bool = False
    authorization_cache: bool = True
    local_list: bool = True
    stop_on_ev_disconnect: bool = True
    stop_on_invalid_id: bool = True
    start_points: frozenset[TxPoint] = frozenset({TxPoint.POWER_PATH_CLOSED})
    stop_points: frozenset[TxPoint] = frozenset({TxPoint.EV_CONNECTED, TxPoint.AUTHORIZED})
    offline_threshold: int = 60
    reset_retries: int = 1
