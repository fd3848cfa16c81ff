"""Names everything in a schema that no expectation and no channel of the tests covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
)

from tests.leaks import deeds
from tests.leaks.expectations import LISTED, TYPES, fields

ENUMS = {
    "AttributeKind": "TEXT NUMBER DATE BOOLEAN",
    "Billing": "NONE PER_CASE PER_ACTIVITY",
    "CaseState": "OPEN CLOSED",
    "ChangeKind": "CREATED UPDATED DELETED RESTORED",
    "ContactKind": "EMPLOYEE CONSULTANT",
    "ContractStatus": "ACTIVE ENDED",
    "DocumentDelivery": "EMAIL POST E_INVOICE",
    "FeatureKey": "RELATIONS CASES DUPLICATES QUOTES",
    "Gender": "FEMALE MALE OTHER",
    "ItemKind": "ITEM ROUNDING",
    "Priority": "LOW NORMAL HIGH URGENT",
    "RowScope": "OWN ALL",
    "StageKind": "OPEN WON LOST",
    "WriteScope": "OWN BELOW ALL",
}
"""The words that fields take their values from."""

OPERATORS = {
    "IDFilter": "eq ne in notIn",
    "StringFilter": "eq ne in notIn lt lte gt gte isNull contains startsWith",
    "IntFilter": "eq ne in notIn lt lte gt gte isNull",
    "DecimalFilter": "eq ne in notIn lt lte gt gte isNull",
    "DateFilter": "eq ne in notIn lt lte gt gte isNull",
    "DateTimeFilter": "eq ne in notIn lt lte gt gte isNull",
    "BooleanFilter": "eq ne isNull",
    **{f"{name}Filter": "eq ne in notIn isNull" for name in ENUMS},
}
"""The operators that the filter channels try, by input type."""

ROOTS = {
    **{type_name[0].lower() + type_name[1:]: type_name for type_name in LISTED},
    "stages": "Stage",
    "opportunityTypes": "OpportunityType",
    "pipelineStages": "PipelineStage",
    "attributes": "Attribute",
    "attributeUses": "AttributeUse",
    "industries": "Industry",
    "accountTypes": "AccountType",
    "personTypes": "PersonType",
    "employeeTypes": "EmployeeType",
    "lostReasons": "LostReason",
    "features": "Feature",
    "allPreferences": "Preferences",
    "employees": "Employee",
    "users": "User",
    "roles": "Role",
    "roleAssignments": "RoleAssignment",
    "profiles": "Profile",
    "roleProfiles": "RoleProfile",
    "profileEntities": "ProfileEntity",
    "profileFields": "ProfileField",
    "statusRules": "StatusRule",
    "sessions": "Session",
    "accounts": "Account",
    "accountManagers": "AccountManager",
    "accountLinks": "AccountLink",
    "addresses": "Address",
    "persons": "Person",
    "affiliations": "Affiliation",
    "contractKinds": "ContractKind",
    "productCategories": "ProductCategory",
    "units": "Unit",
    "products": "Product",
    "opportunities": "Opportunity",
    "stageVisits": "StageVisit",
    "businessRoles": "BusinessRole",
    "opportunityAccounts": "OpportunityAccount",
    "opportunityShares": "OpportunityShare",
    "shareRules": "ShareRule",
    "quotes": "Quote",
    "quoteItems": "QuoteItem",
    "contracts": "Contract",
    "contractLines": "ContractLine",
    "caseStatuses": "CaseStatus",
    "caseTypes": "CaseType",
    "cases": "Case",
    "caseAccounts": "CaseAccount",
    "activityCategories": "ActivityCategory",
    "activities": "Activity",
    "tags": "Tag",
    "taggings": "Tagging",
    "favourites": "Favourite",
    "viewer": "User",
    "node": "Node",
    "nodes": "Node",
}
"""The root fields that the channels go in by, with what they lead to."""

LIST_OF = {type_name: root for root, type_name in ROOTS.items() if root not in {"viewer", "node"}}
LIST_OF.pop("Node")

SEARCHED = {
    "Account": "name lastName number email phone website registrationNumber externalId",
    "Employee": "name email",
    "Opportunity": "name externalId",
    "Person": "lastName firstName infix email phone externalId",
    "Affiliation": "email phone secondPhone",
    "Product": "name code externalId",
    "Quote": "name number",
    "Contract": "name number externalId",
    "Case": "subject number externalId",
    "Activity": "subject",
}
"""What the types are searched by: tests/leaks/test_search.py looks at each of these fields."""

LIVE = {"opportunities": "Opportunity"}
"""The lists that can be followed, with what they are lists of: tests/live looks at what is told of them."""

GROUPS_OF = {type_name: f"{root}Aggregate" for type_name, root in LIST_OF.items()}
"""The root fields that put records into groups."""


def snake(name: str) -> str:
    """`OpportunityType` → `Opportunity_Type`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name)


