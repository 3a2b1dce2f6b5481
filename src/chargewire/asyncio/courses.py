"""What a CSMS asks of stations, on each of its paths. Knows nothing about sockets, nor what is said on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chargewire import handshake
from chargewire.door import Access, Door
from chargewire.handshake import Accept, Authenticator, Handshake, NoSubprotocol, Refused, Reject, Terms
from chargewire.paths import Router
from chargewire.protocol import Version
from chargewire.security import SecurityProfile

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[S_co]):
    """What is different for stations that connect by one path; ``None`` is as for all of the CSMS.

    Attributes:
        versions: to speak there, of those of the CSMS.
        authenticate: decides there.
        security_profile: the least a station must use there.
        networks: that may connect there, beyond what :class:`~chargewire.Door` asks. Empty means all.
        origins: of web pages that may connect there, beyond what :class:`~chargewire.Door` asks. Empty means all.
    """

    versions: Sequence[Version] | None = None
    authenticate: Authenticator[S_co] | None = None
    security_profile: SecurityProfile | None = None
    networks: Collection[str] = ()
    origins: Collection[str] = ()


class Courses(Generic[S]):
    """The ways in.

    Attributes:
        router: of paths; ``None`` when every path leads in.
        profiles: the least that stations must use, on any path.
    """

    def __init__(  # noqa: PLR0917
        self,
        spoken: Collection[str],
        authenticate: Authenticator[S],
        profile: SecurityProfile,
        on_no_subprotocol: NoSubprotocol,
        door: Door,
        routes: Mapping[str, Route[S]],
    ) -> None:
        self._on_no_subprotocol: NoSubprotocol = on_no_subprotocol
        self._access = Access(door.networks, door.origins)
        main = _Course(tuple(spoken), authenticate, profile, Access())
        self._courses: dict[str | None, _Course[S]] = {None: main}
        if routes:
            self._courses = {pattern: _narrow(main, route) for pattern, route in routes.items()}
        self.router = Router(dict.fromkeys(routes)) if routes else None
        self.profiles = frozenset(course.profile for course in self._courses.values())

    def spoken(self, asked: Handshake) -> Collection[str]:
        """Return the subprotocols for a station."""
        return self._courses[asked.route].spoken

    def decide(self, asked: Handshake, key: str, *, deflate: bool, organization: str | None) -> Terms:
        """Run the steps that need no waiting.

        Raises:
            Refused: one of them refuses.
        """
        course = self._courses[asked.route]
        if reject := self._access.check(asked) or course.access.check(asked):
            raise Refused(reject, asked.identity)
        return handshake.decide(
            asked, key, spoken=course.spoken, on_no_subprotocol=self._on_no_subprotocol, deflate=deflate,
            profile=course.profile, organization=organization,
        )  # fmt: skip

    async def authenticate(self, asked: Handshake) -> Accept[S] | Reject:
        """Ask the user's code."""
        return await self._courses[asked.route].authenticate(asked)


@dataclass(frozen=True, slots=True)
class _Course(Generic[S]):
    spoken: tuple[str, ...]
    authenticate: Authenticator[S]
    profile: SecurityProfile
    access: Access


def _narrow(main: _Course[S], route: Route[S]) -> _Course[S]:
    spoken = main.spoken if route.versions is None else tuple(version.SUBPROTOCOL for version in route.versions)
    if not spoken or set(spoken) - set(main.spoken):
        raise ValueError(f"versions: a route speaks {', '.join(spoken) or 'none'}; the CSMS {', '.join(main.spoken)}")
    return _Course(
        spoken,
        route.authenticate or main.authenticate,
        main.profile if route.security_profile is None else SecurityProfile(route.security_profile),
        Access(route.networks, route.origins),
    )
