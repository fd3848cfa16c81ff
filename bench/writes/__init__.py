"""Writes, measured beside hand-written SQL that leaves the same behind."""
