"""Imports parsed files by the commands of the API, so that business rules apply and the history is written."""
