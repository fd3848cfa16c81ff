"""Admitted documents are cached within bounds, refused ones are not."""

from __future__ import annotations

import pytest

from schema.admission import DocumentRejected, Documents, Limits
from tests.admission.world import world


def test_same_text_is_admitted_once() -> None:
    documents = Documents(world(), Limits())
    assert documents.get("{ hello }") is documents.get("{ hello }")
    assert documents.get("{ hello  }") is not documents.get("{ hello }")
    assert len(documents) == 2


def test_least_recently_used_document_is_evicted_first() -> None:
    documents = Documents(world(), Limits(), size=2)
    first = documents.get("{ hello }")
    second = documents.get("{ cat { id } }")
    assert documents.get("{ hello }") is first
    documents.get("{ dog { id } }")
    assert len(documents) == 2
    assert documents.get("{ hello }") is first
    assert documents.get("{ cat { id } }") is not second


def test_total_characters_are_bounded() -> None:
    documents = Documents(world(), Limits(), characters=30)
    for name in ("cat", "dog", "pet", "named"):
        documents.get(f"{{ {name} {{ __typename }} }}")
    assert len(documents) == 1
    last = documents.get("{ named { __typename } }")
    documents.get("{ hello }" + " " * 100)
    assert len(documents) == 1, "a document longer than the cache is not stored"
    assert documents.get("{ named { __typename } }") is last, "and pushes nothing out"


@pytest.mark.parametrize("text", ["{ helo }", "{", '{ echo(text: "\ud800") }', "{ a }" * 9_000])
def test_refusals_are_not_cached(text: str) -> None:
    documents = Documents(world(), Limits())
    for _ in range(2):
        with pytest.raises(DocumentRejected):
            documents.get(text)
    assert len(documents) == 0


def test_a_thousand_documents_stay_within_the_bounds() -> None:
    documents = Documents(world(), Limits(), size=100)
    for number in range(1_000):
        documents.get(f"{{ x{number}: hello }}")
    assert len(documents) == 100
