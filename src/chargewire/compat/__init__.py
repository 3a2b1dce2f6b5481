"""Bridges to other libraries: code written for them runs on our server as it is. Nothing here is imported unasked."""
