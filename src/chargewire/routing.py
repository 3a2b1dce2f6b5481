"""Which function answers which request. Knows nothing about sockets or when a handler runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from chargewire.messages import Request, Send

if TYPE_CHECKING:
    from chargewire.asyncio.connection import Connection

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T", bound=Send)
H = TypeVar("H")
C = TypeVar("C", bound="Connection")

Handler = Callable[[Any, Any], Awaitable[Any]]
Table = Mapping[type[Request[Any, Any]] | type[Send], Handler]

_MARK = "__chargewire_handles__"


def on(
    request: type[Request[Q, R]],
) -> Callable[[Callable[[H, C, Q], Awaitable[R]]], Callable[[H, C, Q], Awaitable[R]]]:
    """Mark a method of a :class:`Handlers` subclass as the answer to ``request``.

    The method takes the connection (a :class:`~chargewire.Station` on a CSMS) and the request, and returns the
    response. Raising :exc:`~chargewire.errors.CallRejected` answers with a CALLERROR.
    """

    def mark(method: Callable[[H, C, Q], Awaitable[R]]) -> Callable[[H, C, Q], Awaitable[R]]:
        setattr(method, _MARK, request)
        return method

    return mark


def on_send(
    message: type[T],
) -> Callable[[Callable[[H, C, T], Awaitable[None]]], Callable[[H, C, T], Awaitable[None]]]:
    """Mark a method of a :class:`Handlers` subclass as the receiver of an OCPP 2.1 SEND, which has no answer."""

    def mark(method: Callable[[H, C, T], Awaitable[None]]) -> Callable[[H, C, T], Awaitable[None]]:
        setattr(method, _MARK, message)
        return method

    return mark


class Handlers:
    """Base of handlers that live in a class: methods marked with :func:`on`, state in ``self``."""

    def table(self) -> Table:
        """Collect the marked methods, those of subclasses over those of bases.

        Raises:
            TypeError: two methods of one class are marked for the same request.
        """
        found: dict[type[Request[Any, Any] | Send], Handler] = {}
        for cls in reversed(type(self).__mro__):
            own: dict[type[Request[Any, Any] | Send], str] = {}
            for name, member in vars(cls).items():
                if (request := getattr(member, _MARK, None)) is None:
                    continue
                if request in own:
                    raise TypeError(f"{cls.__name__}: {own[request]} and {name} both handle {request.__name__}")
                own[request] = name
                method = getattr(self, name)
                # Two bases may use one name for two requests: the method that is hidden by it still handles its own.
                found[request] = method if getattr(method, _MARK, request) is request else member.__get__(self)
        return found


def merge(handlers: Iterable[Handlers]) -> dict[type[Request[Any, Any] | Send], Handler]:
    """Join the tables of several objects.

    Raises:
        TypeError: two of them handle the same request.
    """
    merged: dict[type[Request[Any, Any] | Send], Handler] = {}
    for one in handlers:
        for request, handler in one.table().items():
            if request in merged:
                raise TypeError(f"{type(one).__name__}: {request.__name__} already has a handler")
            merged[request] = handler
    return merged
