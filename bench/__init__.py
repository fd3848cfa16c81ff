"""Measures reads, writes and live lists beside others that do the same: `python3 dev bench`."""
