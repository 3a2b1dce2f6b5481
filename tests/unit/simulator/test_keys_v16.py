"""Configuration keys of a simulated OCPP 1.6 station (CFG)."""

from __future__ import annotations

import pytest

from chargewire import v16
from chargewire.simulator.config import StationConfig
from chargewire.simulator.settings import Settings
from chargewire.simulator.v16.keys import MAX_KEYS, Keys
from chargewire.validation import encode

REQUIRED = {
    "AuthorizeRemoteTxRequests", "ClockAlignedDataInterval", "ConnectionTimeOut", "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys", "HeartbeatInterval", "LocalAuthorizeOffline", "LocalPreAuthorize",
    "MeterValuesAlignedData", "MeterValuesSampledData", "MeterValueSampleInterval", "NumberOfConnectors",
    "ResetRetries", "StopTransactionOnInvalidId", "StopTxnAlignedData", "StopTxnSampledData",
    "SupportedFeatureProfiles", "TransactionMessageAttempts", "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
}  # fmt: skip


def keys(settings: Settings | None = None, *, connectors: int = 2) -> Keys:
    return Keys(StationConfig(identity="CP001", connectors=connectors), settings or Settings())


def test_every_key_is_told_when_none_is_named() -> None:
    """CFG-002, CFG-003, CFG-006."""
    answer = keys().read(None)
    assert answer.configuration_key is not None
    assert {entry.key for entry in answer.configuration_key} >= REQUIRED
    assert len(answer.configuration_key) <= MAX_KEYS
    assert keys().read([]) == answer


def test_an_answer_fits_its_schema_also_with_many_connectors() -> None:
    """CFG-004."""
    assert encode(keys(connectors=200).read(None))


def test_known_and_unknown_keys_are_told_apart() -> None:
    """CFG-002."""
    answer = keys().read(["NUMBEROFCONNECTORS", "Nonsense", "HeartbeatInterval"])
    assert answer.configuration_key == [
        v16.KeyValue(key="NumberOfConnectors", readonly=True, value="2"),
        v16.KeyValue(key="HeartbeatInterval", readonly=False, value="300"),
    ]
    assert answer.unknown_key == ["Nonsense"]


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("heartbeatinterval", "60", v16.ConfigurationStatus.ACCEPTED),
        ("HeartbeatInterval", "often", v16.ConfigurationStatus.REJECTED),
        ("NumberOfConnectors", "3", v16.ConfigurationStatus.REJECTED),
        ("TransactionMessageAttempts", "0", v16.ConfigurationStatus.REJECTED),
        ("MeterValuesSampledData", "Temperature", v16.ConfigurationStatus.REJECTED),
        ("Nonsense", "1", v16.ConfigurationStatus.NOT_SUPPORTED),
    ],
)
def test_a_change_is_judged(key: str, value: str, status: v16.ConfigurationStatus) -> None:
    """CFG-001, CFG-004, MET-003."""
    assert keys().write(key, value) is status


def test_an_accepted_change_is_read_again() -> None:
    """CFG-001."""
    settings = Settings()
    its = keys(settings)
    its.write("StopTransactionOnInvalidId", "false")
    assert settings.stop_on_invalid_id is False
    assert its.read(["StopTransactionOnInvalidId"]).configuration_key == [
        v16.KeyValue(key="StopTransactionOnInvalidId", readonly=False, value="false")
    ]
