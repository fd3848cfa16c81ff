"""Accounts in the API."""

from db import accounts as tables
from schema.engine.expose import EDITED, KEPT, KNOWN_ELSEWHERE, LINKED, exposes


@exposes(tables.Account, one="account", many="accounts", deeds=KNOWN_ELSEWHERE)
class Account:
    """An organisation or a private customer we sell to, perhaps a part of a larger one."""


@exposes(tables.Address, one="address", many="addresses", deeds=KEPT)
class Address:
    """A place of an account: where it is visited, gets its post, or pays its bills."""


@exposes(tables.AccountManager, one="accountManager", many="accountManagers", deeds=LINKED)
class AccountManager:
    """A user who looks after an account, whether or not he may sign in."""


@exposes(tables.AccountLink, one="accountLink", many="accountLinks", deeds=EDITED)
class AccountLink:
    """Two accounts that have to do with each other; each of the two has a record of it."""
