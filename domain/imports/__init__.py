"""Parsing of import files: pure functions of rows."""
