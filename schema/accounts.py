"""Accounts in the API."""

from db import accounts as tables
from schema.engine.expose import KEPT, KNOWN_ELSEWHERE, exposes


@exposes(tables.Account, one="account", many="accounts", deeds=KNOWN_ELSEWHERE)
class Account:
    """An organisation or a private customer we sell to, perhaps a part of a larger one."""


@exposes(tables.Address, one="address", many="addresses", deeds=KEPT)
class Address:
    """A place of an account: where it is visited, gets its post, or pays its bills."""
