"""Reads and writes manifests of trusted documents: JSON files with the texts of documents by identifier."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import orjson

IDENTIFIER = re.compile(r"(?:(?:sha256|x-[A-Za-z0-9._~-]+):)?[A-Za-z0-9._~-]+", re.ASCII)
"""Syntax of a document identifier (GraphQL over HTTP, appendix A)."""
LONGEST_IDENTIFIER = 200
DIGEST = re.compile(r"[0-9a-f]{64}")
APOLLO = "apollo-persisted-query-manifest"
MANIFEST_BYTES = 16 * 1024 * 1024


class ManifestError(ValueError):
    """A manifest cannot be used; the message contains the reason and a remedy."""


def identifier_of(text: str) -> str:
    """The identifier of a document: `sha256:` and the digest of its text in hexadecimal digits."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def normalize(id: str) -> str | None:
    """An identifier as it is stored, or None if its syntax is invalid. 64 hexadecimal digits count as a SHA-256."""
    if len(id) > LONGEST_IDENTIFIER or not IDENTIFIER.fullmatch(id):
        return None
    return f"sha256:{id}" if DIGEST.fullmatch(id) else id


def read_manifest(content: bytes) -> dict[str, str]:
    """The texts in a manifest by identifier. Raises ManifestError.

    Accepted are objects of texts by identifier, as GraphQL Code Generator and relay-compiler write
    them, and the manifests of Apollo Client.
    """
    if len(content) > MANIFEST_BYTES:
        raise ManifestError(
            f"The manifest is larger than {MANIFEST_BYTES:,} bytes. Register fewer documents."
        )
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"The manifest is not valid JSON: {error}.") from None
    if isinstance(data, dict) and data.get("format") == APOLLO:
        data = _apollo(data)
    if not isinstance(data, dict):
        raise ManifestError('The manifest must be an object such as {"sha256:…": "query …"}.')
    documents = {}
    for id, text in data.items():
        documents[_checked(id, text)] = text
    return documents


def read_manifest_file(file: Path) -> dict[str, str]:
    """The texts in a file by identifier. Raises ManifestError, whose message names the file."""
    try:
        return read_manifest(file.read_bytes())
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error.strerror}.") from None
    except ManifestError as error:
        raise ManifestError(f"{file}: {error}") from None


def _apollo(data: Mapping[str, object]) -> dict[object, object]:
    operations = data.get("operations")
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise ManifestError("`operations` of the manifest must be a list of objects.")
    return {each.get("id"): each.get("body") for each in operations}


def _checked(id: object, text: object) -> str:
    """The identifier as stored. Raises ManifestError if it does not belong to the text."""
    if not isinstance(id, str) or (stored := normalize(id)) is None:
        raise ManifestError(
            f"{str(id)[:80]!r} is not a document identifier. Use `sha256:` and the SHA-256 of the text, or up to "
            f"{LONGEST_IDENTIFIER} letters, digits and characters of `-._~`."
        )
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ManifestError(f"The document of {id} must be GraphQL text.")
    if stored.startswith("sha256:") and stored != identifier_of(text):
        raise ManifestError(
            f"{id} is not the SHA-256 of its document. Write the manifest again, with the text that was hashed."
        )
    return stored


def write_manifest(texts: Mapping[str, str]) -> bytes:
    """A manifest of texts by identifier."""
    return orjson.dumps(
        texts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
    )
