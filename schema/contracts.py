"""Contracts in the API."""

from db import contracts as tables
from schema.engine.expose import KNOWN_ELSEWHERE, exposes
from schema.engine.generate import Spec
from schema.engine.generate_deeds import ID_SPEC, VERSION_SPEC, both, required


@exposes(tables.Contract, one="contract", many="contracts", deeds=KNOWN_ELSEWHERE)
class Contract:
    """What an account bought from us: exactly the items that were sold."""


@exposes(tables.ContractLine, one="contractLine", many="contractLines")
class ContractLine:
    """An item of a contract, as it was sold; a change of it is a new line that replaces it."""


SAYS = {
    "End": "Let it end, so that it does not renew.",
    "Renew": "Let it go on for as long as was agreed.",
    "Detach": "Take it off the opportunity that it was sold with.",
}
DEEDS = {
    name: deed
    for verb, says in SAYS.items()
    for name, deed in both("Contract", "contract", verb, says).items()
}


def deed_types() -> None:
    """The inputs of what is done with contracts only."""
    known = [ID_SPEC, VERSION_SPEC]
    day: Spec = ("endsOn", "DateText | None", "Its last day; today if not said.")
    required("ContractEndInput", [*known, day], "Which contract does not go on, and until when.")
    required("ContractRenewInput", known, "Which contract goes on for as long as was agreed.")
    doc = "Which contract is taken off its opportunity: that counts as not sold, and is sold anew with the next sale."
    required("ContractDetachInput", known, doc)
