"""Reads a valid operation into a selection tree: expands fragments, applies directives and merges fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from db.engine.dependencies import (
    AttributeOf,
    AttributesOf,
    Dependencies,
    Dependency,
    FieldOf,
    ListPermissionsOf,
    PermissionsOf,
    RowsOf,
    TrashOf,
    TypePermissionsOf,
    entities_of,
)
from db.engine.entity import Entity
from db.engine.fields import Field, Kind, Reference, Reverse
from db.engine.model import Model
from db.engine.plan.group_selection import Groups
from db.engine.plan.roots import Find, Root, RootNode, RootNodes, RootOne, Selection, connections
from db.engine.plan.selection import (
    PERMISSIONS,
    TYPE_PERMISSIONS,
    Aggregate,
    Amount,
    Attributes,
    BindParam,
    ComputedInputs,
    ConnectionSelection,
    EdgesSelection,
    Function,
    InConnection,
    Measure,
    NodesSelection,
    ObjectSelection,
    PageInfoSelection,
    PageSide,
    RecordPermissions,
    Shown,
    ToOneSelection,
    TotalCount,
    Typename,
    TypePermissions,
    Value,
    currency_of,
)
from domain.codes import Code, Refused
from domain.message import Message
from domain.values import JsonObject
from schema.engine.filters import Filters, bind_param, check_ids, list_of, optional_bind_param, page
from schema.engine.generate import measure_type
from schema.engine.groups import read_groups
from schema.engine.literals import Arguments
from schema.engine.root_fields import RootField
from schema.engine.searches import read_search
from schema.engine.signature import signature
from schema.engine.typed import named
from schema.engine.variables import Declared, Variables

EXPANDED = 1_000
"""Maximum fields of one operation after expansion; so many compile in about 0.1 seconds."""
TEST = 4
"""Weight of a test, in fields."""
TOO_MANY_FIELDS = Message(
    "With fragments expanded, the operation selects more than {limit:,} fields. Split it.",
    limit=EXPANDED,
)
Selected = dict[str, list[FieldNode]]


class SelectionReader:
    """Reads one operation. `values` are its coerced variables, `declared` their types."""

    def __init__(
        self,
        schema: GraphQLSchema,
        model: Model,
        roots: Mapping[str, RootField],
        fragments: Mapping[str, FragmentDefinitionNode],
        values: Variables,
        declared: Declared,
    ) -> None:
        self._schema = schema
        self.model = model
        self._roots = roots
        self._fragments = fragments
        self._values = values
        self._arguments = Arguments(values, declared)
        self.depends_on: set[Dependency] = set()
        self.filter_depends_on: set[Dependency] = set()
        self.filters = Filters(model, self.filter_depends_on)
        self._count = 0
        self._expanded = 0
        self.computes = False
        """Whether the current root field contains a field that is computed in Python."""

    def read(self, operation: OperationDefinitionNode, *, executes: bool = False) -> Selection:
        """The root fields that the database answers; others, such as `__schema`, are left out.

        With `executes`, all of them are executed in Python, not only those that must be.
        """
        fields = self.collect(operation.selection_set, "Query")
        roots: list[tuple[str, Root]] = []
        executed = set()
        for key, nodes in fields.items():
            if nodes[0].name.value in self._roots:
                self.computes = executes
                root = self._root(nodes, self._roots[nodes[0].name.value])
                roots.append((key, named(root) if self.computes else root))
                executed |= {key} if self.computes else set()
        return self.selection(tuple(roots), frozenset(executed))

    def selection(self, roots: tuple[tuple[str, Root], ...], executed: frozenset[str]) -> Selection:
        """The selection of all root fields."""
        listed = tuple(connections(roots))
        depends_on = self._with_parents(self.depends_on | self.filter_depends_on)
        sizes = [(each.number, each.size) for each in listed]
        sizes += [(root.number, root.size) for _, root in roots if isinstance(root, Groups)]
        filters = frozenset(self.filter_depends_on)
        return Selection(roots, depends_on, filters, listed, tuple(sizes), executed)

    def _with_parents(self, found: set[Dependency]) -> Dependencies:
        """With the rows of all parents: a child record is visible only with its parents."""
        waiting = [self.model.entities[name] for name in entities_of(frozenset(found))]
        while waiting:
            above = waiting.pop().parent_types
            found |= {RowsOf(each.name) for each in above}
            waiting += above
        return frozenset(found)

    @property
    def weight(self) -> int:
        """Number of expanded fields plus tests; a test weighs as much as several fields."""
        return self._expanded + TEST * self.filters.conditions

    def collect(
        self, selected: SelectionSetNode, name: str, found: Selected | None = None
    ) -> Selected:
        """The fields selected on a type, by response key, in document order."""
        found = {} if found is None else found
        for node in filter(self._included, selected.selections):
            if isinstance(node, FieldNode):
                self._expanded += 1
                if self._expanded > EXPANDED:
                    raise Refused(Code.QUERY_TOO_COMPLEX, TOO_MANY_FIELDS)
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(
                    node
                )
                continue
            inner = (
                self._fragments[node.name.value]
                if isinstance(node, FragmentSpreadNode)
                else cast("InlineFragmentNode", node)
            )
            on = inner.type_condition.name.value if inner.type_condition else name
            if on == name or self._implements(name, on):
                self.collect(inner.selection_set, name, found)
        return found

    def _implements(self, name: str, interface: str) -> bool:
        kind = self._schema.type_map[interface]
        own = cast("GraphQLObjectType", self._schema.type_map[name])
        return isinstance(kind, GraphQLInterfaceType) and self._schema.is_sub_type(kind, own)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            word = directive.name.value
            if word in ("skip", "include"):
                given = (directive.arguments or ())[0].value
                if isinstance(given, VariableNode):
                    on = self._values.get(given.name.value)
                else:
                    on = isinstance(given, BooleanValueNode) and given.value
                if bool(on) is (word == "skip"):
                    return False
        return True

    def fields(self, nodes: list[FieldNode], name: str) -> Selected:
        found: Selected = {}
        for node in nodes:
            if node.selection_set:
                self.collect(node.selection_set, name, found)
        return found

    def names(self, nodes: list[FieldNode], name: str) -> tuple[tuple[str, str], ...]:
        return tuple((key, inner[0].name.value) for key, inner in self.fields(nodes, name).items())

    def given(self, nodes: list[FieldNode], parent: str) -> JsonObject:
        kind = cast("GraphQLObjectType", self._schema.type_map[parent])
        return self._arguments.of(nodes[0], kind.fields[nodes[0].name.value].args)

    # --- roots ---------------------------------------------------------------------------------

    def _root(self, nodes: list[FieldNode], root: RootField) -> Root:
        given = self.given(nodes, "Query")
        if root.find == "NODES":
            return self._nodes(nodes, bind_param(given["ids"]))
        if root.find == "NODE":
            id = bind_param(given["id"])
            entity = self._entity_of(id)
            return RootNode(id, self.object(nodes, entity) if entity else None)
        if root.find == "SEARCH":
            self._count += 1
            return read_search(self, self._count, nodes, given)
        entity = self.model.entities[root.entity or ""]
        if root.find == "GROUPS":
            self._count += 1
            return read_groups(self, self._count, nodes, entity, given)
        if root.find == "LIST":
            return self._connection(nodes, entity, None, given)
        return RootOne(
            Find(root.find), self.object(nodes, entity), optional_bind_param(given.get("id"))
        )

    def _entity_of(self, id: BindParam) -> Entity | None:
        return self.model.by_prefix.get(str(id.constant).rpartition("_")[0])

    def _nodes(self, nodes: list[FieldNode], ids: BindParam) -> RootNodes:
        several = ids.constant if isinstance(ids.constant, list | tuple) else []
        check_ids(several)
        texts = [str(id.constant if isinstance(id, BindParam) else id) for id in several]
        prefixes = {text.rpartition("_")[0] for text in texts}
        entities = [self.model.by_prefix[p] for p in sorted(prefixes) if p in self.model.by_prefix]
        return RootNodes(ids, tuple(self.object(nodes, entity) for entity in entities))

    # --- records -------------------------------------------------------------------------------

    def object(self, nodes: list[FieldNode], entity: Entity) -> ObjectSelection:
        self.depends_on.add(RowsOf(entity.name))
        fields = self.fields(nodes, entity.name)
        return ObjectSelection(
            entity, tuple((key, self._shown(inner, entity)) for key, inner in fields.items())
        )

    def _shown(self, nodes: list[FieldNode], entity: Entity) -> Shown:
        name = nodes[0].name.value
        if name == "__typename":
            return Typename(entity.name)
        if name in entity.reverses:
            return self._reverse(nodes, entity, entity.reverses[name])
        if name == "attributes":
            return self._attributes(nodes, entity)
        if name == TYPE_PERMISSIONS:
            self.depends_on.add(TypePermissionsOf(entity.name))
            return TypePermissions(self.names(nodes, "TypePermissions"))
        if name == PERMISSIONS:
            self.depends_on.add(PermissionsOf(entity.name))
            return RecordPermissions(self.names(nodes, "RecordPermissions"))
        self.depends_on.add(FieldOf(entity.name, name))
        if name in entity.derived:
            self.computes = True
            return ComputedInputs(entity.derived[name])
        if name in entity.references:
            reference = entity.references[name]
            return ToOneSelection(
                reference, self.object(nodes, self.model.entities[reference.target])
            )
        field = entity.fields[name]
        if field.kind is Kind.MONEY:
            return Amount(field, self.names(nodes, "Money"))
        return Value(field)

    def _attributes(self, nodes: list[FieldNode], entity: Entity) -> Attributes:
        keys = self.given(nodes, entity.name).get("keys")
        chosen = (
            None if keys is None else tuple(str(bind_param(key).constant) for key in list_of(keys))
        )
        if chosen is None:
            self.depends_on.add(AttributesOf(entity.name))
        else:
            self.depends_on |= {AttributeOf(entity.name, key) for key in chosen}
        return Attributes(chosen, self.names(nodes, "AttributeValue"))

    def _reverse(
        self, nodes: list[FieldNode], entity: Entity, reverse: Reverse
    ) -> ConnectionSelection:
        self.depends_on |= {FieldOf(reverse.source, reverse.reference), RowsOf(reverse.source)}
        given = self.given(nodes, entity.name)
        return self._connection(nodes, self.model.entities[reverse.source], reverse, given)

    # --- lists ---------------------------------------------------------------------------------

    def _connection(
        self, nodes: list[FieldNode], entity: Entity, via: Reverse | None, given: JsonObject
    ) -> ConnectionSelection:
        self._count += 1
        number = self._count
        self.depends_on.add(RowsOf(entity.name))
        condition = self.filters.condition(entity, given.get("filter"))
        order = self.filters.order(entity, given.get("orderBy"))
        deleted = given.get("trashed") is not None
        bound, values = signature(entity.name, via, condition, order, deleted=deleted)
        if deleted:
            self.filter_depends_on.add(TrashOf(entity.name))
        fields = self.fields(nodes, f"{entity.name}Connection")
        parts = tuple((key, self._part(inner, entity)) for key, inner in fields.items())
        backward, size = page(given)
        return ConnectionSelection(
            number=number,
            entity=entity,
            via=via,
            condition=condition,
            order=order,
            size=size,
            backward=backward,
            cursors=tuple(
                (side, bind_param(given[side])) for side in PageSide if given.get(side) is not None
            ),
            parts=parts,
            signature=bound,
            deleted=deleted,
            values=values,
        )

    def _part(self, nodes: list[FieldNode], entity: Entity) -> InConnection:
        name = nodes[0].name.value
        match name:
            case "nodes":
                return NodesSelection(self.object(nodes, entity))
            case "edges":
                return self._edges(nodes, entity)
            case "pageInfo":
                return PageInfoSelection(self.names(nodes, "PageInfo"))
            case "totalCount":
                given = self.given(nodes, f"{entity.name}Connection")
                return TotalCount(optional_bind_param(given.get("atMost")))
            case "aggregate":
                return self._aggregate(nodes, entity)
            case "permissions":
                self.depends_on.add(ListPermissionsOf(entity.name))
                return TypePermissions(self.names(nodes, "TypePermissions"))
        return Typename(f"{entity.name}Connection")

    def _edges(self, nodes: list[FieldNode], entity: Entity) -> EdgesSelection:
        parts: list[tuple[str, ObjectSelection | str]] = []
        for key, inner in self.fields(nodes, f"{entity.name}Edge").items():
            name = inner[0].name.value
            if name == "node":
                parts.append((key, self.object(inner, entity)))
            else:
                parts.append((key, name if name == "cursor" else f"{entity.name}Edge"))
        return EdgesSelection(tuple(parts))

    def _aggregate(self, nodes: list[FieldNode], entity: Entity) -> Aggregate:
        self.filter_depends_on.add(RowsOf(entity.name))
        name = f"{entity.name}Aggregate"
        fields = self.fields(nodes, name)
        parts = ((key, self.measure(inner, entity) or name) for key, inner in fields.items())
        return Aggregate(tuple(parts))

    def measured(self, entity: Entity, what: Field | Reference) -> None:
        """Add the dependencies of a measure of a field or reference."""
        self.filter_depends_on |= {RowsOf(entity.name), FieldOf(entity.name, what.name)}
        if isinstance(what, Reference):
            self.filter_depends_on.add(RowsOf(what.target))
        elif what.kind is Kind.MONEY:
            self.depends_on.add(FieldOf(entity.name, currency_of(entity, what)))

    def measure(self, nodes: list[FieldNode], entity: Entity) -> Measure | str | None:
        """`count`, or an aggregate of fields; None for other names."""
        word = nodes[0].name.value
        if word == "count":
            return word
        if word not in list(Function):
            return None
        name = measure_type(entity.name, word)
        parts: list[tuple[str, Field | Reference | str, tuple[tuple[str, str], ...]]] = []
        for key, inner in self.fields(nodes, name).items():
            field = inner[0].name.value
            if field == "__typename":
                parts.append((key, name, ()))
                continue
            what = entity.references.get(field) or entity.fields[field]
            self.measured(entity, what)
            kind = cast("GraphQLObjectType", self._schema.type_map[name])
            is_money = get_named_type(kind.fields[field].type).name == "Money"
            parts.append((key, what, self.names(inner, "Money") if is_money else ()))
        return Measure(Function(word), tuple(parts))
