"""What several kinds of tests share: processes on free ports, and a WebSocket peer that may misbehave."""
