"""What the CSMS answers to stations: one module per functional block and version.

Handlers translate between messages and the domain, and nothing else: rules are in the domain, storage in the store.
"""

from __future__ import annotations

from collections.abc import Sequence

from chargewire import Handlers
from chargewire.backoffice.handlers import v16, v201
from chargewire.backoffice.services import Services

__all__ = ["handlers"]


def handlers(services: Services) -> Sequence[Handlers]:
    """Make the handlers of all versions."""
    return (*v16.handlers(services), *v201.handlers(services))
