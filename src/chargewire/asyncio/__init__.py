"""asyncio shells around the core: sockets, clock, tasks and logs live here."""
