"""Bounds the size of an operation's result, before it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import GraphQLArgument, GraphQLSchema, get_named_type, is_composite_type
from graphql.language import (
    FieldNode,
    ListValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)

from domain.message import Message

from .inputs import (
    Conditions,
    MeasuredInputs,
    check_variables,
    literal_conditions,
    literal_page,
    page_size,
)
from .limits import Limits
from .merge import Level, Use, Variant, in_order
from .refusal import refuse

_COUNT_WEIGHT = 10
_AGGREGATE_WEIGHT = 20
_SEARCH_WEIGHT = 50
_SEARCH, _HIT, _HITS = "search", "SearchHit", 20
_FILTERS = frozenset({"filter", "where", "orderBy"})
_GROUPS = "Groups"
_LIVE = "Live"
_PAGES = frozenset({"first", "last"})
_TIMES = frozenset({"ids", "inputs"})


@dataclass(frozen=True, slots=True)
class Cost:
    """Upper bounds: objects (plus the weights of filters, counts and aggregates) and leaf fields."""

    nodes: int
    fields: int


class _Price(NamedTuple):
    """The cost of one object of a level, and separately of each row of its page."""

    nodes: int
    fields: int
    row_nodes: int
    row_fields: int
    has_rows: bool


_FREE = _Price(0, 0, 0, 0, False)


@dataclass(slots=True)
class _Part:
    """One field of a level; known numbers stand in place of variables."""

    owner: str
    leaf: int
    own: int
    in_rows: bool
    makes_rows: bool
    weight: int
    conditions: tuple[str, ...] = ()
    below: Level | None = None
    connection: bool = False
    times: int = 1  # if no argument sets it
    least: int = 0  # a literal page argument
    pages: tuple[tuple[str, VariableNode], ...] = ()
    live: bool = False
    ids: str | None = None

    def is_fixed(self) -> bool:
        return not self.conditions and not self.pages and self.ids is None

    def price(
        self, prices: Mapping[Level, _Price], inputs: MeasuredInputs, limits: Limits
    ) -> _Price:
        """Return the cost of the field, in the columns of its position."""
        below = prices[self.below] if self.below is not None else _FREE
        times = self._times(inputs, limits)
        weight = self.weight + sum(inputs.conditions(name) for name in self.conditions)
        if self.connection:
            rows = times * (below.row_nodes + below.has_rows)
            nodes, fields = below.nodes + rows, below.fields + times * below.row_fields
        else:
            nodes = times * (self.own + below.nodes + below.row_nodes)
            fields = times * (self.leaf + below.fields + below.row_fields)
        if self.in_rows:
            return _Price(0, 0, nodes + weight, fields, self.makes_rows)
        return _Price(nodes + weight, fields, 0, 0, self.makes_rows)

    def _times(self, inputs: MeasuredInputs, limits: Limits) -> int:
        if self.ids is not None:
            return inputs.length(self.ids)
        times = self.least
        for argument, node in self.pages:
            given = inputs.page(node.name.value)
            size = page_size(argument, given, limits, node, live=self.live)
            times = max(times, size or 0)
        return times or self.times


@dataclass(slots=True)
class _Step:
    """The fields of one level; the cost of fixed fields is already summed."""

    fixed: dict[str, _Price]
    parts: list[_Part] = field(default_factory=list)

    def price(
        self, prices: Mapping[Level, _Price], inputs: MeasuredInputs, limits: Limits
    ) -> _Price:
        """Return the cost of one object: the common fields plus the most expensive of its types."""
        sums = dict(self.fixed)
        for part in self.parts:
            price = part.price(prices, inputs, limits)
            sums[part.owner] = _add(sums.get(part.owner, _FREE), price)
        common = sums.pop("", _FREE)
        if not sums:
            return common
        dearest = _Price(*(max(column) for column in zip(*sums.values(), strict=True)))
        return _add(common, dearest)


def _add(one: _Price, other: _Price) -> _Price:
    return _Price(
        one.nodes + other.nodes,
        one.fields + other.fields,
        one.row_nodes + other.row_nodes,
        one.row_fields + other.row_fields,
        one.has_rows or other.has_rows,
    )


class Pricing:
    """Prices levels of one document; costs that do not depend on variables are summed once."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        """Start with no level priced."""
        self._roots = (
            schema.query_type,
            schema.mutation_type,
        )  # not the subscription type, whose lists are pages
        self._limits = limits
        self.prices: dict[Level, _Price] = {}
        self.steps: dict[Level, _Step] = {}

    def prepare(self, root: Level, operation: OperationDefinitionNode) -> Prepared:
        """Prepare an operation; raises `DocumentRejected` (BAD_USER_INPUT) for an invalid literal page size."""
        nothing = MeasuredInputs(operation, {})
        fresh = [level for level in in_order(root, set(self.prices)) if level not in self.steps]
        for level in fresh:
            self._enter(level, nothing)
        moving = [level for level in in_order(root, set(self.prices)) if level in self.steps]
        names = frozenset(node.variable.name.value for node in operation.variable_definitions or ())
        return Prepared(self, root, operation, moving, names, self._limits)

    def _enter(self, level: Level, nothing: MeasuredInputs) -> None:
        step = _Step({})
        for name, variants in level.groups.items():
            for variant in variants:
                part = self._part(variant, shared=name in level.common)
                known = part.below is None or part.below in self.prices
                if known and part.is_fixed():
                    price = part.price(self.prices, nothing, self._limits)
                    step.fixed[part.owner] = _add(step.fixed.get(part.owner, _FREE), price)
                else:
                    step.parts.append(part)
        if step.parts:
            self.steps[level] = step
        else:
            self.prices[level] = step.price(self.prices, nothing, self._limits)

    def _part(self, variant: Variant, *, shared: bool) -> _Part:
        use = variant.use
        name = use.node.name.value
        parent = use.parent.name if use.parent else ""
        named = get_named_type(use.definition.type) if use.definition else None
        composite = is_composite_type(named)
        in_rows = _is_rows(parent, name)
        # The objects of a page are counted with the page, wrappers not at all.
        wrapped = name == "node" and parent.endswith(("Edge", f"{_LIVE}Change"))
        uncounted = in_rows or wrapped or name == "pageInfo" or parent == _HIT
        filters = _conditions(use.node)
        part = _Part(
            owner="" if shared else variant.owner,
            leaf=0 if composite else 1,
            own=1 if composite and not uncounted else 0,
            in_rows=in_rows,
            makes_rows=in_rows,
            weight=_weight(name, parent) + filters.fixed,
            conditions=filters.variables,
            below=variant.below,
            connection=named is not None and named.name.endswith(("Connection", _GROUPS, _LIVE)),
        )
        if part.connection:
            self._set_page(part, use)
        elif named is not None and named.name == _HIT:
            part.times = _HITS
            self._set_sizes(part, use)
        elif use.parent in self._roots:
            _set_times(part, use.node)
        return part

    def _set_page(self, part: _Part, use: Use) -> None:
        part.times, part.live = _default_page(use, self._limits), _is_live(use)
        self._set_sizes(part, use)

    def _set_sizes(self, part: _Part, use: Use) -> None:
        for argument in use.node.arguments or ():
            name, value = argument.name.value, argument.value
            if name not in _PAGES:
                continue
            if isinstance(value, VariableNode):
                part.pages = (*part.pages, (name, value))
            else:
                size = page_size(name, literal_page(value), self._limits, value, live=_is_live(use))
                part.least = max(part.least, size or 0)


def _is_rows(parent: str, name: str) -> bool:
    """Whether a field of this type contains the records of a page, of groups, or of a live list."""
    if parent.endswith("Connection"):
        return name in {"edges", "nodes"}
    return (parent.endswith(_GROUPS) and name == "groups") or (
        parent.endswith(_LIVE) and name == "changes"
    )


def _is_live(use: Use) -> bool:
    return use.definition is not None and get_named_type(use.definition.type).name.endswith(_LIVE)


def _default_page(use: Use, limits: Limits) -> int:
    """Return the default page size."""
    if _is_live(use):
        return limits.default_live
    given = {argument.name.value for argument in use.node.arguments or ()}
    sizes = []
    for name in _PAGES:
        argument = use.definition.args.get(name) if use.definition else None
        if argument is not None and isinstance(size := _default(argument), int):
            sizes.append(size)
    if not sizes or given & _PAGES:
        # An argument given as null disables the schema's default.
        named = get_named_type(use.definition.type).name if use.definition else ""
        grouped = named.endswith(_GROUPS)
        sizes.append(limits.default_groups if grouped else limits.default_page)
    return max(sizes)


def _default(argument: GraphQLArgument) -> object:
    """Return the default of an argument, which the schema can declare in three ways."""
    stated = argument.default
    if stated is None:
        return argument.default_value
    return stated.value if stated.literal is None else literal_page(stated.literal)


def _set_times(part: _Part, node: FieldNode) -> None:
    """A field with several ids or inputs counts once per item."""
    for argument in node.arguments or ():
        if argument.name.value in _TIMES:
            if isinstance(argument.value, VariableNode):
                part.ids = argument.value.name.value
            elif isinstance(argument.value, ListValueNode):
                part.times = len(argument.value.values)


def _weight(name: str, parent: str) -> int:
    if name == "totalCount" and parent.endswith("Connection"):
        return _COUNT_WEIGHT
    if name == _SEARCH and parent == "Query":
        return _SEARCH_WEIGHT
    return _AGGREGATE_WEIGHT if name == "aggregate" or name.endswith("Aggregate") else 0


def _conditions(node: FieldNode) -> Conditions:
    fixed = 0
    variables: tuple[str, ...] = ()
    for argument in node.arguments or ():
        if argument.name.value in _FILTERS:
            value: ValueNode = argument.value
            found = literal_conditions(value)
            fixed += found.fixed
            variables += found.variables
    return Conditions(fixed, variables)


@dataclass(slots=True)
class Prepared:
    """An operation whose cost depends only on its variables."""

    pricing: Pricing
    root: Level
    operation: OperationDefinitionNode
    moving: list[Level]
    names: frozenset[str]
    limits: Limits

    def cost(self, variables: Mapping[str, object]) -> Cost:
        """Return the cost with the variables as sent (JSON values, not yet coerced).

        Raises `DocumentRejected`: BAD_USER_INPUT for a page size, list or string out of bounds,
        QUERY_TOO_COMPLEX if the cost is over a limit.
        """
        check_variables(variables, self.names, self.limits)
        prices = self.pricing.prices
        if self.moving:
            inputs = MeasuredInputs(self.operation, variables)
            prices = dict(prices)
            for level in self.moving:
                prices[level] = self.pricing.steps[level].price(prices, inputs, self.limits)
        total = prices[self.root]
        cost = Cost(total.nodes + total.row_nodes, total.fields + total.row_fields)
        _refuse_cost(Message("objects"), cost.nodes, self.limits.nodes)
        _refuse_cost(Message("values"), cost.fields, self.limits.fields)
        return cost


def _refuse_cost(what: Message, cost: int, limit: int) -> None:
    if cost > limit:
        raise refuse(
            "QUERY_TOO_COMPLEX",
            Message(
                "The operation could expand to {cost:,} {what}; the limit is {limit:,}. "
                "Request smaller pages (first, last), fewer nested lists, or fewer fields.",
                cost=min(cost, 10**15),
                what=what,
                limit=limit,
            ),
        )
