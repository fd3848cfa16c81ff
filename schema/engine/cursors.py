"""Cursors: encrypted sort keys, valid for one caller, one list, one order and one filter (D-38)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.codes import Code, Refused
from domain.message import Message

MARK = re.compile(rb"\x01(\d+)\x02([^\x03]*)\x03")
"""The marker that the statement writes: the list's number, and its sort keys as a JSON array."""
LONGEST = 256 * 1024
"""Maximum length of a cursor, in characters. A cursor grows with the texts that a list is sorted by."""
MESSAGE = Message("The cursor does not belong to this list. Read the list from its beginning.")


class Cursors:
    """Encrypts and decrypts cursors with a key of this installation."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), 64, salt=None, info=b"relata cursors").derive(secret)
        self._cipher = AESSIV(key)

    def seal(self, body: bytes, bound_to: Callable[[int], bytes]) -> bytes:
        """Replace every marker by a cursor; `bound_to` returns the context of the list with a number."""
        known: dict[bytes, bytes] = {}

        def one(found: re.Match[bytes]) -> bytes:
            number, keys = found.groups()
            data = known.get(number)
            if data is None:
                data = known[number] = bound_to(int(number))
            return self.sealed(keys or b"[]", data)

        return MARK.sub(one, body)

    def sealed(self, keys: bytes, bound_to: bytes) -> bytes:
        """A cursor: an encrypted JSON array that is valid only in the context `bound_to`."""
        return base64.urlsafe_b64encode(self._cipher.encrypt(keys, [bound_to])).rstrip(b"=")

    def open(self, cursor: object, bound_to: bytes) -> tuple[Any, ...]:
        """The decrypted values, such as sort keys.

        Raises Refused for a cursor of another context or one that was altered.
        """
        if not isinstance(cursor, str) or len(cursor) > LONGEST or not cursor.isascii():
            raise Refused(Code.BAD_CURSOR, MESSAGE)
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            keys = orjson.loads(self._cipher.decrypt(sealed, [bound_to]))
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise Refused(Code.BAD_CURSOR, MESSAGE) from error
        if base64.urlsafe_b64encode(sealed).rstrip(b"=") != cursor.encode():
            raise Refused(Code.BAD_CURSOR, MESSAGE)
        return tuple(keys)
