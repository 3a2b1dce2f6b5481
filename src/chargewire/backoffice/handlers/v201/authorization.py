"""Who may charge, OCPP 2.0.1 block C."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.domain import Decision, PresentedToken
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class AuthorizationHandlers(GatedHandlers):
    """Tells stations about tokens."""

    @on(v201.Authorize)
    async def authorize(self, station: ChargingStation, request: v201.Authorize) -> v201.AuthorizeResponse:
        """Answer with the status of the token (AUT-006)."""
        decision = await self._services.authorization.authorize(station, presented_token(request.id_token))
        return v201.AuthorizeResponse(id_token_info=id_token_info(decision))


def presented_token(id_token: v201.IdTokenType) -> PresentedToken:
    """Read a token; what is attached to it does not count (AUT-004)."""
    return PresentedToken(id_token.id_token, id_token.type.value)


def id_token_info(decision: Decision) -> v201.IdTokenInfoType:
    """Write a decision in the words of OCPP 2.0.1."""
    return v201.IdTokenInfoType(
        status=v201.AuthorizationStatusEnumType(decision.status.value),
        cache_expiry_date_time=decision.expires_at,
    )
