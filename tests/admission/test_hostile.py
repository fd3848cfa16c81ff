"""The cost of validating a document is proportional to its length."""

from __future__ import annotations

import gc
import sys
from types import FrameType

import pytest

from schema.admission import DocumentError, DocumentRejected, Documents, Limits
from tests.admission.hostile import GROWING, MOST_TOKENS, largest
from tests.admission.world import world

# Maximum calls for a document of 2,000 tokens; measured at under 280,000, of which nearly all are
# graphql-core's, for each node and each rule.
MOST_CALLS = 400_000


def _work(text: str) -> int:
    """Return the number of Python and C calls that admitting the text takes."""
    documents = Documents(world(), Limits(), size=0)
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        documents.get(text)
    except DocumentRejected:
        pass
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("name", GROWING)
def test_twice_the_document_takes_about_twice_the_work(name: str) -> None:
    size, write = GROWING[name]
    half, whole = _work(write(size // 2)), _work(write(size))
    assert whole <= 2.2 * half + 500


@pytest.mark.parametrize("name", largest())
def test_the_work_is_bounded(name: str) -> None:
    assert _work(largest()[name]) < MOST_CALLS


def _refusals(text: str) -> tuple[DocumentError, ...]:
    try:
        Documents(world(), Limits()).get(text)
    except DocumentRejected as refused:
        return refused.errors
    return ()


@pytest.mark.parametrize("name", GROWING)
def test_growing_documents_are_fully_validated(name: str) -> None:
    size, write = GROWING[name]
    for problem in _refusals(write(size)):
        assert f"more than {MOST_TOKENS:,} tokens" not in problem.message
        assert "characters" not in problem.message


@pytest.mark.parametrize("name", largest())
def test_hostile_documents_get_few_and_short_errors(name: str) -> None:
    errors = _refusals(largest()[name])
    assert len(errors) <= 5
    assert all(len(problem.message) < 320 for problem in errors)


def test_a_refused_or_dropped_document_leaves_nothing_for_the_collector() -> None:
    documents, texts = Documents(world(), Limits(), size=0), list(largest().values())
    gc.collect()
    gc.freeze()  # objects of other tests are not scanned for every document
    try:
        most = max(_collected_objects(documents, text) for text in texts)
    finally:
        gc.unfreeze()
    assert most < 400


def _collected_objects(documents: Documents, text: str) -> int:
    """Return the number of objects that the collector finds after a document was refused."""
    gc.collect()
    gc.disable()
    try:
        documents.get(text)
    except DocumentRejected:
        pass
    finally:
        left = gc.collect()
        gc.enable()
    return left
