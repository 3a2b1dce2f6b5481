"""How a simulated station answers what a CSMS asks in OCPP 2.0.1."""

from __future__ import annotations

from collections.abc import Sequence

from chargewire import Connection, Handlers, on, v201
from chargewire.simulator.actions import Availability, StopReason
from chargewire.simulator.dialect import Context, Host

from .transactions import Transactions, meter_values, read_id_token
from .variables import Variables

ENTRIES_PER_REPORT = 20

_ACCEPTED = v201.RequestStartStopStatusEnumType.ACCEPTED
_REJECTED = v201.RequestStartStopStatusEnumType.REJECTED
_Triggered = v201.TriggerMessageStatusEnumType


class Handlers201(Handlers):
    """Answers of one station. What follows from an answer is sent after it."""

    def __init__(self, host: Host, transactions: Transactions) -> None:
        self._host = host
        self._transactions = transactions
        self._variables = Variables(host.config, host.model, lambda: host.clock().isoformat(timespec="seconds"))

    @on(v201.RequestStartTransaction)
    async def request_start(
        self, _: Connection, request: v201.RequestStartTransaction
    ) -> v201.RequestStartTransactionResponse:
        """Begin where it was asked for, or at the best free EVSE (REM-003, REM-004, BOOT-008)."""
        if not self._host.is_accepted:
            return v201.RequestStartTransactionResponse(status=_REJECTED, status_info=_not_accepted())
        model, wanted = self._host.model, request.evse_id
        free = model.find_free(wanted) if wanted is None or model.has(wanted) else None
        if free is None:
            return v201.RequestStartTransactionResponse(status=_REJECTED)
        # REM-004: a transaction that only waits for its driver is the one that is meant.
        running = free.transaction.id if free.transaction is not None else None
        id_token = read_id_token(request.id_token)
        self._host.perform(model.remote_start(free.id, id_token, self._host.now(), id=request.remote_start_id))
        return v201.RequestStartTransactionResponse(status=_ACCEPTED, transaction_id=running)

    @on(v201.RequestStopTransaction)
    async def request_stop(
        self, _: Connection, request: v201.RequestStopTransaction
    ) -> v201.RequestStopTransactionResponse:
        """End a transaction that runs here (REM-006, BOOT-008)."""
        if not self._host.is_accepted:
            return v201.RequestStopTransactionResponse(status=_REJECTED, status_info=_not_accepted())
        actions = self._host.model.remote_stop(request.transaction_id, self._host.now())
        if actions is None:
            return v201.RequestStopTransactionResponse(status=_REJECTED)
        self._host.perform(actions)
        return v201.RequestStopTransactionResponse(status=_ACCEPTED)

    @on(v201.GetTransactionStatus)
    async def get_transaction_status(
        self, _: Connection, request: v201.GetTransactionStatus
    ) -> v201.GetTransactionStatusResponse:
        """Tell whether a transaction runs and whether its events are on the way (TX-023)."""
        wanted = request.transaction_id
        return v201.GetTransactionStatusResponse(
            ongoing_indicator=None if wanted is None else self._host.model.find(wanted) is not None,
            messages_in_queue=self._transactions.is_queued(wanted),
        )

    @on(v201.Reset)
    async def reset(self, _: Connection, request: v201.Reset) -> v201.ResetResponse:
        """Reboot at once or when idle; a single EVSE cannot be reset (RST-002, RST-003, RST-004)."""
        if request.evse_id is not None:
            return v201.ResetResponse(status=v201.ResetStatusEnumType.REJECTED)
        when_idle = request.type is v201.ResetEnumType.ON_IDLE
        reason = StopReason.SOFT_RESET if when_idle else StopReason.HARD_RESET
        answer, actions = self._host.model.reset(reason, self._host.now(), when_idle=when_idle)
        self._host.perform(actions)
        match answer:
            case Availability.ACCEPTED:
                return v201.ResetResponse(status=v201.ResetStatusEnumType.ACCEPTED)
            case Availability.SCHEDULED:
                return v201.ResetResponse(status=v201.ResetStatusEnumType.SCHEDULED)

    @on(v201.ChangeAvailability)
    async def change_availability(
        self, _: Connection, request: v201.ChangeAvailability
    ) -> v201.ChangeAvailabilityResponse:
        """Take an EVSE or the station out of use, or back (AVL-001, AVL-002)."""
        evse = 0 if request.evse is None else request.evse.id
        if evse != 0 and not self._has(evse, request.evse):
            return v201.ChangeAvailabilityResponse(status=v201.ChangeAvailabilityStatusEnumType.REJECTED)
        operative = request.operational_status is v201.OperationalStatusEnumType.OPERATIVE
        answer, actions = self._host.model.change_availability(evse, self._host.now(), operative=operative)
        self._host.perform(actions)
        match answer:
            case Availability.ACCEPTED:
                return v201.ChangeAvailabilityResponse(status=v201.ChangeAvailabilityStatusEnumType.ACCEPTED)
            case Availability.SCHEDULED:
                return v201.ChangeAvailabilityResponse(status=v201.ChangeAvailabilityStatusEnumType.SCHEDULED)

    @on(v201.UnlockConnector)
    async def unlock(self, _: Connection, request: v201.UnlockConnector) -> v201.UnlockConnectorResponse:
        """Release a cable, unless somebody is charging with it (REM-008)."""
        model = self._host.model
        if not model.has(request.evse_id) or request.connector_id != 1:
            return v201.UnlockConnectorResponse(status=v201.UnlockStatusEnumType.UNKNOWN_CONNECTOR)
        connector = model.connectors[request.evse_id - 1]
        if connector.transaction is not None and connector.authorization is not None:
            return v201.UnlockConnectorResponse(status=v201.UnlockStatusEnumType.ONGOING_AUTHORIZED_TRANSACTION)
        return v201.UnlockConnectorResponse(status=v201.UnlockStatusEnumType.UNLOCKED)

    @on(v201.TriggerMessage)
    async def trigger(self, _: Connection, request: v201.TriggerMessage) -> v201.TriggerMessageResponse:
        """Send a message because the CSMS wants it, after this answer (REM-009, REM-010, REM-011)."""
        evse = None if request.evse is None else request.evse.id
        if evse is not None and not self._has(evse, request.evse):
            return v201.TriggerMessageResponse(status=_Triggered.REJECTED)
        return v201.TriggerMessageResponse(status=self._trigger(request.requested_message, evse))

    @on(v201.GetVariables)
    async def get_variables(self, _: Connection, request: v201.GetVariables) -> v201.GetVariablesResponse:
        """Read variables (DM-003)."""
        results = [self._variables.get(wanted) for wanted in request.get_variable_data]
        return v201.GetVariablesResponse(get_variable_result=results)

    @on(v201.SetVariables)
    async def set_variables(self, _: Connection, request: v201.SetVariables) -> v201.SetVariablesResponse:
        """Write variables (DM-001)."""
        results = [self._variables.set(wanted) for wanted in request.set_variable_data]
        self._host.settings_changed()
        return v201.SetVariablesResponse(set_variable_result=results)

    @on(v201.GetBaseReport)
    async def get_base_report(self, _: Connection, request: v201.GetBaseReport) -> v201.GetBaseReportResponse:
        """Promise a report and send it in parts (DM-004)."""
        entries = self._variables.report(request.report_base)
        if entries is None:
            return v201.GetBaseReportResponse(status=v201.GenericDeviceModelStatusEnumType.NOT_SUPPORTED)
        self._host.spawn(self._send_report(request.request_id, entries))
        return v201.GetBaseReportResponse(status=v201.GenericDeviceModelStatusEnumType.ACCEPTED)

    @on(v201.ClearCache)
    async def clear_cache(self, _: Connection, _request: v201.ClearCache) -> v201.ClearCacheResponse:
        """Forget what the CSMS said about tokens (CAC-006)."""
        done = self._host.tokens.clear_cache()
        status = v201.ClearCacheStatusEnumType
        return v201.ClearCacheResponse(status=status.ACCEPTED if done else status.REJECTED)

    @on(v201.GetLocalListVersion)
    async def get_local_list_version(
        self, _: Connection, _request: v201.GetLocalListVersion
    ) -> v201.GetLocalListVersionResponse:
        """Have no local list (LAL-001)."""
        return v201.GetLocalListVersionResponse(version_number=0)

    @on(v201.DataTransfer)
    async def data_transfer(self, _: Connection, _request: v201.DataTransfer) -> v201.DataTransferResponse:
        """Know no vendor's messages."""
        return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)

    def _has(self, evse: int, place: v201.EVSEType | None) -> bool:
        connector = None if place is None else place.connector_id
        return self._host.model.has(evse) and connector in (None, 1)

    def _trigger(self, message: v201.MessageTriggerEnumType, evse: int | None) -> v201.TriggerMessageStatusEnumType:
        host = self._host
        match message:
            case v201.MessageTriggerEnumType.BOOT_NOTIFICATION:
                if host.is_accepted:  # BOOT-018
                    return _Triggered.REJECTED
                host.boot_again()
            case v201.MessageTriggerEnumType.HEARTBEAT:
                host.spawn(self._send_heartbeat())
            case v201.MessageTriggerEnumType.STATUS_NOTIFICATION:
                if evse is None:  # REM-011
                    return _Triggered.REJECTED
                host.spawn(host.report(evse))
            case v201.MessageTriggerEnumType.METER_VALUES:
                host.spawn(self._send_meter_values(evse))
            case v201.MessageTriggerEnumType.TRANSACTION_EVENT:
                return self._trigger_transaction(evse)
            case v201.MessageTriggerEnumType.FIRMWARE_STATUS_NOTIFICATION:
                host.spawn(self._send_firmware_status())
            case v201.MessageTriggerEnumType.LOG_STATUS_NOTIFICATION:
                host.spawn(self._send_log_status())
            case _:
                return _Triggered.NOT_IMPLEMENTED
        return _Triggered.ACCEPTED

    def _trigger_transaction(self, evse: int | None) -> v201.TriggerMessageStatusEnumType:
        model = self._host.model
        running = [it.id for it in model.connectors if it.transaction is not None and evse in (None, it.id)]
        if not running:
            return _Triggered.REJECTED
        for connector in running:
            self._host.perform(model.trigger(connector, self._host.now()))
        return _Triggered.ACCEPTED

    async def _send_heartbeat(self) -> None:
        await self._host.call(v201.Heartbeat())

    async def _send_firmware_status(self) -> None:
        await self._host.call(v201.FirmwareStatusNotification(status=v201.FirmwareStatusEnumType.IDLE))

    async def _send_log_status(self) -> None:
        await self._host.call(v201.LogStatusNotification(status=v201.UploadLogStatusEnumType.IDLE))

    async def _send_meter_values(self, evse: int | None) -> None:
        at = self._host.clock()
        for number in range(1, len(self._host.model.connectors) + 1) if evse is None else [evse]:
            sample = self._host.model.sample(number, self._host.now())
            if values := meter_values([(sample, Context.TRIGGER, at)], self._host.settings.aligned_measurands):
                await self._host.call(v201.MeterValues(evse_id=number, meter_value=values))

    async def _send_report(self, request_id: int, entries: Sequence[v201.ReportDataType]) -> None:
        """Send the parts of a report (DM-005)."""
        parts = [entries[start : start + ENTRIES_PER_REPORT] for start in range(0, len(entries), ENTRIES_PER_REPORT)]
        for seq_no, part in enumerate(parts):
            await self._host.call(
                v201.NotifyReport(
                    request_id=request_id,
                    generated_at=self._host.clock(),
                    report_data=list(part),
                    seq_no=seq_no,
                    tbc=seq_no < len(parts) - 1,
                )
            )


def _not_accepted() -> v201.StatusInfoType:
    return v201.StatusInfoType(reason_code="CSNotAccepted")
