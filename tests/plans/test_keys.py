"""Cache keys are injective: requests share a key exactly if their parsed operation, plan or message is the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from auth.engine.throttle import ACCOUNT_LIMIT, ADDRESS_LIMIT, Throttle
from auth.engine.viewer import Viewer
from auth.viewers import Viewers
from db.api import MODEL
from db.engine.fields import Kind
from db.engine.plan import selection
from db.engine.plan.planner import Forbidden
from db.engine.plan.selection import BindParam, Condition, Op, Quantifier, SortKey
from db.engine.transaction import Database
from db.engine.write.idempotency import IdempotentRequest
from domain.access import ProfileRights, rights
from domain.codes import Code, Refused
from resolvers.engine.context import Caller
from schema.api import GRAPHQL
from schema.engine.keys import encoded
from schema.engine.reads import Request
from schema.engine.signature import signature
from schema.engine.variables import coerce, types
from schema.engine.writes import _key
from tests.plans.planning import (
    CURSORS,
    IDS,
    READS,
    TEXTS,
    Read,
    admitted,
    caller,
    couples,
    outcome,
    read,
    request,
    tenant,
    viewers,
)
from tests.plans.variables import Form, changes, forms, input_type, structure, values
from tests.support.covers import covers

SOME_ID = f"opp_{'0' * 32}"
FAST = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a smaller example takes minutes to find
)
FEW_EXAMPLES, SOME_EXAMPLES, MANY_EXAMPLES = (settings(FAST, max_examples=n) for n in (8, 40, 250))
Draw = Callable[[st.SearchStrategy[Any]], Any]
DECLARED = {
    "filter": "OpportunityFilter", "order": "[OpportunityOrder!]", "first": "Int", "trashed": "Trashed",
    "flag": "Boolean!", "keys": "[AttributeKey!]", "ids": "[ID!]!", "id": "ID!", "text": "String!", "types": "[SearchType!]",
}  # fmt: skip
BODY = """{
  opportunities(filter: $filter, orderBy: $order, first: $first, trashed: $trashed) {
    nodes { id name @include(if: $flag) attributes(keys: $keys) { key text } }
    edges { cursor @skip(if: $flag) } totalCount @include(if: $flag)
  }
  nodes(ids: $ids) { id ... on Account { name } ... on Opportunity { name } }
  node(id: $id) { id ... on Account { name } }
  search(text: $text, types: $types) { node { id } }
}"""
VARIABLE_DEFINITIONS = ", ".join(f"${name}: {kind}" for name, kind in DECLARED.items())
DOCUMENT = f"query A({VARIABLE_DEFINITIONS}) {BODY} query B({VARIABLE_DEFINITIONS}) {BODY}"
OPTIONAL = [name for name, kind in DECLARED.items() if not kind.endswith("!")]
TEXT_VARIANTS = (DOCUMENT, DOCUMENT + " ", DOCUMENT.replace("name", "createdAt"))


@st.composite
def request_forms(draw: st.DrawFn) -> dict[str, Form]:
    """Random forms of the variables; optional ones may be absent."""
    kinds = {name: input_type(text) for name, text in DECLARED.items()}
    forms_ = {}
    for name, kind in kinds.items():
        if str(kind).endswith("!") or draw(st.integers(0, 3)):
            forms_[name] = draw(forms(kind))
    return forms_


@st.composite
def one_changed(draw: st.DrawFn, forms_: dict[str, Form]) -> dict[str, Form]:
    """The forms with one variable changed or absent."""
    name = draw(st.sampled_from(sorted(DECLARED)))
    kind = input_type(DECLARED[name])
    if not str(kind).endswith("!") and draw(st.booleans()):
        return {key: form for key, form in forms_.items() if key != name}
    return {**forms_, name: draw(forms(kind))}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[dict[str, Form], dict[str, Form]]:
    """Forms of two requests: equal, or different in one place or one variable."""
    forms_ = draw(request_forms())
    one_difference = [
        {**forms_, name: other} for name, form in forms_.items() for other in changes(form)
    ]
    others = st.sampled_from([forms_, *one_difference]) if one_difference else st.just(forms_)
    return forms_, draw(st.one_of(st.just(forms_), others, others, one_changed(forms_)))


def sent(draw: Draw, forms_: dict[str, Form]) -> dict[str, Any]:
    return {name: draw(values(form)) for name, form in forms_.items()}


def _structure(forms_: dict[str, Form]) -> object:
    return {name: structure(form) for name, form in forms_.items()}


# --- operations ---------------------------------------------------------------------------------


def operation_key(text: str, name: str, variables: dict[str, Any], *, executes: bool) -> object:
    """Cache key of the parsed operation of a request."""
    made = dataclasses.replace(request(text, variables, name), executes=executes)
    operation = made.admitted.operation(name)
    declared = types(GRAPHQL, operation)
    return READS._key(made, declared, coerce(GRAPHQL, operation, variables))


@covers("D-55")
@SOME_EXAMPLES
@given(data=st.data())
def test_operations_share_a_key_exactly_if_they_are_parsed_equally(
    data: st.DataObject,
) -> None:
    """Compares a request with all that differ in one place: text, operation, execution or one variable."""
    forms_ = data.draw(request_forms())
    text, name, executes = DOCUMENT, "A", False
    first = operation_key(text, name, sent(data.draw, forms_), executes=executes)
    for other_text, other_name, other_executes in (
        *((text, name, executes), (text, "B", executes), (text, name, True)),
        *((variant, name, executes) for variant in TEXT_VARIANTS[1:]),
    ):
        variables = sent(data.draw, forms_)
        key = operation_key(other_text, other_name, variables, executes=other_executes)
        same = (text, name, executes) == (other_text, other_name, other_executes)
        assert (first == key) == same
        assert not same or hash(first) == hash(key)
    one_difference = [
        {**forms_, of: other} for of, form in forms_.items() for other in changes(form)
    ]
    one_difference += [
        {key: form for key, form in forms_.items() if key != removed}
        for removed in OPTIONAL
        if removed in forms_
    ]
    one_difference += [{**forms_, of: None} for of in OPTIONAL]
    for other in one_difference:
        key = operation_key(text, name, sent(data.draw, other), executes=executes)
        assert (first == key) == (_structure(forms_) == _structure(other)), other


def _read(variables: dict[str, Any], viewer: Viewer) -> Read | Code:
    try:
        return read(request(DOCUMENT, variables, "A"), viewer)
    except Refused as refused:
        return refused.code


@covers("D-55")
@SOME_EXAMPLES
@given(data=st.data())
def test_requests_with_one_key_have_the_same_result_in_any_order(data: st.DataObject) -> None:
    """The cached operation and plan of one request, applied to another with the same key, give its own result."""
    viewer = data.draw(viewers())
    one, other = data.draw(pairs())
    first, second = (_read(sent(data.draw, forms_), viewer) for forms_ in (one, other))
    if isinstance(first, Code) or isinstance(second, Code):
        assert first == second or _structure(one) != _structure(other)
    elif first.key == second.key:
        assert outcome(first.parsed, first.plan, second) == outcome(
            second.parsed, second.plan, second
        )
    else:
        assert _structure(one) != _structure(other) or first.key.pages != second.key.pages


@covers("D-39")
@pytest.mark.parametrize(
    ("query", "few", "many"),
    [
        ("query ($v: [Decimal!]) { opportunities(filter: {amount: {in: $v}}) { totalCount } }", ["1"], ["1"] * 251),
        ("query ($v: OpportunityFilter) { opportunities(filter: $v) { totalCount } }",
         {"name": {"notIn": ["a"]}}, {"name": {"notIn": ["a"] * 251}}),
        ("query ($v: [ID!]) { opportunities(filter: {id: {in: $v}}) { totalCount } }", [SOME_ID], [SOME_ID] * 251),
        ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", [SOME_ID], [SOME_ID] * 251),
    ],
)  # fmt: skip
def test_too_long_list_is_refused_after_a_short_one_was_cached(
    query: str, few: Any, many: Any
) -> None:
    """The cached operation of the short list does not skip the check of the length."""

    def parse(value: Any) -> None:
        made = request(query, {"v": value})
        operation = made.admitted.operation(None)
        READS._parse(made, operation, coerce(GRAPHQL, operation, made.variables))

    parse(few)
    with pytest.raises(Refused, match="at most 250"):
        parse(many)


@covers("D-64")
@FEW_EXAMPLES
@given(data=st.data())
def test_statement_has_the_same_text_at_every_compilation(data: st.DataObject) -> None:
    """Subscriptions are shared, and live cursors accepted in other processes, by this text."""
    viewer = data.draw(viewers())
    text, variables = TEXTS["search"]
    first, second = (read(request(text, variables), viewer) for _ in range(2))
    assert first.plan == second.plan or outcome(first.parsed, first.plan, first) == outcome(
        second.parsed, second.plan, second
    )


# --- viewers ------------------------------------------------------------------------------------


@covers("D-55")
@pytest.mark.parametrize("name", TEXTS)
@FEW_EXAMPLES
@given(data=st.data())
def test_viewers_share_a_plan_only_if_it_is_equal_for_both(name: str, data: st.DataObject) -> None:
    text, variables = TEXTS[name]
    one, other = data.draw(couples())
    try:
        first, second = (read(request(text, variables), each) for each in (one, other))
    except Refused:
        assume(False)
    if first.key == second.key:
        assert outcome(first.parsed, first.plan, second) == outcome(
            second.parsed, second.plan, second
        )


@covers("D-58")
@FEW_EXAMPLES
@given(data=st.data())
def test_cached_viewer_is_dropped_after_a_move_or_restore(data: st.DataObject) -> None:
    """Access versions start again in a restored tenant, which has another placement version."""
    viewer = data.draw(viewers())
    database = cast("Database", None)  # nothing is loaded
    known = Viewers(database, MODEL, viewer.policies, lambda: 0.0)
    here, there = tenant(IDS[0], 1).placement, tenant(IDS[0], 2).placement
    known.cache(here, viewer)
    assert known.cached(here, viewer.user) is viewer
    assert known.cached(there, viewer.user) is None
    assert known.cached(tenant(IDS[1]).placement, viewer.user) is None
    assert known.cached(here, UUID(int=99)) is None


ALL = rights([ProfileRights(full=True)], [], [], MODEL.granted, MODEL.computed)

# --- cursors ------------------------------------------------------------------------------------

OPPORTUNITY = MODEL.entities["Opportunity"]
ODD = [
    "a",
    "b",
    "a,b",
    "a eq ?) (@b",
    "name",
    "@a",
    "a+",
    "a-<",
    "|",
    "a\nb",
    "a:b",
    "?",
    "a)(b",
    '"',
    "trashed",
]
SLOTS = st.sampled_from(
    [BindParam(("a",), 1), BindParam(("b",), 2), BindParam((), "x"), BindParam((), ["x", "y"])]
)
FIELDS = [each for each in OPPORTUNITY.fields.values() if each.exposed.filter][:6]
OPS = st.sampled_from([Op.EQ, Op.NE, Op.IN, Op.GT])
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(selection.Test, st.sampled_from(FIELDS), OPS, SLOTS),
    st.builds(selection.Test, st.sampled_from(FIELDS), st.just(Op.IS_NULL), st.booleans()),
    st.builds(
        selection.AttributeTest,
        st.sampled_from(ODD),
        st.sampled_from([Kind.TEXT, Kind.DATE]),
        OPS,
        SLOTS,
    ),
    st.builds(
        selection.Search, st.sampled_from([OPPORTUNITY.searched, OPPORTUNITY.searched[:1]]), SLOTS
    ),
)


def _branches(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, max_size=3).map(tuple)
    references = st.sampled_from([*OPPORTUNITY.references.values()][:3])
    reverses = st.sampled_from([*OPPORTUNITY.reverses.values()][:3])
    return st.one_of(
        several.map(selection.And),
        several.map(selection.Or),
        inner.map(selection.Not),
        st.builds(selection.ToOneFilter, references, inner),
        st.builds(selection.ToManyFilter, reverses, st.sampled_from(Quantifier), inner),
    )


conditions = st.none() | st.recursive(leaves, _branches, max_leaves=4)
sort_keys = st.builds(
    lambda path, field, attribute, descending, first: SortKey(
        path, OPPORTUNITY, None if attribute else field, attribute, descending, first
    ),
    st.lists(st.sampled_from([*OPPORTUNITY.references.values()][:3]), max_size=2).map(tuple),
    st.sampled_from(FIELDS),
    st.none() | st.sampled_from(ODD),
    st.booleans(),
    st.booleans(),
)
ways = st.sampled_from([None, *[*MODEL.entities["Account"].reverses.values()][:2]])
lists = st.tuples(
    st.sampled_from(["Opportunity", "Account"]),
    ways,
    conditions,
    st.lists(sort_keys, max_size=2).map(tuple),
    st.booleans(),
)


def _without_values(one: Any) -> Any:
    """The condition with all operands replaced by empty parameters."""
    if isinstance(one, BindParam):
        return BindParam()
    if isinstance(one, selection.And | selection.Or):
        return type(one)(tuple(map(_without_values, one.items)))
    if isinstance(one, selection.Not):
        return selection.Not(_without_values(one.item))
    if isinstance(one, selection.ToOneFilter | selection.ToManyFilter):
        return dataclasses.replace(one, condition=_without_values(one.condition))
    if isinstance(one, selection.Test | selection.AttributeTest):
        return dataclasses.replace(one, value=_without_values(one.value))
    return dataclasses.replace(one, text=BindParam()) if isinstance(one, selection.Search) else one


def _altered(one: Any) -> list[Any]:
    """The conditions that differ from `one` in a single place."""
    match one:
        case selection.And(items) | selection.Or(items):
            altered = [
                selection.Or(items) if isinstance(one, selection.And) else selection.And(items),
                selection.Not(one),
            ]
            for place, item in enumerate(items):
                several = [(*items[:place], each, *items[place + 1 :]) for each in _altered(item)]
                altered += map(type(one), [*several, (*items[:place], *items[place + 1 :])])
            return altered
        case selection.Not(item):
            return [item, *map(selection.Not, _altered(item))]
        case selection.ToOneFilter() | selection.ToManyFilter():
            inner = [dataclasses.replace(one, condition=each) for each in _altered(one.condition)]
            every = (
                [dataclasses.replace(one, quantifier=each) for each in Quantifier]
                if isinstance(one, selection.ToManyFilter)
                else []
            )
            return [one.condition, *inner, *every]
        case selection.Test():
            return [dataclasses.replace(one, field=each) for each in FIELDS]
        case selection.AttributeTest():
            kinds = [dataclasses.replace(one, kind=each) for each in (Kind.TEXT, Kind.DATE)]
            return [*kinds, *(dataclasses.replace(one, key=each) for each in ODD)]
    return []


def _signed(one: Any) -> str:
    entity, via, condition, order, deleted = one
    return signature(entity, via, condition, order, deleted=deleted)[0]


def _bare(one: Any) -> Any:
    return (*one[:2], _without_values(one[2]), *one[3:])


@covers("D-38")
@MANY_EXAMPLES
@given(data=st.data())
def test_lists_share_a_signature_exactly_if_only_values_differ(
    data: st.DataObject,
) -> None:
    """Compares a list with all that differ from it in a single place."""
    one: tuple[Any, ...] = data.draw(lists)
    another = data.draw(lists)
    one_difference = [
        (*one[:place], another[place], *one[place + 1 :]) for place in range(len(one))
    ]
    one_difference += [(*one[:2], each, *one[3:]) for each in _altered(one[2])]
    for place, key in enumerate(one[3]):
        for each in _altered_keys(key):
            one_difference.append((*one[:3], (*one[3][:place], each, *one[3][place + 1 :]), one[4]))
    for other in one_difference:
        assert (_signed(one) == _signed(other)) == (_bare(one) == _bare(other)), other


def _altered_keys(key: SortKey) -> list[SortKey]:
    return [
        dataclasses.replace(key, descending=not key.descending),
        dataclasses.replace(key, nulls_first=not key.nulls_first),
        dataclasses.replace(key, path=key.path[1:]),
        *(dataclasses.replace(key, field=None, attribute=each) for each in ODD),
        *(dataclasses.replace(key, field=each, attribute=None) for each in FIELDS),
    ]


@covers("D-38")
@MANY_EXAMPLES
@given(data=st.data())
def test_cursor_opens_only_with_the_value_it_was_sealed_with(
    data: st.DataObject,
) -> None:
    params = st.lists(
        st.sampled_from(["a", "a,b", None, True, 1, ["a"], ["a", "b"], "1"]), max_size=2
    )
    bound = st.tuples(
        st.sampled_from(IDS[:2]), st.sampled_from(IDS[:2]), st.sampled_from(ODD), params
    )
    one, other = data.draw(bound), data.draw(bound)
    cursor = CURSORS.sealed(b'["x"]', encoded(one)).decode()
    if encoded(other) == encoded(one):
        assert CURSORS.open(cursor, encoded(other)) == ("x",)
    else:
        with pytest.raises(Refused):
            CURSORS.open(cursor, encoded(other))
    assert (encoded(one) == encoded(other)) == (one == other and repr(one) == repr(other))


@covers("D-38")
@MANY_EXAMPLES
@given(data=st.data())
def test_cursor_is_bound_to_tenant_user_list_and_values(data: st.DataObject) -> None:
    """Requests share cursors exactly if tenant, user, list and filter values are equal."""
    ids = st.sampled_from(IDS[:2])
    texts = st.sampled_from(["a", "a,b", "b"])
    parts = st.tuples(ids, ids, st.booleans(), st.lists(texts, max_size=2), st.none() | texts)
    results = []
    for tenant_, user, is_first, names, name in (data.draw(parts), data.draw(parts)):
        query = "query ($in: [String!], $ne: String!) { %s(filter: {name: {in: $in, ne: $ne}}) { edges { cursor } } }"
        params = {"in": names, "ne": name or ""}
        made = request(query % ("opportunities" if is_first else "accounts"), params)
        operation = made.admitted.operation(None)
        parsed = READS._read(made, operation, params, types(GRAPHQL, operation))
        lists = {each.number: each for each in parsed.selection.connections}
        who = Caller(tenant(tenant_), user, IDS[0], "")
        bound = READS._bound_to(who, lists, params, next(iter(lists)))
        results.append(((tenant_, user, is_first, names, name or ""), bound))
    (one, first), (other, second) = results
    assert (first == second) == (one == other)


@covers("D-38", "D-55")
@SOME_EXAMPLES
@given(data=st.data())
def test_cursors_share_a_plan_only_with_the_same_null_keys(data: st.DataObject) -> None:
    text = """query ($first: Int, $after: String, $before: String) {
        opportunities(first: $first, after: $after, before: $before, orderBy: [{amount: DESC}, {name: ASC}]) {
        nodes { id } pageInfo { hasNextPage } } }"""
    viewer = dataclasses.replace(data.draw(viewers()), rights=ALL)
    who = caller(viewer)
    empty = read(request(text, {"first": 2, "after": None, "before": None}), viewer)
    assert not isinstance(empty.plan, Forbidden)
    (listed,) = empty.parsed.selection.connections
    bound = READS._bound_to(who, {listed.number: listed}, {}, listed.number)
    keys = st.none() | st.tuples(
        st.sampled_from([None, "1.00", "2.00"]), st.sampled_from([None, "a", "b"])
    )
    results = []
    for _ in range(2):
        sizes, ends = (
            data.draw(st.sampled_from([2, 3])),
            [data.draw(keys) for _ in ("after", "before")],
        )
        sealed = [
            None if end is None else CURSORS.sealed(encoded([*end, IDS[0]]), bound).decode()
            for end in ends
        ]
        sent_ = {"first": sizes, "after": sealed[0], "before": sealed[1]}
        pattern = (sizes, *(None if end is None else tuple(k is None for k in end) for end in ends))
        results.append((pattern, read(request(text, sent_), viewer)))
    (one, first), (other, second) = results
    assert (first.key == second.key) == (one == other)
    if one == other:
        assert outcome(first.parsed, first.plan, second) == outcome(
            second.parsed, second.plan, second
        )
    elif not isinstance(first.plan, Forbidden) and not isinstance(second.plan, Forbidden):
        assert first.plan.compiled != second.plan.compiled, "different keys for equal plans"


# --- encoding -----------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(alphabet='a,"[]{}:n', max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)
    ),
    max_leaves=4,
)


@MANY_EXAMPLES
@given(one=json_values, other=json_values)
def test_different_values_are_encoded_differently(one: Any, other: Any) -> None:
    ordered = [list(each.items()) if isinstance(each, dict) else each for each in (one, other)]
    assert (encoded(one) == encoded(other)) == (repr(one) == repr(other)), ordered


def test_object_without_a_canonical_text_is_not_encoded() -> None:
    """Two objects with the same `repr` must not share a key."""
    with pytest.raises(TypeError, match="object"):
        encoded([object()])


# --- names of counters and locks ----------------------------------------------------------------

odd_texts = st.sampled_from(["", "a", "b", "a:b", ":", '"'])


@st.composite
def split(draw: st.DrawFn) -> list[str]:
    """Texts split in different ways, which would be equal if joined by a separator."""
    text = draw(st.sampled_from(["a:b", "a,b", 'a","b', "a::b", "a"]))
    return text.split(draw(st.sampled_from([":", ",", '","', "x"])), draw(st.integers(0, 2)))


@covers("D-19")
@MANY_EXAMPLES
@given(data=st.data())
def test_attempts_share_a_counter_only_with_equal_limit_tenant_and_address(
    data: st.DataObject,
) -> None:
    throttle = Throttle("redis://127.0.0.1:1", bytes(16), lambda: 0.0)  # not connected
    names = st.tuples(st.sampled_from([ACCOUNT_LIMIT, ADDRESS_LIMIT]), split())
    (limit, one), (other_limit, other) = data.draw(names), data.draw(names)
    same = limit.namespace == other_limit.namespace and one == other
    assert (throttle._key_of(limit, *one) == throttle._key_of(other_limit, *other)) == same


@covers("D-37")
@MANY_EXAMPLES
@given(data=st.data())
def test_requests_share_a_digest_only_with_equal_text_name_and_variables(
    data: st.DataObject,
) -> None:
    variables = st.dictionaries(st.sampled_from(["a", "b"]), json_values, max_size=2)
    parts = st.tuples(st.sampled_from(TEXT_VARIANTS), st.sampled_from([None, "A", "B"]), variables)
    one, other = data.draw(parts), data.draw(parts)
    who = Caller(tenant(IDS[0]), IDS[1], IDS[2], "")
    keys = [
        _key(who, Request(text, admitted(text), name, params), "k")
        for text, name, params in (one, other)
    ]
    assert (keys[0].digest == keys[1].digest) == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(value: Any) -> Any:
    """The value with objects as sorted pairs, because the order of members is insignificant."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [*map(_sorted, value)] if isinstance(value, list | tuple) else value


@covers("D-37")
@MANY_EXAMPLES
@given(data=st.data())
def test_requests_share_a_lock_only_with_equal_tenant_user_and_key(
    data: st.DataObject,
) -> None:
    ids = st.sampled_from([IDS[0], IDS[1]])
    keys = st.builds(IdempotentRequest, ids, ids, odd_texts, st.just(b""))
    one, other = data.draw(keys), data.draw(keys)
    assert (one.lock == other.lock) == (one == other)
