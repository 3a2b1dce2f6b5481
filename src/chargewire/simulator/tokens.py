"""What a station knows about id tokens by itself: the authorization cache and the local list. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from .actions import IdToken
from .settings import Settings

CACHE_SIZE = 1000


class Verdict(Enum):
    """What to do about a token."""

    ACCEPT = auto()
    REFUSE = auto()
    ASK = auto()


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What the CSMS said about a token."""

    accepted: bool
    group: IdToken | None = None
    expires_at: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether the token may charge at that time."""
        return self.accepted and (self.expires_at is None or at < self.expires_at)


class Tokens:
    """The authorization cache and the local list of one station.

    Attributes:
        list_version: Of the local list; 0 while there is none.
    """

    def __init__(self, settings: Settings) -> None:
        self.list_version = 0
        self._settings = settings
        self._cache: dict[IdToken, TokenInfo] = {}
        self._list: dict[IdToken, TokenInfo] = {}

    def decide(self, id_token: IdToken, at: datetime, *, online: bool) -> tuple[Verdict, TokenInfo | None]:
        """Judge a token that was presented (AUT-002, OFF-001, OFF-002).

        Returns:
            The verdict, and what is known about the token.
        """
        info = self._look_up(id_token)
        valid = info is not None and info.is_valid(at)
        if online:
            return (Verdict.ACCEPT if valid and self._settings.local_pre_authorize else Verdict.ASK), info
        if info is None:
            return (Verdict.ACCEPT if self._settings.allow_offline_unknown else Verdict.REFUSE), None
        return (Verdict.ACCEPT if valid and self._settings.local_authorize_offline else Verdict.REFUSE), info

    def learn(self, id_token: IdToken, info: TokenInfo) -> None:
        """Remember an answer of the CSMS (CAC-001), but not about a token of the local list (CAC-005)."""
        key = _key(id_token)
        if not self._settings.authorization_cache or (self._settings.local_list and key in self._list):
            return
        self._cache.pop(key, None)
        if len(self._cache) >= CACHE_SIZE:
            # CAC-003: invalid ones first, then the oldest.
            useless = next((known for known, entry in self._cache.items() if not entry.accepted), None)
            del self._cache[useless or next(iter(self._cache))]
        self._cache[key] = info

    def clear_cache(self) -> bool:
        """Forget all answers; False when the cache is switched off (CAC-006)."""
        self._cache.clear()
        return self._settings.authorization_cache

    def replace_list(self, version: int, entries: Mapping[IdToken, TokenInfo]) -> None:
        """Take a full list (LAL-003)."""
        self._list = {_key(id_token): info for id_token, info in entries.items()}
        self.list_version = version

    def update_list(self, version: int, entries: Mapping[IdToken, TokenInfo | None]) -> bool:
        """Take a differential list, where an entry without info is to be removed (LAL-003).

        Returns:
            False when the version is not newer; the list is unchanged then (LAL-004).
        """
        if version <= self.list_version:
            return False
        for id_token, info in entries.items():
            if info is None:
                self._list.pop(_key(id_token), None)
            else:
                self._list[_key(id_token)] = info
        self.list_version = version
        return True

    def _look_up(self, id_token: IdToken) -> TokenInfo | None:
        key = _key(id_token)
        if self._settings.local_list and key in self._list:
            return self._list[key]  # CAC-005: the list wins over the cache
        return self._cache.get(key) if self._settings.authorization_cache else None


def _key(id_token: IdToken) -> IdToken:
    return IdToken(id_token.value.casefold(), id_token.type)
