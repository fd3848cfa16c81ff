"""Benchmarks of reads, writes and live lists against other implementations: `python3 dev bench`."""
