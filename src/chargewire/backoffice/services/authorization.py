"""Who may charge, asked of the store. Knows no message of any version."""

from __future__ import annotations

from chargewire.backoffice.domain import Decision, PresentedToken, Registration, TokenStatus, UnknownTokens, decide
from chargewire.backoffice.domain.authorization import CENTRAL, NO_AUTHORIZATION
from chargewire.backoffice.services.connections import Connections, Scope
from chargewire.backoffice.services.sessions import Peer


class Authorization:
    """Judges the tokens that stations present."""

    def __init__(self, connections: Connections, *, unknown_tokens: UnknownTokens) -> None:
        self._connections = connections
        self._unknown_tokens = unknown_tokens

    async def authorize(self, station: Peer, token: PresentedToken) -> Decision:
        """Judge a token before anything is charged."""

        def judge(scope: Scope) -> Decision:
            return self.judge(scope, token)

        return await self._connections.write(station, judge)

    def judge(self, scope: Scope, token: PresentedToken) -> Decision:
        """Judge a token within a unit of work.

        A station that is not accepted hears that every token is invalid: nobody knows yet whose it is, and it could
        otherwise find out which tokens are good.
        """
        if self._connections.registration(scope.claim) is not Registration.ACCEPTED:
            return Decision(TokenStatus.INVALID)
        if token.type == NO_AUTHORIZATION:  # AUT-010: a start button
            return Decision(TokenStatus.ACCEPTED)
        known = scope.unit.id_tokens.find(token.token, type=token.type)
        if known is None and token.type == CENTRAL:
            # The CSMS itself let this one charge, for a driver whose card may be on record: the text decides.
            known = scope.unit.id_tokens.find(token.token, type=None)
        return decide(known, now=scope.now, unknown=self._unknown_tokens)
