"""The charging station management system that `chargewire serve` runs."""