PLAIN = {
    "Query": " ".join((*ROOTS, *GROUPS_OF.values(), "search")),
    "SearchHit": "node matched",
    "SearchType": " ".join(snake(name).upper() for name in SEARCHED),
    "Mutation": " ".join(deeds.MUTATIONS),
    "Subscription": " ".join(LIVE),
    "LiveKind": "SNAPSHOT RESUMED DELTA RESYNC",
    "LiveChangeKind": "ENTERED UPDATED LEFT",
    **{f"{name}Live": "kind cursor changes" for name in LIVE.values()},
    **{f"{name}LiveChange": "kind id node" for name in LIVE.values()},
    "Node": "id",
    "Record": "id version createdAt updatedAt",
    "Owned": "id owner",
    "Money": "amount currency",
    "RecordAccess": "update delete writable",
    "TypeAccess": "type rows create update delete readable writable",
    "Deleted": "ONLY",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "AttributeValue": "key label kind text number date boolean",
    "AttributeValueFilter": "key text number date boolean",
    "AttributeValueOrder": "key direction",
    "SignInInput": "tenant email password",
    "RefreshInput": "refreshToken",
    "SignInPayload": "accessToken refreshToken expiresAt userErrors",
    "SignOutPayload": "signedOut",
    "UserError": "code message path",
    "OrderDirection": "ASC DESC ASC_NULLS_FIRST DESC_NULLS_FIRST",
    "DateBucket": "YEAR QUARTER MONTH WEEK DAY",
    "MoneyFilter": f"currency {OPERATORS['DecimalFilter']}",
    "MoneyOrder": "currency direction",
    **ENUMS,
    **OPERATORS,
}
"""Types that are no entities, with all they have. Sessions are tested with sign-in."""

PER_ENTITY = {
    "Connection": "edges nodes pageInfo totalCount aggregate",
    "Edge": "cursor node",
    "Aggregate": "count sum avg min max countUnique percentEmpty",
    "ListFilter": "some none every",
    "Groups": "groups groupCount",
    "Group": "key count sum avg min max countUnique percentEmpty",
    "Having": "and or not count sum avg min max",
    "GroupOrder": "key count sum avg min max",
}
FUNCTIONS = ("Sum", "Avg", "Min", "Max", "CountUnique", "PercentEmpty")
OF_GROUPS = ("NumbersHaving", "NumbersOrder", "ExtremesHaving", "ExtremesOrder")
"""What names the fields that groups are tested or sorted by a measure of."""
ACCESS = ("access", "typeAccess")
"""What every record tells of itself, in tests/deeds/test_access.py: nothing that is kept."""
SCALARS = frozenset({"ID", "String", "Int", "Boolean", "Decimal", "Date", "DateTime", "AttributeKey", "TimeZone"})  # fmt: skip
DIRECTIVES = frozenset({"include", "skip", "deprecated", "specifiedBy", "oneOf"})
LIST_ARGUMENTS = frozenset({"filter", "orderBy", "first", "after", "last", "before", "deleted"})
GROUP_ARGUMENTS = frozenset({"filter", "groupBy", "having", "orderBy", "first", "skip", "timeZone"})
LIVE_ARGUMENTS = frozenset({"filter", "after", "atMost"})
ARGUMENTS = {"id", "ids", "keys", "input"}


