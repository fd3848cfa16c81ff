"""Names the rows of docs/features.md that a test shows, so that their coverage can be counted."""

import pytest


def covers(*ids: str) -> pytest.MarkDecorator:
    """Mark a test with the ids of rows that it shows, alone or with the other tests that name them.

    An id counts only if the tests that name it show its whole row: breaking any part of what the
    row says turns one of them red. A test that shows a part of a row which no other test
    completes does not name it.
    """
    return pytest.mark.covers(*ids)
