"""All entities and the relations between them."""

from collections.abc import Iterable
from functools import cached_property

from db.engine.base import Record, Trace
from db.engine.entity import Entity
from db.engine.fields import Reference, Reverse
from db.engine.read_declaration import entity_of


class Model:
    """All entities, by name, by id prefix and by table."""

    def __init__(self, records: Iterable[type[Record] | type[Trace]]) -> None:
        self.entities = {entity.name: entity for entity in map(entity_of, records)}
        kinds = self.entities.values()
        self.history = next((kind for kind in kinds if kind.record is not None), None)
        """The history entity. Every other entity has a reverse relation `history` to it."""
        self.by_prefix = {kind.prefix: kind for kind in kinds if kind is not self.history}
        """Entity by id prefix, without the history: history entries are read through their record only."""
        self._by_type = {entity.type_: entity for entity in self.entities.values()}
        self.by_table = {entity.table.name: entity for entity in self.entities.values()}
        if len({kind.prefix for kind in kinds}) != len(self.entities):
            raise TypeError("Two entities share an id prefix; give one of them another __prefix__.")
        for entity in self.entities.values():
            for ref in entity.references.values():
                entity.targets[ref.name] = self.entities[ref.target]
                if ref.exposed.reverse:
                    self._add_reverse(entity, ref)
            if self.history is not None and not entity.is_trace:
                column, doc = self.history.record or "", "Changes of the record, field by field."
                history = Reverse("history", self.history.name, "id", column, doc)
                entity.reverses[history.name] = history

    def of(self, record: type[Record]) -> Entity:
        """The entity that a class declares."""
        return self._by_type[record]

    def children(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """Child entities of an entity, each with its reference to the parent."""
        return self._children.get(entity.name, [])

    def nested(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """Child entities that can be created together with their parent: those whose reference has a reverse relation."""
        return self._nested.get(entity.name, [])

    @cached_property
    def _children(self) -> dict[str, list[tuple[Entity, Reference]]]:
        children: dict[str, list[tuple[Entity, Reference]]] = {}
        for entity in self.entities.values():
            for reference in entity.parents:
                children.setdefault(reference.target, []).append((entity, reference))
        return children

    @cached_property
    def _nested(self) -> dict[str, list[tuple[Entity, Reference]]]:
        return {
            name: [(child, reference) for child, reference in children if reference.exposed.reverse]
            for name, children in self._children.items()
        }

    def users(self, entity: Entity) -> list[tuple[Entity, Reference]]:
        """References to an entity that prevent its deletion, with their entity: `restrict`, and not `owned`."""
        return [
            (each, ref)
            for each in self.entities.values()
            for ref in each.references.values()
            if ref.target == entity.name
            and not ref.exposed.owned
            and ref.exposed.restrict
            and not each.is_trace
        ]

    def _add_reverse(self, entity: Entity, ref: Reference) -> None:
        name = ref.exposed.reverse or ""
        target = self.entities[ref.target]
        if name in {*target.reverses, *target.fields, *target.references, *target.derived}:
            raise TypeError(f"{target.name}.{name} is declared twice; rename one reverse=.")
        doc = ref.exposed.reverse_doc
        target.reverses[name] = Reverse(name, entity.name, ref.name, ref.column, doc)

    @cached_property
    def granted(self) -> dict[str, frozenset[str]]:
        """Grantable field names by entity name."""
        return {name: entity.granted for name, entity in self.entities.items()}

    @cached_property
    def computed(self) -> dict[str, dict[str, frozenset[str]]]:
        """Computed fields of every entity, each with the fields that it is computed from."""
        return {name: entity.computed for name, entity in self.entities.items()}
