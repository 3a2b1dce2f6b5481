"""Simulated charging stations that behave like real ones.

One station is a `SimulatedStation`, made of what its `StationConfig` says; a `Fleet` is many of them in one process.
"""

from .actions import IdToken
from .config import StationConfig
from .driver import Habits
from .fleet import Fleet, FleetStatus, identities
from .meter import AC_7_KW, AC_22_KW, DC_50_KW, Supply, Vehicle
from .settings import Settings
from .station import SimulatedStation

__all__ = [
    "AC_7_KW",
    "AC_22_KW",
    "DC_50_KW",
    "Fleet",
    "FleetStatus",
    "Habits",
    "IdToken",
    "Settings",
    "SimulatedStation",
    "StationConfig",
    "Supply",
    "Vehicle",
    "identities",
]
