"""Statistics: NumPy in, numbers out. No I/O, no metric, no network."""
