"""Names the features and decisions that a test shows, so that their coverage can be printed."""

import pytest


def covers(*ids: str) -> pytest.MarkDecorator:
    """Mark a test with the ids it shows; breaking one of them turns the test red."""
    return pytest.mark.covers(*ids)
