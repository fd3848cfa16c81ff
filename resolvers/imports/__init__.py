"""Keeps what was read from files elsewhere, by the deeds that people have: their rules hold, and the history tells."""
