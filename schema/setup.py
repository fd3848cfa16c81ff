"""The set-up in the API."""

from db import setup as tables
from schema.engine.expose import EDITED, KEPT, LINKED, Verb, exposes


@exposes(tables.Stage, one="stage", many="stages", deeds=KEPT)
class Stage:
    """A step of selling. One list serves all pipelines; a type activates some of it."""


@exposes(tables.OpportunityType, one="opportunityType", many="opportunityTypes", deeds=KEPT)
class OpportunityType:
    """A kind of opportunity, and thereby a pipeline: it activates stages with an order of their own."""


@exposes(tables.PipelineStage, one="pipelineStage", many="pipelineStages", deeds=EDITED)
class PipelineStage:
    """A stage as one opportunity type uses it."""


@exposes(tables.Attribute, one="attribute", many="attributes", deeds=KEPT)
class Attribute:
    """A field that the tenant added to an entity."""


@exposes(tables.AttributeUse, one="attributeUse", many="attributeUses", deeds=LINKED)
class AttributeUse:
    """A type whose records carry an attribute. An attribute without any is carried by records of all types."""


@exposes(tables.Industry, one="industry", many="industries", deeds=KEPT)
class Industry:
    """A branch that accounts work in."""


@exposes(tables.AccountType, one="accountType", many="accountTypes", deeds=KEPT)
class AccountType:
    """A kind of account: how its records are named, and what they begin with."""


@exposes(tables.PersonType, one="personType", many="personTypes", deeds=KEPT)
class PersonType:
    """A kind of contact or lead: one list serves both."""


@exposes(tables.EmployeeType, one="employeeType", many="employeeTypes", deeds=KEPT)
class EmployeeType:
    """A kind of employee."""


@exposes(tables.LostReason, one="lostReason", many="lostReasons", deeds=KEPT)
class LostReason:
    """Why opportunities are lost."""


@exposes(tables.Feature, one="feature", many="features", deeds=(Verb.UPDATE,))
class Feature:
    """A group of functions that can be switched off as a whole."""


@exposes(tables.Preferences, one="preferences", many="allPreferences", deeds=(Verb.UPDATE,))
class Preferences:
    """What was settled for everybody. There is exactly one record of it."""
