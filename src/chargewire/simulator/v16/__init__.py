"""OCPP 1.6, spoken by a simulated station."""
