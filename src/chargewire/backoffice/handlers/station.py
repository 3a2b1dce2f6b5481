"""The type of the stations that handlers of the CSMS are called with."""

from chargewire import Station
from chargewire.backoffice.services import StationSession

ChargingStation = Station[StationSession]
