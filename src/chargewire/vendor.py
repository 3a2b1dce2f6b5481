"""Versions with a vendor's own actions beside those of OCPP. Knows nothing about connections."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from chargewire.messages import Action, Direction, Kind, Request, Response, Send

if TYPE_CHECKING:
    from chargewire.protocol import Version


class ExtendedVersion:
    """A version that knows further actions; everything else is that of the version it extends."""

    def __init__(self, version: Version, actions: Mapping[str, Action]) -> None:
        self._version = version
        self._actions = actions

    @property
    def SUBPROTOCOL(self) -> str:  # noqa: N802 - as of a version
        """The name of the version in ``Sec-WebSocket-Protocol``: on the wire it is the same."""
        return self._version.SUBPROTOCOL

    @property
    def ACTIONS(self) -> Mapping[str, Action]:  # noqa: N802
        """Every action by name."""
        return self._actions

    def __repr__(self) -> str:
        return f"<{self.SUBPROTOCOL} with {len(self.ACTIONS)} actions>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._version, name)


def extended(
    version: Version,
    *messages: type[Request[Any, Any] | Send],
    direction: Direction = Direction.BOTH,
) -> ExtendedVersion:
    """Return ``version`` with a vendor's own actions, to give to a CSMS or a charge point in its place.

    A message is a class like those of OCPP, whose name is the action::

        class Unlatch(Request["Unlatch", UnlatchResponse], frozen=True): ...

    It is called, handled and validated like any other. Extend again for messages of another direction.

    Args:
        version: such as :mod:`chargewire.v16`.
        messages: requests; or SENDs, which only OCPP 2.1 has.
        direction: who may send them.

    Raises:
        ValueError: the version has an action of this name already, or no SENDs.
        TypeError: a request does not name its response.
    """
    actions = dict(version.ACTIONS)
    for message in messages:
        name = message.__name__
        if name in actions:
            raise ValueError(f"{name} is an action of {version.SUBPROTOCOL} already")
        if issubclass(message, Send):
            if version.SUBPROTOCOL != "ocpp2.1":
                raise ValueError(f"{name}: {version.SUBPROTOCOL} has no SEND")
            actions[name] = Action(name, message, None, direction, Kind.SEND)
        else:
            actions[name] = Action(name, message, _response_of(message), direction)
    return ExtendedVersion(version, MappingProxyType(actions))


def _response_of(request: type[Request[Any, Any]]) -> type[Response]:
    """Read the response out of the generic base: a class has no other attribute that names it.

    Raises:
        TypeError: there is none, or it is only quoted.
    """
    for base in getattr(request, "__orig_bases__", ()):
        match get_args(base):
            case (_, type() as response) if issubclass(response, Response):
                return response
            case _:
                continue
    raise TypeError(
        f"{request.__name__}: expected a base Request[{request.__name__!r}, RESPONSE], RESPONSE being a class"
    )
