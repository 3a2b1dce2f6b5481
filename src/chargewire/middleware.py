"""An onion of layers around every call, incoming and outgoing. Knows nothing about handlers or sockets."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chargewire.messages import Request, Response

if TYPE_CHECKING:
    from chargewire.asyncio.connection import Connection


@dataclass(frozen=True, slots=True)
class Exchange:
    """One CALL and its answer to come.

    Attributes:
        direction: ``"incoming"`` when the peer asks, ``"outgoing"`` when we do.
        id: the message id.
        action: the OCPP action.
        request: the payload; a layer may hand another one on with :func:`dataclasses.replace`.
        connection: where it happens.
    """

    direction: Literal["incoming", "outgoing"]
    id: str
    action: str
    request: Request[Any, Any]
    connection: Connection


Proceed = Callable[[Exchange], Awaitable[Response]]
Middleware = Callable[[Exchange, Proceed], Awaitable[Response]]


def compose(layers: Sequence[Middleware], innermost: Proceed) -> Proceed:
    """Wrap ``innermost`` in ``layers``, the first of them outermost.

    A layer may change the exchange it hands on, change the response it returns, raise
    :exc:`~chargewire.errors.CallRejected` instead, or answer without proceeding.
    """
    proceed = innermost
    for layer in reversed(layers):
        proceed = functools.partial(_call_layer, layer, proceed)
    return proceed


def _call_layer(layer: Middleware, proceed: Proceed, exchange: Exchange) -> Awaitable[Response]:
    return layer(exchange, proceed)
