"""Who may charge, OCPP 1.6."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.domain import Decision, PresentedToken
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.authorization import Authorization


class AuthorizationHandlers(Handlers):
    """Tells stations about tokens."""

    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization

    @on(v16.Authorize)
    async def authorize(self, station: ChargingStation, request: v16.Authorize) -> v16.AuthorizeResponse:
        """Answer with the status of the tag (AUT-006)."""
        decision = await self._authorization.authorize(station, PresentedToken(request.id_tag))
        return v16.AuthorizeResponse(id_tag_info=id_tag_info(decision))


def id_tag_info(decision: Decision) -> v16.IdTagInfo:
    """Write a decision in the words of OCPP 1.6."""
    return v16.IdTagInfo(status=v16.AuthorizationStatus(decision.status.value), expiry_date=decision.expires_at)
