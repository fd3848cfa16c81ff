"""Renders the conventions of all types: requests, values, lists, filters, groups, mutations, subscriptions, shared types."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLEnumType, GraphQLNamedType, GraphQLObjectType, GraphQLScalarType
from graphql import specified_scalar_types as BUILT_IN  # noqa: N812 - a constant

from cli.reference.contract import ApiContract
from cli.reference.errors import FILE as ERRORS
from cli.reference.markdown import code, link, page, table
from db.api import MODEL
from domain.codes import Code
from schema.api import EXPOSED, GRAPHQL

SAMPLE = "Opportunity"
"""The entity whose generated types represent those of all entities."""
EVERY = (Code.UNAUTHENTICATED, Code.RATE_LIMITED, Code.RETRYABLE, Code.TIMEOUT, Code.INTERNAL)
"""Codes that any operation can return."""
EVERY_MUTATION = (Code.TENANT_SUSPENDED, Code.NOT_APPLIED, *EVERY)
REQUESTS = """
Send `POST /graphql` with a JSON body `{"query", "variables", "operationName"}` of at most 1 MiB. Queries can also be sent by
`GET`. One request holds one operation; batches are not supported. Instead of `query`, `documentId` names a registered document;
the guide is [trusted documents](../guide/trusted-documents.md).

| Header | Value |
| --- | --- |
| `Authorization` | `Bearer` and the access token from `signIn` or `refresh`; valid for 15 minutes |
| `X-Session` | `cookie`: the session is in the browser's [cookies](../guide/sessions.md#cookies-for-browsers) |
| `Content-Type` | `application/json` |
| `Accept` | `application/graphql-response+json` (recommended) or `application/json` |
| `Accept-Encoding` | `br` or `gzip`: responses of 1 KiB or more are compressed, except those with tokens |
| `If-None-Match` | For queries by `documentId` in a URL: the `ETag` of a response; 304 if that has not changed |
| `Idempotency-Key` | For mutations: 1 to 200 characters, such as a UUID. For 24 hours, a repetition returns the stored outcome |
| `X-Tenant` | Optional: the tenant's short name. The request is refused if the token is of another tenant |
| `X-Access` | `strict`: a field that the caller cannot read is an error instead of `null` |

Without a token, only `signIn`, `refresh` and `passwordReset` are available. The response holds `data`, `errors` and
`extensions.cost`: what the operation cost, and what remains of the tenant's budget for this minute.
"""
NULLS = """
Almost every field is nullable, because permissions can hide it. A field that the caller cannot read is `null` and listed in
`extensions.access.denied`. Filtering, sorting or grouping by such a field is refused with `FIELD_FORBIDDEN`, because the result
would disclose its values. A record that the caller cannot see does not exist for them: the result is the same as for an ID that
was never used.
"""
LISTS = """
A list is a connection, read forward with `first` and `after` or backward with `last` and `before`. `nodes` holds the records;
`edges` adds a cursor to each. `totalCount` and `aggregate` are computed only when selected. Lists inside records take the same
arguments. `permissions` of a list has what is equal for all rows, such as the writable fields; select only `update` and `delete`
of each row's `permissions`.
"""
FILTERS = """
Every type has a filter input with one field for each readable field. All fields given must match. A filter on a field that is
null never matches, except `isNull`; `not` returns exactly the records that the inner filter does not match.

- `and`, `or`, `not` combine filters of the same type.
- A reference takes the filter of the referenced type: `account: {city: {eq: "Utrecht"}}`.
- A list takes `some`, `none` or `every`: `contracts: {some: {status: {eq: ACTIVE}}}`.
- `search` matches records with every word of a text in one of the type's searchable fields, ignoring case and accents.
- `attribute` tests a custom attribute: `attribute: {key: "tier", text: {eq: "A"}}`.

The operators of scalar filters (enums have `eq`, `ne`, `in`, `notIn` and `isNull`; money is filtered by its amount):
"""
ORDER = """
`orderBy` is a list of objects with exactly one key each, the most important first: `[{expectedCloseOn: ASC}, {name: ASC}]`.
A reference takes the order of the referenced type. Records with equal keys are in the order of their creation.
"""
GROUPS = """
`opportunitiesAggregate` and its like return groups with measures; without `groupBy` there is one group of all records. A list's
`aggregate` holds the same measures over all matching records, ignoring pagination. Money is summed per currency.
"""
MUTATIONS = """
A mutation is named after its type and what it does: `accountCreate`, `opportunitySell`. It takes one `input` and returns a
payload with the record and `userErrors`. Fields of an update that are omitted stay; fields that are null are emptied.

