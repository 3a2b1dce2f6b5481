"""OCPP 2.0.1, spoken by a simulated station."""
