"""The configuration keys of a simulated OCPP 1.6 station (CFG-001 to CFG-008). Pure."""

from __future__ import annotations

from chargewire import v16
from chargewire.simulator.config import StationConfig
from chargewire.simulator.items import Flag, Item, Number, Words
from chargewire.simulator.settings import MEASURANDS, Settings

MAX_KEYS = 50
MAX_LIST_ENTRIES = 500

_WRITABLE: dict[str, Item] = {
    "AllowOfflineTxForUnknownId": Flag("allow_offline_unknown"),
    "AuthorizationCacheEnabled": Flag("authorization_cache"),
    "AuthorizeRemoteTxRequests": Flag("authorize_remote"),
    "ClockAlignedDataInterval": Number("aligned_interval"),
    "ConnectionTimeOut": Number("connection_timeout"),
    "HeartbeatInterval": Number("heartbeat_interval"),
    "LocalAuthListEnabled": Flag("local_list"),
    "LocalAuthorizeOffline": Flag("local_authorize_offline"),
    "LocalPreAuthorize": Flag("local_pre_authorize"),
    "MeterValueSampleInterval": Number("sample_interval"),
    "MeterValuesAlignedData": Words("aligned_measurands", MEASURANDS),
    "MeterValuesSampledData": Words("sampled_measurands", MEASURANDS),
    "ResetRetries": Number("reset_retries", unit=None),
    "StopTransactionOnEVSideDisconnect": Flag("stop_on_ev_disconnect"),
    "StopTransactionOnInvalidId": Flag("stop_on_invalid_id"),
    "StopTxnSampledData": Words("stopped_measurands", MEASURANDS),
    "TransactionMessageAttempts": Number("message_attempts", minimum=1, unit=None),
    "TransactionMessageRetryInterval": Number("message_retry_interval"),
}


class Keys:
    """The keys of one station, which are case-insensitive (CFG-004)."""

    def __init__(self, config: StationConfig, settings: Settings) -> None:
        self._settings = settings
        rotation = ",".join(f"{number}.NotApplicable" for number in range(config.connectors + 1))
        self._fixed = {
            "ConnectorPhaseRotation": rotation[:500],
            "GetConfigurationMaxKeys": str(MAX_KEYS),
            "LocalAuthListMaxLength": str(MAX_LIST_ENTRIES),
            "NumberOfConnectors": str(config.connectors),
            "SendLocalListMaxLength": str(MAX_LIST_ENTRIES),
            # The clock-aligned values are sent as they fall due, never again with the end of a transaction.
            "StopTxnAlignedData": "",
            "SupportedFeatureProfiles": "Core,LocalAuthListManagement,RemoteTrigger",
            "UnlockConnectorOnEVSideDisconnect": "true",
        }
        self._names = {name.casefold(): name for name in (*_WRITABLE, *self._fixed)}

    def read(self, wanted: list[str] | None) -> v16.GetConfigurationResponse:
        """Answer with the keys that were asked for, or with all (CFG-002)."""
        if not wanted:
            known = [self._key_value(name) for name in sorted(self._names.values())]
            return v16.GetConfigurationResponse(configuration_key=known)
        found = [self._names.get(key.casefold()) for key in wanted]
        unknown = [key for key, name in zip(wanted, found, strict=True) if name is None]
        return v16.GetConfigurationResponse(
            configuration_key=[self._key_value(name) for name in found if name is not None] or None,
            unknown_key=unknown or None,
        )

    def write(self, key: str, text: str) -> v16.ConfigurationStatus:
        """Change a key (CFG-001)."""
        name = self._names.get(key.casefold())
        if name is None:
            return v16.ConfigurationStatus.NOT_SUPPORTED
        item = _WRITABLE.get(name)
        if item is None:
            return v16.ConfigurationStatus.REJECTED
        try:
            item.write(self._settings, text)
        except ValueError:
            return v16.ConfigurationStatus.REJECTED
        return v16.ConfigurationStatus.ACCEPTED

    def _key_value(self, name: str) -> v16.KeyValue:
        item = _WRITABLE.get(name)
        if item is None:
            return v16.KeyValue(key=name, readonly=True, value=self._fixed[name])
        return v16.KeyValue(key=name, readonly=False, value=item.read(self._settings))
