"""Manifests of trusted documents: the formats that are read, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from schema.engine.manifests import (
    LONGEST_IDENTIFIER,
    ManifestError,
    identifier_of,
    normalize,
    read_manifest,
    read_manifest_file,
    write_manifest,
)

TEXT = "query A { viewer { id } }"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
MD5 = hashlib.md5(TEXT.encode(), usedforsecurity=False).hexdigest()
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": DIGEST, "name": "A", "type": "query", "body": TEXT}],
}


def test_identifier_is_that_of_the_specification() -> None:
    """The example of GraphQL over HTTP, appendix A."""
    text = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    expected = "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"
    assert identifier_of(text) == f"sha256:{expected}"


@pytest.mark.parametrize(
    ("manifest", "id"),
    [
        ({f"sha256:{DIGEST}": TEXT}, f"sha256:{DIGEST}"),
        ({DIGEST: TEXT}, f"sha256:{DIGEST}"),  # GraphQL Code Generator and relay-compiler, SHA-256
        ({MD5: TEXT}, MD5),  # relay-compiler by default
        ({"x-build:42~A": TEXT}, "x-build:42~A"),
        (APOLLO, f"sha256:{DIGEST}"),
        ({}, None),
    ],
)
def test_formats_of_generators_are_read(manifest: object, id: str | None) -> None:
    assert read_manifest(json.dumps(manifest).encode()) == ({} if id is None else {id: TEXT})


def test_written_manifest_is_read_again() -> None:
    documents = {identifier_of(TEXT): TEXT, "x-own:b": "query B { __typename }"}
    assert read_manifest(write_manifest(documents)) == documents


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "must be an object"),
        (b'{"sha256:00": "query A { viewer { id } }"}', "is not the SHA-256 of its document"),
        (json.dumps({DIGEST: TEXT + " "}).encode(), "is not the SHA-256 of its document"),
        (b'{"sha1:00": "{ a }"}', "is not a document identifier"),
        (b'{"": "{ a }"}', "is not a document identifier"),
        (b'{"a b": "{ a }"}', "is not a document identifier"),
        (b'{"a": ""}', "must be GraphQL text"),
        (b'{"a": null}', "must be GraphQL text"),
        (b'{"a": "{ a }\\u0000"}', "must be GraphQL text"),
        (json.dumps({**APOLLO, "operations": {}}).encode(), "`operations`"),
        (json.dumps({**APOLLO, "operations": [{"body": TEXT}]}).encode(), "document identifier"),
    ],
)
def test_unusable_manifest_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(content)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"absent\.json cannot be read"):
        read_manifest_file(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "id",
    ["", "a" * (LONGEST_IDENTIFIER + 1), "a:b", "md5:00", "ä", "a\0", "a\n", "sha256:", "x-:a"],
)
def test_malformed_identifier_is_refused(id: str) -> None:
    assert normalize(id) is None
