"""Lists the schema coordinates that no line of rights.txt, no lock entry and no test channel covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
)

from tests.proof.contract import (
    HISTORY,
    PERMISSION_TYPES,
    REPLACE,
    TYPES,
    enums,
    input_name,
    lists,
    lower,
    mutation,
    named,
    nested_inputs,
    upper_snake,
)
from tests.proof.lock import COMMANDS, ENTITIES
from tests.proof.rights import LINES, by_itself

OPERATORS = {
    "IDFilter": "eq ne in notIn",
    "StringFilter": "eq ne in notIn lt lte gt gte isNull contains startsWith",
    "IntFilter": "eq ne in notIn lt lte gt gte isNull",
    "DecimalFilter": "eq ne in notIn lt lte gt gte isNull",
    "DateFilter": "eq ne in notIn lt lte gt gte isNull",
    "DateTimeFilter": "eq ne in notIn lt lte gt gte isNull",
    "BooleanFilter": "eq ne isNull",
    **{f"{name}Filter": "eq ne in notIn isNull" for name in enums()},
}
"""The filter operators that the tests exercise, by input type."""

BUCKETS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")
PLAIN = {
    "SearchHit": "node matched",
    "SearchType": " ".join(upper_snake(name) for name, each in ENTITIES.items() if each.search),
    "LiveKind": "SNAPSHOT RESUMED DELTA RESYNC",
    "LiveChangeKind": "ENTERED UPDATED LEFT",
    "Node": "id",
    "Record": "id version createdAt updatedAt",
    "Owned": "id owner",
    "Money": "amount currency",
    "RecordPermissions": "update delete writable",
    "TypePermissions": "type rows create update delete readable writable",
    "Trashed": "ONLY",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "AttributeValue": "key label kind text number date boolean",
    "AttributeValueFilter": "key text number date boolean",
    "AttributeValueOrder": "key direction",
    "AttributeInput": "key text number date boolean",
    "SignInInput": "tenant email password",
    "RefreshInput": "refreshToken",
    "SignInPayload": "accessToken refreshToken expiresAt userErrors",
    "SignOutPayload": "signedOut",
    "PasswordChangeInput": "current password",
    "PasswordResetInput": "token password",
    "PasswordPayload": "changed userErrors",
    "RecordRefInput": "id",
    "SessionRevokePayload": "revoked",
    "UserPasswordResetPayload": "token expiresAt",
    "RecordInput": "id version",
    REPLACE: "id version replaceWith",
    "UserError": "code message path params conflict record",
    "Conflict": "version changedAt changedBy fields",
    "FieldConflict": "field mine theirs base",
    "RecordReference": "id name",
    "UserErrorCode": (
        "INVALID_CREDENTIALS INVALID_TOKEN DEMO_ONLY WEAK_PASSWORD REQUIRED INVALID TOO_LONG DUPLICATE CONFLICT IN_USE CYCLE "
        "LOCKED ACTIVE_QUOTE NO_ACTIVE_QUOTE NOT_TIME_BASED INVALID_TRANSITION PARENT_DELETED LAST_ADMINISTRATOR"
    ),
    "OrderDirection": "ASC DESC ASC_NULLS_FIRST DESC_NULLS_FIRST",
    "DateBucket": " ".join(BUCKETS),
    "MoneyFilter": f"currency {OPERATORS['DecimalFilter']}",
    "MoneyOrder": "currency direction",
    **{name: " ".join(words) for name, words in enums().items()},
    **OPERATORS,
}
"""Types that are not entities, with all their fields; each has its own tests."""

PER_ENTITY = {
    "Connection": "edges nodes pageInfo totalCount permissions aggregate",
    "Edge": "cursor node",
    "Aggregate": "count sum avg min max countUnique percentEmpty",
    "ListFilter": "some none every",
    "Groups": "groups groupCount",
    "Group": "key count sum avg min max countUnique percentEmpty",
    "Having": "and or not count sum avg min max",
    "GroupOrder": "key count sum avg min max",
    "Live": "kind cursor livePosition hasMore changes",
    "LiveChange": "kind id afterId node",
    "ManyPayload": "results userErrors livePosition",
}
FUNCTIONS = ("Sum", "Avg", "Min", "Max", "CountUnique", "PercentEmpty")
OF_GROUPS = ("NumbersHaving", "NumbersOrder", "ExtremesHaving", "ExtremesOrder")
"""Inputs that name the fields by whose aggregates groups are filtered or sorted."""
CONDITIONS = (*FUNCTIONS, *OF_GROUPS, "GroupBy", "GroupKey", "Filter", "Order")
ROOTS = ("viewer", "node", "nodes", "search")
"""Root fields that belong to no single entity."""
SCALARS = frozenset(
    {"ID", "String", "Int", "Boolean", "Decimal", "Date", "DateTime", "AttributeKey", "TimeZone", "MessageParams"}
)  # fmt: skip
DIRECTIVES = frozenset({"include", "skip", "deprecated", "specifiedBy", "oneOf"})
LIST_ARGUMENTS = frozenset({"filter", "orderBy", "first", "after", "last", "before", "trashed"})
GROUP_ARGUMENTS = frozenset({"filter", "groupBy", "having", "orderBy", "first", "skip", "timeZone"})
LIVE_ARGUMENTS = frozenset({"filter", "orderBy", "first", "after"})
MANY_ARGUMENTS = frozenset({"input", "inputs", "allOrNone"})
ARGUMENTS = frozenset({"id", "ids", "keys", "input"})


def uncovered(schema: GraphQLSchema) -> list[str]:
    """The uncovered coordinates; empty if coverage is complete."""
    found: list[str] = []
    for name, kind in schema.type_map.items():
        if not name.startswith("__"):
            found.extend(_of(kind))
    found.extend(f"@{d.name}" for d in schema.directives if d.name not in DIRECTIVES)
    return sorted(set(found))


def vanished(schema: GraphQLSchema) -> list[str]:
    """Tested filter operators that no longer exist in the schema."""
    gone: list[str] = []
    for name, operators in OPERATORS.items():
        kind = schema.get_type(name)
        have = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
        gone.extend(f"{name}.{op}" for op in operators.split() if op not in have)
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


def _known(kind: GraphQLNamedType) -> AbstractSet[str] | None:
    """The covered fields of a type; None if the type is unknown."""
    if kind.name in PLAIN:
        return frozenset(PLAIN[kind.name].split())
    if kind.name in TYPES:
        return _fields(kind.name)
    if kind.name in ("Query", "Mutation", "Subscription"):
        return _roots(kind.name)
    for suffix, names in PER_ENTITY.items():
        if kind.name.removesuffix(suffix) in TYPES and kind.name.endswith(suffix):
            return frozenset(names.split())
    for suffix in CONDITIONS:
        if kind.name.removesuffix(suffix) in TYPES and kind.name.endswith(suffix):
            return _conditions(kind.name.removesuffix(suffix), suffix)
    return _written(kind.name)


def _roots(name: str) -> AbstractSet[str]:
    if name == "Query":
        known = ("one", "many", "groups", "single")
        return {*ROOTS, *(getattr(each, kind) for each in ENTITIES.values() for kind in known)}
    if name == "Subscription":
        return {each.live for each in ENTITIES.values() if each.live}
    found = {mutation(entity, each) for entity in ENTITIES for each in ENTITIES[entity].commands}
    return {*COMMANDS, *found, *(f"{each}Many" for each in found)}


def _fields(entity: str) -> AbstractSet[str]:
    """Fields that a line of rights.txt covers directly or by derivation."""
    marked = {name for name in LINES.marks.get(entity, ()) if name[0] != "@"}
    listed = {name for of, name in lists() if of == entity}
    also = {"attributes"} if ENTITIES[entity].attributes else set()
    permissions = {"permissions", "typePermissions"}  # their types are distinguished below
    return marked | listed | also | permissions | by_itself(entity) | set(ENTITIES[entity].computed)


def _conditions(entity: str, suffix: str) -> AbstractSet[str]:
    """A filter, sort or aggregate input may name every field that rights.txt covers."""
    groups = {"GroupBy": {"record"}, "GroupKey": {"record"}}
    also = {"Filter": {"and", "or", "not"}, **groups}.get(suffix, set())
    if suffix in {"Filter", "Order"} and ENTITIES[entity].attributes:
        also |= {"attribute"}
    if suffix == "Filter" and ENTITIES[entity].search:
        also |= {"search"}
    return (_fields(entity) - {"permissions", "typePermissions"}) | also


def _written(name: str) -> AbstractSet[str] | None:
    """The covered fields of a mutation input or payload."""
    for entity, each in ENTITIES.items():
        for command, accepted in each.commands.items():
            if name == input_name(entity, command):
                return {word.rstrip("!").removesuffix("[]") for word in accepted.split()}
        if name == f"{entity}Payload":
            return {"id", lower(entity), "userErrors", "livePosition"}
    if name in nested_inputs():
        part = nested_inputs()[name][2]
        created = {f"new{link[0].upper()}{link[1:]}" for link in ENTITIES[part].links}
        return _fields(part) | created
    return None


def _arguments(kind: GraphQLNamedType) -> Iterator[str]:
    if not isinstance(kind, GraphQLObjectType):
        return
    for name, field in kind.fields.items():
        known = _known_arguments(kind.name, name, named(field))
        for argument in field.args:
            if argument not in known:
                yield f"{kind.name}.{name}({argument}:)"
        if name in ("permissions", "typePermissions") and named(field) not in PERMISSION_TYPES:
            yield f"{kind.name}.{name}"


def _known_arguments(owner: str, name: str, result: str) -> AbstractSet[str]:
    if (owner, name) == ("Query", "search"):
        return {"text", "first", "types"}
    if result.endswith("Connection"):
        return LIST_ARGUMENTS
    if owner == "Subscription":
        return LIVE_ARGUMENTS
    if result.endswith("Groups"):
        return GROUP_ARGUMENTS
    if owner == "Mutation":
        return MANY_ARGUMENTS if name not in COMMANDS else {"input"}
    return {"atMost"} if owner.endswith("Connection") and name == "totalCount" else ARGUMENTS


def unlisted() -> list[str]:
    """Entities missing from the matrices: history is read through its record, every other entity by a root field."""
    return [n for n, each in ENTITIES.items() if not (each.many or each.single) and n != HISTORY]
