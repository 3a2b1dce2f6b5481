"""OCPP over WebSockets, typed: server, client, management system and simulator."""
