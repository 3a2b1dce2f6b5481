"""Which function answers which request. Knows nothing about sockets or when a handler runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, overload

from chargewire.messages import NoReply, Request, Response, Send

if TYPE_CHECKING:
    from chargewire.asyncio.connection import Connection

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T", bound=Send)
H = TypeVar("H")
C = TypeVar("C", bound="Connection")

ANY_ACTION: Final = "*"

Handler = Callable[[Any, Any], Awaitable[Any]]
Key = type[Request[Any, Any]] | type[Send] | str
"""What a handler is registered for: a message of one version, an action of any version, or :data:`ANY_ACTION`."""
Table = Mapping[Key, Handler]

_MARK = "__chargewire_handles__"


class Mark(Protocol[Q, R]):
    """Marks a method as the answer to one request, and returns it as it is."""

    @overload
    def __call__(self, method: Callable[[H, C, Q], Awaitable[R]], /) -> Callable[[H, C, Q], Awaitable[R]]: ...
    @overload
    def __call__(
        self, method: Callable[[H, C, Q], Awaitable[R | NoReply]], /
    ) -> Callable[[H, C, Q], Awaitable[R | NoReply]]: ...


class Registration(Protocol[C, Q, R]):
    """Registers a function as the answer to one request, and returns it as it is."""

    @overload
    def __call__(self, handler: Callable[[C, Q], Awaitable[R]], /) -> Callable[[C, Q], Awaitable[R]]: ...
    @overload
    def __call__(
        self, handler: Callable[[C, Q], Awaitable[R | NoReply]], /
    ) -> Callable[[C, Q], Awaitable[R | NoReply]]: ...


def on(request: type[Request[Q, R]]) -> Mark[Q, R]:
    """Mark a method of a :class:`Handlers` subclass as the answer to ``request``.

    The method takes the connection (a :class:`~chargewire.Station` on a CSMS) and the request, and returns the
    response, or :data:`~chargewire.NO_REPLY` to send none. Raising :exc:`~chargewire.errors.CallRejected` answers with
    a CALLERROR.
    """

    def mark(method: Any) -> Any:
        setattr(method, _MARK, request)
        return method

    return mark


def on_action(
    action: str,
) -> Callable[
    [Callable[[H, C, Request[Any, Any]], Awaitable[Response]]],
    Callable[[H, C, Request[Any, Any]], Awaitable[Response]],
]:
    """Mark a method of a :class:`Handlers` subclass as the answer to ``action``, whichever version it comes in.

    A handler of the request itself comes first, then one of its action, then one of :data:`~chargewire.ANY_ACTION`.
    """

    def mark(
        method: Callable[[H, C, Request[Any, Any]], Awaitable[Response]],
    ) -> Callable[[H, C, Request[Any, Any]], Awaitable[Response]]:
        setattr(method, _MARK, action)
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
        found: dict[Key, Handler] = {}
        for cls in reversed(type(self).__mro__):
            own: dict[Key, str] = {}
            for name, member in vars(cls).items():
                if (key := getattr(member, _MARK, None)) is None:
                    continue
                if key in own:
                    raise TypeError(f"{cls.__name__}: {own[key]} and {name} both handle {_name(key)}")
                own[key] = name
                method = getattr(self, name)
                # Two bases may use one name for two requests: the method that is hidden by it still handles its own.
                found[key] = method if getattr(method, _MARK, key) == key else member.__get__(self)
        return found


class Registry(Generic[C]):
    """Base of what answers requests by functions that register themselves.

    A request goes to the handler of exactly its class; if there is none, to that of its action, and then to that of
    :data:`~chargewire.ANY_ACTION`. Each of them gets what has been validated: an action that the version does not have
    reaches none.

    Args:
        handlers: objects with methods marked by :func:`on`.
    """

    def __init__(self, handlers: Handlers | Iterable[Handlers]) -> None:
        self._handlers = merge([handlers] if isinstance(handlers, Handlers) else handlers)

    def on(self, request: type[Request[Q, R]]) -> Registration[C, Q, R]:
        """Register a function as the answer to ``request``.

        The function takes the connection and the request, and returns the response, or :data:`~chargewire.NO_REPLY` to
        send none. Raising :exc:`~chargewire.errors.CallRejected` answers with a CALLERROR.

        Raises:
            ValueError: there is one already.
        """

        def register(handler: Any) -> Any:
            self._register(request, handler)
            return handler

        return register

    def on_action(
        self, action: str
    ) -> Callable[
        [Callable[[C, Request[Any, Any]], Awaitable[Response]]], Callable[[C, Request[Any, Any]], Awaitable[Response]]
    ]:
        """Register a function as the answer to ``action``, whichever version it comes in.

        Args:
            action: as in OCPP, such as ``"Reset"``; or :data:`~chargewire.ANY_ACTION` for all that nobody else handles.

        Raises:
            ValueError: there is one already.
        """

        def register(
            handler: Callable[[C, Request[Any, Any]], Awaitable[Response]],
        ) -> Callable[[C, Request[Any, Any]], Awaitable[Response]]:
            self._register(action, handler)
            return handler

        return register

    def remove_handler(self, key: Key) -> None:
        """Let nobody answer ``key`` any more; calls that are being handled go on.

        Args:
            key: what the handler was registered for: a message class, an action, or :data:`~chargewire.ANY_ACTION`.

        Raises:
            ValueError: nobody does.
        """
        if self._handlers.pop(key, None) is None:
            raise ValueError(f"{_name(key)} has no handler")

    def _register(self, key: Key, handler: Handler) -> None:
        if key in self._handlers:
            raise ValueError(f"{_name(key)} already has a handler")
        self._handlers[key] = handler


def find(table: Table, request: Request[Any, Any]) -> Handler | None:
    """Return who answers a request: the handler of its class, else of its action, else of any action."""
    kind = type(request)
    handler = table.get(kind)
    return handler if handler is not None else table.get(kind.__name__, table.get(ANY_ACTION))


def merge(handlers: Iterable[Handlers]) -> dict[Key, Handler]:
    """Join the tables of several objects.

    Raises:
        TypeError: two of them handle the same request.
    """
    merged: dict[Key, Handler] = {}
    for one in handlers:
        for key, handler in one.table().items():
            if key in merged:
                raise TypeError(f"{type(one).__name__}: {_name(key)} already has a handler")
            merged[key] = handler
    return merged


def _name(key: Key) -> str:
    return key if isinstance(key, str) else f"{key.__module__}.{key.__name__}"
