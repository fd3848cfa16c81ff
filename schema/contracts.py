"""Contracts in the API."""

from db import contracts as tables
from schema.engine.expose import KNOWN_ELSEWHERE, exposes


@exposes(tables.Contract, one="contract", many="contracts", deeds=KNOWN_ELSEWHERE)
class Contract:
    """What an account bought from us: exactly the items that were sold."""


@exposes(tables.ContractLine, one="contractLine", many="contractLines")
class ContractLine:
    """An item of a contract, as it was sold; a change of it is a new line that replaces it."""
