"""What the CSMS answers to stations: one module per functional block and version.

Handlers translate between messages and the domain, and nothing else: rules are in the domain, storage in the store.
"""

from __future__ import annotations

from collections.abc import Sequence

import chargewire.v16
import chargewire.v201
from chargewire import Handlers
from chargewire.backoffice.handlers import v16, v201
from chargewire.backoffice.services import Services
from chargewire.protocol import Version

__all__ = ["VERSIONS", "handlers"]

VERSIONS: Sequence[Version] = (chargewire.v16, chargewire.v201)
"""What the CSMS speaks. A station that offers 2.1 too is met in 2.0.1, which it should speak as well (CON-014)."""


def handlers(services: Services) -> Sequence[Handlers]:
    """Make the handlers of all versions."""
    return (*v16.handlers(services), *v201.handlers(services))
