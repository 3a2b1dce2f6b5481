"""The servers under measurement. Each listens on a free port, prints ``READY <port>`` and answers until terminated."""
