"""How a simulated station answers what a CSMS asks in OCPP 1.6."""

from __future__ import annotations

from chargewire import Connection, Handlers, on, v16
from chargewire.simulator.actions import Availability, IdToken, StopReason
from chargewire.simulator.dialect import Context, Host
from chargewire.simulator.tokens import TokenInfo

from .keys import MAX_LIST_ENTRIES, Keys
from .transactions import Transactions, token_info

_ACCEPTED = v16.RemoteStartStopStatus.ACCEPTED
_REJECTED = v16.RemoteStartStopStatus.REJECTED


class Handlers16(Handlers):
    """Answers of one station. What follows from an answer is sent after it."""

    def __init__(self, host: Host, transactions: Transactions) -> None:
        self._host = host
        self._transactions = transactions
        self._keys = Keys(host.config, host.settings)

    @on(v16.RemoteStartTransaction)
    async def remote_start(
        self, _: Connection, request: v16.RemoteStartTransaction
    ) -> v16.RemoteStartTransactionResponse:
        """Begin where it was asked for, or at the best free connector (REM-001, BOOT-007)."""
        model, wanted = self._host.model, request.connector_id
        free = None
        if self._host.is_accepted and (wanted is None or model.has(wanted)):
            free = model.find_free(wanted)
        if free is None:
            return v16.RemoteStartTransactionResponse(status=_REJECTED)
        # REM-001: there is no smart charging here, so that a profile is ignored.
        self._host.perform(model.remote_start(free.id, IdToken(request.id_tag), self._host.now()))
        return v16.RemoteStartTransactionResponse(status=_ACCEPTED)

    @on(v16.RemoteStopTransaction)
    async def remote_stop(self, _: Connection, request: v16.RemoteStopTransaction) -> v16.RemoteStopTransactionResponse:
        """End a transaction that runs here (REM-002)."""
        name = self._transactions.find(request.transaction_id)
        actions = None if name is None else self._host.model.remote_stop(name, self._host.now())
        if actions is None:
            return v16.RemoteStopTransactionResponse(status=_REJECTED)
        self._host.perform(actions)
        return v16.RemoteStopTransactionResponse(status=_ACCEPTED)

    @on(v16.Reset)
    async def reset(self, _: Connection, request: v16.Reset) -> v16.ResetResponse:
        """End every transaction and reboot (RST-001)."""
        match request.type:
            case v16.ResetType.SOFT:
                reason = StopReason.SOFT_RESET
            case v16.ResetType.HARD:
                reason = StopReason.HARD_RESET
        self._host.perform(self._host.model.reset(reason, self._host.now())[1])
        return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)

    @on(v16.ChangeAvailability)
    async def change_availability(
        self, _: Connection, request: v16.ChangeAvailability
    ) -> v16.ChangeAvailabilityResponse:
        """Take a connector or the station out of use, or back (AVL-001)."""
        model, connector = self._host.model, request.connector_id
        if connector != 0 and not model.has(connector):
            return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.REJECTED)
        operative = request.type is v16.AvailabilityType.OPERATIVE
        answer, actions = model.change_availability(connector, self._host.now(), operative=operative)
        self._host.perform(actions)
        match answer:
            case Availability.ACCEPTED:
                return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.ACCEPTED)
            case Availability.SCHEDULED:
                return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.SCHEDULED)

    @on(v16.UnlockConnector)
    async def unlock(self, _: Connection, request: v16.UnlockConnector) -> v16.UnlockConnectorResponse:
        """Release a cable; a running transaction ends first (REM-007)."""
        model = self._host.model
        # The cable of a DC station is part of it: there is nothing to unlock.
        if not model.has(request.connector_id) or self._host.config.supply.is_dc:
            return v16.UnlockConnectorResponse(status=v16.UnlockStatus.NOT_SUPPORTED)
        self._host.perform(model.unlock(request.connector_id, self._host.now()))
        return v16.UnlockConnectorResponse(status=v16.UnlockStatus.UNLOCKED)

    @on(v16.TriggerMessage)
    async def trigger(self, _: Connection, request: v16.TriggerMessage) -> v16.TriggerMessageResponse:
        """Send a message because the CSMS wants it, after this answer (REM-009, REM-010)."""
        if request.connector_id is not None and not 0 <= request.connector_id <= len(self._host.model.connectors):
            return v16.TriggerMessageResponse(status=v16.TriggerMessageStatus.REJECTED)
        match request.requested_message:
            case v16.MessageTrigger.BOOT_NOTIFICATION:
                if self._host.is_accepted:  # BOOT-018
                    return v16.TriggerMessageResponse(status=v16.TriggerMessageStatus.REJECTED)
                self._host.boot_again()
            case v16.MessageTrigger.HEARTBEAT:
                self._host.spawn(self._send_heartbeat())
            case v16.MessageTrigger.STATUS_NOTIFICATION:
                self._host.spawn(self._host.report(request.connector_id))
            case v16.MessageTrigger.METER_VALUES:
                self._host.spawn(self._send_meter_values(request.connector_id))
            case v16.MessageTrigger.FIRMWARE_STATUS_NOTIFICATION:
                self._host.spawn(self._send_firmware_status())
            case v16.MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION:
                self._host.spawn(self._send_diagnostics_status())
        return v16.TriggerMessageResponse(status=v16.TriggerMessageStatus.ACCEPTED)

    @on(v16.GetConfiguration)
    async def get_configuration(self, _: Connection, request: v16.GetConfiguration) -> v16.GetConfigurationResponse:
        """Read keys (CFG-002)."""
        return self._keys.read(request.key)

    @on(v16.ChangeConfiguration)
    async def change_configuration(
        self, _: Connection, request: v16.ChangeConfiguration
    ) -> v16.ChangeConfigurationResponse:
        """Write a key (CFG-001)."""
        status = self._keys.write(request.key, request.value)
        self._host.settings_changed()
        return v16.ChangeConfigurationResponse(status=status)

    @on(v16.ClearCache)
    async def clear_cache(self, _: Connection, _request: v16.ClearCache) -> v16.ClearCacheResponse:
        """Forget what the CSMS said about tokens (CAC-006)."""
        done = self._host.tokens.clear_cache()
        return v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED if done else v16.ClearCacheStatus.REJECTED)

    @on(v16.GetLocalListVersion)
    async def get_local_list_version(
        self, _: Connection, _request: v16.GetLocalListVersion
    ) -> v16.GetLocalListVersionResponse:
        """Tell the version of the local list; -1 while it is switched off (LAL-001)."""
        return v16.GetLocalListVersionResponse(
            list_version=self._host.tokens.list_version if self._host.settings.local_list else -1
        )

    @on(v16.SendLocalList)
    async def send_local_list(self, _: Connection, request: v16.SendLocalList) -> v16.SendLocalListResponse:
        """Take a local list (LAL-003, LAL-004, LAL-006)."""
        status = self._take_list(request) if self._host.settings.local_list else v16.UpdateStatus.NOT_SUPPORTED
        return v16.SendLocalListResponse(status=status)

    @on(v16.DataTransfer)
    async def data_transfer(self, _: Connection, _request: v16.DataTransfer) -> v16.DataTransferResponse:
        """Know no vendor's messages."""
        return v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)

    def _take_list(self, request: v16.SendLocalList) -> v16.UpdateStatus:
        entries = request.local_authorization_list or []
        infos: dict[IdToken, TokenInfo | None] = {
            IdToken(entry.id_tag): None if entry.id_tag_info is None else token_info(entry.id_tag_info)
            for entry in entries
        }
        if request.list_version < 1 or len(entries) > MAX_LIST_ENTRIES or len(infos) < len(entries):
            return v16.UpdateStatus.FAILED
        match request.update_type:
            case v16.UpdateType.FULL:
                full = {id_token: info for id_token, info in infos.items() if info is not None}
                if len(full) < len(infos):
                    return v16.UpdateStatus.FAILED
                self._host.tokens.replace_list(request.list_version, full)
            case v16.UpdateType.DIFFERENTIAL:
                if not self._host.tokens.update_list(request.list_version, infos):
                    return v16.UpdateStatus.VERSION_MISMATCH
        return v16.UpdateStatus.ACCEPTED

    async def _send_heartbeat(self) -> None:
        await self._host.call(v16.Heartbeat())

    async def _send_firmware_status(self) -> None:
        await self._host.call(v16.FirmwareStatusNotification(status=v16.FirmwareStatus.IDLE))

    async def _send_diagnostics_status(self) -> None:
        await self._host.call(v16.DiagnosticsStatusNotification(status=v16.DiagnosticsStatus.IDLE))

    async def _send_meter_values(self, connector: int | None) -> None:
        wanted = [connector] if connector is not None else [it.id for it in self._host.model.connectors]
        for number in wanted:
            # T16-004: what was triggered is no transaction message; it may overtake them and may be lost.
            values = self._transactions.values_now(number, self._host.settings.sampled_measurands, Context.TRIGGER)
            if values is not None:
                await self._host.call(values)
