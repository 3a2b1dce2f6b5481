"""The HTTP side of the CSMS as one ASGI application: REST, the live bridge, the portal."""

from chargewire.backoffice.api.application import Api

__all__ = ["Api"]
