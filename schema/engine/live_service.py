"""Reads subscriptions: the list, its selection, and per viewer the compiled statement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode

from auth.engine.viewer import Viewer
from db.engine.dependencies import RowsOf, entities_of
from db.engine.model import Model
from db.engine.plan.live import IDS, Live, LivePlan, compile_live_plan
from db.engine.plan.planner import Forbidden, resolve, resolve_as
from db.engine.plan.roots import Find, RootOne
from db.engine.plan.selection import BindParam, ObjectSelection
from db.engine.plan.source import Pages
from domain.codes import Code, Refused
from domain.message import Message
from resolvers.engine.context import Caller
from schema.engine.budget import Budget
from schema.engine.compiled_subscription import CompiledSubscription, DerivedReader
from schema.engine.cursors import Cursors
from schema.engine.filters import optional_bind_param
from schema.engine.forbidden import FILTER, forbidden, written_as
from schema.engine.generate_live import CHANGE, LIVE
from schema.engine.keys import LivePlanKey, OperationKey, encoded
from schema.engine.live_messages import Changes, LiveMessage
from schema.engine.lru import Lru
from schema.engine.read_selection import SelectionReader
from schema.engine.reads import CHARACTERS_PER_NODE, MAX_PARSED_FIELDS, PARSED_OPERATIONS, Request
from schema.engine.typed import with_type
from schema.engine.variables import Declared, Variables, coerce, shape, types

PLANS = 1_000
PLANNED = 8_000_000
"""Maximum characters of all cached plans."""
DEFAULT_SIZE = 250
"""Records in the window of a live list, by default."""
Nodes = list[FieldNode]


@dataclass(frozen=True)
class ParsedSubscription:
    """A parsed subscription, independent of any caller's rights."""

    live: Live
    message: LiveMessage
    after: BindParam | None
    max_records: BindParam | None
    computes: tuple[Nodes | None, ...]
    """Per text: the selections that Python computes; None if there are none."""
    weight: int


@dataclass(frozen=True)
class SubscriptionRequest:
    """A caller's request for a live list. It remains valid when the caller's rights change."""

    lives: SubscriptionService
    caller: Caller
    request: Request
    key: OperationKey
    parsed: ParsedSubscription
    values: Variables

    @property
    def after(self) -> str | None:
        """The cursor to resume from."""
        found = None if self.parsed.after is None else resolve(self.parsed.after, self.values)
        return found if isinstance(found, str) else None

    def compile(self, viewer: Viewer, *, charged: bool = True) -> CompiledSubscription:
        """Compile the list under these rights; the first call is charged to the budget, later ones are not.

        Raises Refused.
        """
        return self.lives.compile(self, viewer, charged=charged)


