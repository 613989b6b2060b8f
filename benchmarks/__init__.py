"""What lakelab promises in figures, measured: ``make bench``."""
