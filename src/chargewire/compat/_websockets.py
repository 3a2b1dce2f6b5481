"""The names of the PyPI package ``websockets`` that existing code catches and compares with; stand-ins without it.

Where ``websockets`` is installed these are its own classes, so that ``except websockets.ConnectionClosed`` and
``connection.state is State.OPEN`` mean what they always meant. Where it is not, nobody can have imported them.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

__all__ = ["Close", "ConnectionClosed", "ConnectionClosedError", "ConnectionClosedOK", "State", "ending"]

if TYPE_CHECKING or find_spec("websockets"):
    from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
    from websockets.frames import Close
    from websockets.protocol import State
else:
    from chargewire.compat._without_websockets import (
        Close,
        ConnectionClosed,
        ConnectionClosedError,
        ConnectionClosedOK,
        State,
    )

_OK = frozenset({1000, 1001, 1005})
_ABNORMAL = 1006


def ending(code: int, reason: str, by: str) -> ConnectionClosed:
    """Make the exception for a connection that ended with ``code``; ``by`` is who began, ``"us"`` or ``"peer"``."""
    frame = None if code == _ABNORMAL else Close(code, reason)
    if frame is not None and code in _OK:
        return ConnectionClosedOK(frame, frame, by == "peer")
    if frame is None or by == "us":
        return ConnectionClosedError(None, frame)
    return ConnectionClosedError(frame, frame, rcvd_then_sent=True)
