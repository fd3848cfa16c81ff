"""Servers of our own, for those who bring none: a Postgres and a Valkey in a data directory."""
