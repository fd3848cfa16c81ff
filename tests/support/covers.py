"""Marker for the rows of docs/features.md that a test proves, from which their coverage is counted."""

import pytest


def covers(*ids: str) -> pytest.MarkDecorator:
    """Mark a test with the ids of rows that it proves, by itself or together with other tests.

    The tests with an id must cover the entire row: each statement of the row fails one of them if
    it is broken. A test must not name a row that remains partly untested.
    """
    return pytest.mark.covers(*ids)