class SubscriptionService:
    """Reads and compiles subscriptions. One instance per process."""

    def __init__(
        self,
        schema: GraphQLSchema,
        model: Model,
        lists: Mapping[str, str],
        cursors: Cursors,
        budget: Budget,
    ) -> None:
        """`lists` maps the root field of each live list to its entity."""
        self._schema = schema
        self._model = model
        self._lists = lists
        self._cursors = cursors
        self.budget = budget
        self._prefixes = frozenset(model.by_prefix)
        self.parsed: Lru[OperationKey, ParsedSubscription] = Lru(
            PARSED_OPERATIONS, MAX_PARSED_FIELDS, lambda parsed: parsed.weight
        )
        self.plans: Lru[LivePlanKey, LivePlan | Forbidden] = Lru(PLANS, PLANNED, _length)

    def parse(self, caller: Caller, request: Request) -> SubscriptionRequest:
        """Parse a subscription operation. Raises Refused."""
        cost = request.admitted.cost(request.variables, request.name)
        self.budget.spend(caller.tenant.id, cost.nodes)
        operation = request.admitted.operation(request.name)
        values = coerce(self._schema, operation, request.variables)
        declared = types(self._schema, operation)
        key = OperationKey(request.text, request.name, shape(values, declared, self._prefixes))
        parsed = self.parsed.get(key, partial(self._read, request, operation, values, declared))
        return SubscriptionRequest(self, caller, request, key, parsed, values)

    def _read(
        self,
        request: Request,
        operation: OperationDefinitionNode,
        values: Variables,
        declared: Declared,
    ) -> ParsedSubscription:
        reader = SelectionReader(
            self._schema, self._model, {}, request.admitted.fragments, values, declared
        )
        fields = reader.collect(operation.selection_set, "Subscription")
        names = [nodes[0].name.value for nodes in fields.values()]
        if len(names) != 1 or names[0] not in self._lists:
            message = Message(
                "A subscription must select exactly one root field. Send one subscription per list."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        ((key, nodes),) = fields.items()
        return _ListReader(reader, self._model, self._lists[names[0]]).read(key, nodes)

    def compile(
        self, subscription: SubscriptionRequest, viewer: Viewer, *, charged: bool
    ) -> CompiledSubscription:
        """Compile a list under a viewer's rights. Raises Refused."""
        parsed, request = subscription.parsed, subscription.request
        values = {**subscription.values, IDS: []}
        entity = parsed.live.entity
        if not viewer.may_see(entity.name):
            message = Message(
                "You cannot see records of type {type}. Ask an administrator for the right.",
                type=entity.name,
            )
            raise Refused(Code.FORBIDDEN, message)
        given = None if parsed.max_records is None else resolve(parsed.max_records, values)
        max_records = given if isinstance(given, int) and given else DEFAULT_SIZE
        pages = Pages({number: resolve_as(int, slot, values) for number, slot in parsed.live.sizes})
        rights = viewer.rights_key(parsed.live.depends_on)
        key = LivePlanKey(subscription.key, rights, pages, max_records)
        made = self.plans.get(
            key, partial(self._compile, subscription, viewer, max_records, pages, charged)
        )
        if isinstance(made, Forbidden):
            raise forbidden(map(written_as, made.closed), FILTER)
        bound = made.by_ids.arguments(values, viewer, {})
        shown = [parsed.message.parts, made.full.denied]
        order = [list(each) for each in made.directions]
        identity = [request.text, request.name, max_records, shown, _sql(made), order, bound]
        return CompiledSubscription(
            key=hashlib.blake2b(encoded(identity), digest_size=16).digest(),
            live=parsed.live,
            related=parsed.live.related | self._visibility_entities(parsed.live, viewer),
            max_records=max_records,
            plan=made,
            viewer=viewer,
            values=values,
            message=parsed.message,
            cursors=self._cursors,
            tenant=subscription.caller.tenant.id,
            computing=DerivedReader(self._schema, request, parsed.computes),
        )

    def _visibility_entities(self, live: Live, viewer: Viewer) -> set[str]:
        """The entities, such as shares, that determine which of the list's rows the viewer sees."""
        names = {name for name in entities_of(live.depends_on) if viewer.may_see(name)}
        tables = {
            table
            for name in names
            for table in viewer.visibility_tables(self._model.entities[name])
        }
        return {self._model.by_table[table.name].name for table in tables}

    def _compile(
        self,
        subscription: SubscriptionRequest,
        viewer: Viewer,
        max_records: int,
        pages: Pages,
        charged: bool,
    ) -> LivePlan | Forbidden:
        """Compile a plan and charge it to the tenant's budget."""
        made = compile_live_plan(subscription.parsed.live, max_records, viewer, self._model, pages)
        if charged:
            self.budget.spend(subscription.caller.tenant.id, _length(made) // CHARACTERS_PER_NODE)
        if isinstance(made, LivePlan) and made.full.cursors:
            message = Message(
                "Subscriptions do not return cursors. Omit `cursor`, `startCursor` and `endCursor`, and "
                "page through longer lists with queries."
            )
            raise Refused(Code.BAD_USER_INPUT, message)
        return made


class _ListReader:
    """Reads the one root field of a subscription."""

    def __init__(self, reader: SelectionReader, model: Model, entity: str) -> None:
        self._reader = reader
        self._model = model
        self._entity = model.entities[entity]
        self._texts: list[ObjectSelection] = []
        self._computes: list[Nodes | None] = []

    def read(self, key: str, nodes: Nodes) -> ParsedSubscription:
        reader, entity = self._reader, self._entity
        given = reader.given(nodes, "Subscription")
        condition = reader.filters.condition(entity, given.get("filter"))
        order = reader.filters.order(entity, given.get("orderBy"))
        reader.depends_on.add(RowsOf(entity.name))
        fields = reader.fields(nodes, f"{entity.name}{LIVE}")
        parts = tuple((name, self._part(inner)) for name, inner in fields.items())
        roots = tuple((str(n), RootOne(Find.ID, text)) for n, text in enumerate(self._texts))
        selection = reader.selection(roots, frozenset())
        for each in (self._model.entities[name] for name in entities_of(selection.depends_on)):
            if each.is_trace and each is not self._model.history:
                message = Message(
                    "{field} is not available in subscriptions. Use a query.", field=each.name
                )
                raise Refused(Code.BAD_USER_INPUT, message)
        return ParsedSubscription(
            live=Live(
                entity,
                condition,
                order,
                tuple(self._texts),
                selection.depends_on,
                selection.filter_depends_on,
                selection.sizes,
            ),
            message=LiveMessage(key, entity, parts),
            after=optional_bind_param(given.get("after")),
            max_records=optional_bind_param(given.get("first")),
            computes=tuple(self._computes),
            weight=reader.weight,
        )

    def _part(self, nodes: Nodes) -> str | Changes:
        word = nodes[0].name.value
        if word != "changes":
            return word
        fields = self._reader.fields(nodes, f"{self._entity.name}{CHANGE}")
        return Changes(tuple((name, self._shown(inner)) for name, inner in fields.items()))

    def _shown(self, nodes: Nodes) -> str | int:
        """The name of a change's field, or the number of the record's text."""
        if nodes[0].name.value != "node":
            return nodes[0].name.value
        self._reader.computes = False
        text = self._reader.object(nodes, self._entity)
        self._texts.append(with_type(text) if self._reader.computes else text)
        self._computes.append(nodes if self._reader.computes else None)
        return len(self._texts) - 1


def _sql(made: LivePlan) -> str:
    """The statement that identifies a plan: the one that does not depend on the number of rows."""
    return made.by_ids.compiled.sql if made.by_ids.compiled else ""


def _length(made: LivePlan | Forbidden) -> int:
    return 2 * len(_sql(made)) if isinstance(made, LivePlan) else 0
