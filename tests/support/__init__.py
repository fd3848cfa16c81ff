"""Helpers shared by tests, among them the application with its demonstration data."""