def uncovered(schema: GraphQLSchema) -> list[str]:
    """The coordinates that lack a line or a channel; none, if all is well."""
    found: list[str] = []
    for name, kind in schema.type_map.items():
        if not name.startswith("__"):
            found.extend(_of(kind))
    found.extend(f"@{d.name}" for d in schema.directives if d.name not in DIRECTIVES)
    return sorted(set(found))


def vanished(schema: GraphQLSchema) -> list[str]:
    """Lines that speak of something the schema does not have any more."""
    gone: list[str] = []
    for type_name in TYPES:
        kind = schema.get_type(type_name)
        known = kind.fields if isinstance(kind, GraphQLObjectType) else {}
        gone.extend(f"{type_name}.{name}" for name in fields(type_name) if name not in known)
    for name, filter_operators in OPERATORS.items():
        kind = schema.get_type(name)
        have = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
        gone.extend(f"{name}.{op}" for op in filter_operators.split() if op not in have)
    return gone


def _of(kind: GraphQLNamedType) -> Iterator[str]:
    names = _names(kind)
    if names is None:
        if kind.name not in SCALARS:
            yield kind.name
        return
    known = _known(kind)
    if known is None:
        yield kind.name
        return
    yield from (f"{kind.name}.{name}" for name in names if name not in known)
    yield from _arguments(kind)


def _names(kind: GraphQLNamedType) -> Iterable[str] | None:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return tuple(kind.fields)
    if isinstance(kind, GraphQLEnumType):
        return tuple(kind.values)
    if isinstance(kind, GraphQLScalarType):
        return None
    return ("a union",)


def _known(kind: GraphQLNamedType) -> frozenset[str] | None:
    """What the tests cover of a type; None if they do not know it at all."""
    if kind.name in PLAIN:
        return frozenset(PLAIN[kind.name].split())
    if kind.name in TYPES:
        return frozenset({*fields(kind.name), *ACCESS})
    for suffix, names in PER_ENTITY.items():
        if kind.name.removesuffix(suffix) in TYPES and kind.name.endswith(suffix):
            return frozenset(names.split())
    for suffix in (*FUNCTIONS, *OF_GROUPS, "GroupBy", "GroupKey", "Filter", "Order"):
        if kind.name.removesuffix(suffix) in TYPES and kind.name.endswith(suffix):
            return _conditions(kind.name.removesuffix(suffix), suffix)
    return deeds.known(kind.name)


def _conditions(entity: str, suffix: str) -> frozenset[str]:
    """A filter, an order or a measure may name what has an expectation."""
    groups = {"GroupBy": {"record"}, "GroupKey": {"record"}}
    also = {"Filter": {"and", "or", "not"}, **groups}.get(suffix, set())
    if suffix in {"Filter", "Order"} and "attributes" in fields(entity):
        also |= {"attribute"}
    if suffix == "Filter" and entity in SEARCHED:
        also |= {"search"}
    return frozenset(fields(entity)) | also


def _arguments(kind: GraphQLNamedType) -> Iterator[str]:
    if not isinstance(kind, GraphQLObjectType):
        return
    for name, field in kind.fields.items():
        known = _known_arguments(kind.name, name, str(field.type).rstrip("!"))
        for argument in field.args:
            if argument not in known:
                yield f"{kind.name}.{name}({argument}:)"


def _known_arguments(owner: str, name: str, answered: str) -> Set[str]:
    if (owner, name) == ("Query", "search"):
        return {"text", "first", "types"}
    if answered.endswith("Connection"):
        return LIST_ARGUMENTS
    if owner == "Subscription":
        return LIVE_ARGUMENTS
    if answered.endswith("Groups"):
        return GROUP_ARGUMENTS
    if owner == "Mutation" and name in deeds.MUTATIONS:
        return deeds.ARGUMENTS
    return {"atMost"} if owner.endswith("Connection") and name == "totalCount" else ARGUMENTS
