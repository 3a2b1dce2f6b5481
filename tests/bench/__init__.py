"""Our server beside its peers, under one load generator, in one run. Start it with ``make bench``."""
