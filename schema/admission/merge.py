"""Groups a document's selections by response name: the field nodes that merge into one field."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
)
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from domain.message import Message

from .refusal import refuse

_META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


class Steps:
    """Counts work, and raises `DocumentRejected` (QUERY_TOO_COMPLEX) once it exceeds the limit."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        """Start at zero."""
        self.limit = limit
        self.spent = 0

    def spend(self, steps: int) -> None:
        """Count the steps; raises `DocumentRejected` if there are too many."""
        self.spent += steps
        if self.spent > self.limit:
            raise refuse(
                "QUERY_TOO_COMPLEX",
                Message(
                    "The fragments of this document combine in too many ways to be checked. "
                    "Spread fewer fragments below fields of the same name."
                ),
            )


@dataclass(slots=True, eq=False)
class Use:
    """One field node, the type it is selected on, and its definition if it has one.

    As in the standard rule, `definition` is None for `__typename`. `arguments` is a comparison key,
    computed when it is first needed.
    """

    node: FieldNode
    parent: GraphQLNamedType | None
    definition: GraphQLField | None
    arguments: Hashable = None

    @property
    def owner(self) -> GraphQLObjectType | None:
        """The parent if it is an object type: fields on two different object types are never both present."""
        return self.parent if isinstance(self.parent, GraphQLObjectType) else None


@dataclass(slots=True, eq=False)
class Selected:
    """The fields of one selection set, with inline fragments expanded and spreads listed."""

    number: int
    uses: list[Use] = field(default_factory=list)
    spreads: list[str] = field(default_factory=list)


class Selections:
    """Expands every selection set of a document once; all field types are known statically."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema, steps: Steps) -> None:
        """Index the fragments; nothing is expanded yet."""
        self._schema = schema
        self._steps = steps
        self._opened: dict[int, Selected] = {}
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.reached: set[str] = set()

    def of_operation(self, operation: OperationDefinitionNode) -> Selected:
        """Return the fields of an operation at its root."""
        root = self._schema.get_root_type(operation.operation)
        return self._open(operation.selection_set, root)

    def of_fragment(self, name: str) -> Selected | None:
        """Return the fields of a fragment, or None if the document does not define it."""
        fragment = self.fragments.get(name)
        if fragment is None:
            return None
        self.reached.add(name)
        on = self._schema.get_type(fragment.type_condition.name.value)
        return self._open(fragment.selection_set, on)

    def below(self, uses: Iterable[Use]) -> list[Selected]:
        """Return the selections below the given fields, for those that have any."""
        found = []
        for use in uses:
            if use.node.selection_set is not None:
                named = get_named_type(use.definition.type) if use.definition else None
                found.append(self._open(use.node.selection_set, named))
        return found

    def closure(self, sources: Iterable[Selected]) -> dict[int, Selected]:
        """Return the sources and everything that their spreads reach, by number, once each."""
        found: dict[int, Selected] = {}
        pending = list(sources)
        while pending:
            selected = pending.pop()
            if selected.number in found:
                continue
            found[selected.number] = selected
            self._steps.spend(1 + len(selected.spreads))
            for name in selected.spreads:
                below = self.of_fragment(name)
                if below is not None and below.number not in found:
                    pending.append(below)
        return found

    def _open(self, selection_set: SelectionSetNode, parent: GraphQLNamedType | None) -> Selected:
        known = self._opened.get(id(selection_set))
        if known is not None:
            return known
        selected = self._opened[id(selection_set)] = Selected(len(self._opened))
        pending = [(selection_set, parent)]
        spread: dict[str, None] = {}
        while pending:
            opened, on = pending.pop()
            self._steps.spend(1)
            for selection in opened.selections:
                if isinstance(selection, FieldNode):
                    definition = _definition(selection.name.value, on)
                    selected.uses.append(Use(selection, on, definition))
                elif isinstance(selection, FragmentSpreadNode):
                    spread[selection.name.value] = None
                elif isinstance(selection, InlineFragmentNode):
                    pending.append((selection.selection_set, self._condition(selection, on)))
        selected.spreads = list(spread)
        return selected

    def _condition(
        self, fragment: InlineFragmentNode, on: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return on if condition is None else self._schema.get_type(condition.name.value)


def grouped(sources: Iterable[Selected]) -> dict[str, list[Use]]:
    """Return the fields of several selections by response name."""
    groups: dict[str, list[Use]] = {}
    for selected in sources:
        for use in selected.uses:
            node = use.node
            name = node.alias.value if node.alias else node.name.value
            known = groups.get(name)
            if known is None:
                groups[name] = [use]
            else:
                known.append(use)
    return groups


def owners(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """Return the fields by the object type that owns them; "" stands for abstract types."""
    by_owner: dict[str, list[Use]] = {}
    for use in uses:
        owner = use.owner
        by_owner.setdefault(owner.name if owner else "", []).append(use)
    return by_owner


def _definition(name: str, parent: GraphQLNamedType | None) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return parent.fields.get(name) or _META.get(name)
    return None


@dataclass(slots=True, eq=False)
class Variant:
    """A field as resolved on one object type; `owner` is "" if it applies to every type."""

    owner: str
    use: Use
    below: Level | None


@dataclass(slots=True, eq=False)
class Level:
    """One object of the response: for each response name, the variants of its field.

    A name that is also selected on an abstract type is in `common`.
    """

    groups: dict[str, list[Variant]] = field(default_factory=dict)
    common: set[str] = field(default_factory=set)

    def variants(self) -> Iterator[Variant]:
        """Yield every variant of every field."""
        for variants in self.groups.values():
            yield from variants


def in_order(root: Level, known: set[Level]) -> list[Level]:
    """Yield `root` and the levels below it, each after all levels below it; `known` are skipped.

    The levels found are added to `known`. The document must be free of fragment cycles.
    """
    found: list[Level] = []
    if root in known:
        return found
    known.add(root)
    path = [(root, root.variants())]
    while path:
        level, rest = path[-1]
        for variant in rest:
            if variant.below is not None and variant.below not in known:
                known.add(variant.below)
                path.append((variant.below, variant.below.variants()))
                break
        else:
            found.append(level)
            path.pop()
    return found