- **Many inputs**: every mutation of records has a form `…Many` with `inputs` (at most 250) and `allOrNone` (default true).
  Its payload has one result per input. The codes are those of the single form.
- **Transaction**: all mutations of one operation are one transaction. If one fails, the others return `NOT_APPLIED`.
- **Optimistic lock**: send the `version` that was last read. The mutation fails with `CONFLICT` if a field of the input was
  changed since; changes of other fields are no conflict.
- **Nested create**: a create input takes lists of children, named like the lists of the type. Each child input
  (`AccountAddressInput`) has the fields of the child's create input without the reference to the parent. `newAccount` and its
  like create a referenced record.
- **Rights**: `FORBIDDEN`, `FIELD_FORBIDDEN` and `FIELD_READ_ONLY` depend on the caller's profiles.

Error codes stand beside each mutation. They are derived from its code, so some need a combination of input and data that is rare.
"""
TRASH = """
Deleting moves a record and its children to the trash. Lists omit the trash; the argument `%s` reads it, for callers
who may delete and restore. Restoring brings back the record with everything that was deleted along with it. A record that others
refer to cannot be deleted (`IN_USE`); types that are *replaceable* take `replaceWith`, which moves these references first.
"""
ATTRIBUTES = """
Tenants define attributes of their own (see [Attribute](setup.md#attribute)). Types that carry them have a field `attributes`,
an input field `attributes`, and the filter and order key `attribute`.
"""
LIVE = """
A subscription follows one list: the first message holds all matching records, later ones the changes. It is served over WebSocket
by `graphql-transport-ws`; the token is sent in the payload of `connection_init` as `{"authorization": "Bearer …"}`. The guide is
[live updates](../guide/live-updates.md).
"""


def conventions_page(contract: ApiContract) -> str:
    """The page."""
    lines = ["# Conventions", ""]
    for title, body in _sections(contract).items():
        lines += [f"## {title}", *body]
        lines += [""] * (lines[-1] != "")
    return page(lines)


def _sections(contract: ApiContract) -> dict[str, list[str]]:
    every = ", ".join(link(code(each), ERRORS, each) for each in EVERY)
    mutation = ", ".join(link(code(each), ERRORS, each) for each in EVERY_MUTATION)
    return {
        "Requests": [*_prose(REQUESTS), f"Every operation can return {every}."],
        "Scalars": ["", *_scalars()],
        "Records": ["", *_records(contract)],
        "Null and permissions": _prose(NULLS),
        "Lists": [*_prose(LISTS), *_arguments(_sample("plural")), *_members(f"{SAMPLE}Connection")],
        "Filters": [*_prose(FILTERS), *_operators()],
        "Sorting": [*_prose(ORDER), *_values("OrderDirection")],
        "Groups and aggregates": [*_prose(GROUPS), *_groups()],
        "Search": ["", *_root("search"), *_members("SearchHit")],
        "Mutations": [
            *_prose(MUTATIONS),
            f"Every mutation can also return {mutation}.",
            "",
            *_mutations(),
        ],
        "Trash": _prose(TRASH % _trash_argument()),
        "Custom attributes": [
            *_prose(ATTRIBUTES),
            *_members("AttributeValue"),
            *_members("AttributeInput"),
        ],
        "Subscriptions": [*_prose(LIVE), *_live()],
        "Shared types": ["", *_shared()],
    }


def _prose(text: str) -> list[str]:
    return [*text.splitlines(), ""]


def _sample(what: str) -> str:
    return str(getattr(MODEL.entities[SAMPLE], what))


def _scalars() -> list[str]:
    rows = (
        (code(name), each.description or "")
        for name, each in sorted(GRAPHQL.type_map.items())
        if isinstance(each, GraphQLScalarType) and name not in BUILT_IN
    )
    return table(("Scalar", "Description"), rows)


def _records(contract: ApiContract) -> Iterator[str]:
    yield from (
        "An ID is opaque and begins with the prefix of its type. Every record has these fields:",
        "",
    )
    fields = GRAPHQL.type_map[SAMPLE].fields  # type: ignore[attr-defined]  # an object type
    common = {name: each for name, each in fields.items() if name in contract.common}
    yield from _rows(common)
    root = GRAPHQL.query_type
    names = [n for n in ("viewer", "node", "nodes") if root and n in root.fields]
    yield from ("These queries concern records of any type:", "")
    yield from _rows({name: root.fields[name] for name in names if root})
    for name in ("Node", "Record", "Owned"):
        yield from _members(name)


def _arguments(name: str) -> list[str]:
    root = GRAPHQL.query_type
    return _rows(root.fields[name].args if root else {}, "Argument")


def _rows(fields: object, head: str = "Field") -> list[str]:
    """A table of fields or arguments."""
    rows = (
        (code(name), code(str(each.type)), each.description or "")
        for name, each in fields.items()  # type: ignore[attr-defined]  # a mapping of either
    )
    return table((head, "Type", "Description"), rows)


def _members(name: str) -> list[str]:
    """The fields of a type, under its name."""
    found = GRAPHQL.type_map.get(name)
    fields = getattr(found, "fields", None)
    return (
        [f"### {name}", "", (found.description if found else "") or "", "", *_rows(fields)]
        if fields
        else []
    )


def _values(name: str) -> list[str]:
    found = GRAPHQL.type_map[name]
    assert isinstance(found, GraphQLEnumType)  # noqa: S101 - named above
    values = ", ".join(map(code, found.values))
    return [f"`{name}`: {values}. {found.description}", ""]


def _operators() -> list[str]:
    """Each operator, with the filters that have it."""
    names = [
        n
        for n in GRAPHQL.type_map
        if n in ("IDFilter", "StringFilter", "IntFilter", "DecimalFilter")
    ]
    names += ["BooleanFilter", "DateFilter", "DateTimeFilter"]
    found: dict[str, tuple[str, list[str]]] = {}
    for name in names:
        for key, field in GRAPHQL.type_map[name].fields.items():  # type: ignore[attr-defined]  # an input
            found.setdefault(key, (field.description or "", []))[1].append(
                name.removesuffix("Filter")
            )
    rows = (
        (code(key), "all" if len(kinds) == len(names) else ", ".join(kinds), doc)
        for key, (doc, kinds) in found.items()
    )
    return table(("Operator", "Types", "Description"), rows)


def _groups() -> Iterator[str]:
    yield from _arguments(f"{_sample('plural')}Aggregate")
    for name in ("Groups", "Group", "Aggregate"):
        yield from _members(f"{SAMPLE}{name}")


def _root(name: str) -> Iterator[str]:
    field = GRAPHQL.query_type.fields[name] if GRAPHQL.query_type else None
    if field is not None:
        yield from (f"`{name}`: {field.description}", "", *_rows(field.args, "Argument"))


def _mutations() -> Iterator[str]:
    for name in (
        f"{SAMPLE}Payload",
        f"{SAMPLE}ManyPayload",
        "UserError",
        "RecordInput",
        "ReplaceInput",
    ):
        yield from _members(name)


def _trash_argument() -> str:
    """The name and value of the argument that reads the trash."""
    root = GRAPHQL.query_type
    known = root.fields[f"{_sample('plural')}"].args if root else {}
    name, argument = next((n, a) for n, a in known.items() if isinstance(a.type, GraphQLEnumType))
    return f"{name}: {next(iter(argument.type.values))}"


def _live() -> Iterator[str]:
    root = GRAPHQL.subscription_type
    live = next(each for each in EXPOSED if each.is_live)
    if root is not None:
        yield from _rows(root.fields[live.plural].args, "Argument")
    for name in ("Live", "LiveChange"):
        yield from _members(f"{live.name}{name}")


def _shared() -> Iterator[str]:
    """Object types without an entity that have no section above."""
    own = tuple(MODEL.entities)
    roots = (GRAPHQL.query_type, GRAPHQL.mutation_type, GRAPHQL.subscription_type)
    above = {"SearchHit", "AttributeValue", "UserError"}
    for name, each in sorted(GRAPHQL.type_map.items()):
        if not isinstance(each, GraphQLObjectType) or each in roots or name in above:
            continue
        history = MODEL.history is not None and name == MODEL.history.name
        if history or not (name.startswith((*own, "__")) or name.endswith("Payload")):
            yield from _members(name)
    yield from _leftover()


def _leftover() -> Iterator[str]:
    """Enums that no entity's page describes."""
    known = {each.name for several in ApiContract().enums.values() for each in several}
    for name, each in sorted(GRAPHQL.type_map.items()):
        if _is_shared_enum(each) and name not in known and name != "OrderDirection":
            yield from (f"### {name}", "")
            yield from _values(name)


def _is_shared_enum(each: GraphQLNamedType) -> bool:
    return isinstance(each, GraphQLEnumType) and not each.name.startswith("__")
