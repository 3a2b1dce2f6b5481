"""Simulated charging stations that behave like real ones."""
