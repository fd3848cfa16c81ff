"""Reads filters and orders of a client into the planner's conditions and sort keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from db.engine.declare import SEARCH
from db.engine.dependencies import AttributeOf, Dependency, FieldOf, RowsOf
from db.engine.entity import Entity
from db.engine.fields import Field, Kind
from db.engine.model import Model
from db.engine.plan.selection import (
    And,
    AttributeTest,
    BindParam,
    Condition,
    Not,
    Op,
    Or,
    Quantifier,
    Search,
    SortKey,
    Test,
    ToManyFilter,
    ToOneFilter,
    search_of,
)
from domain.codes import Code, Refused
from domain.message import Message

ATTRIBUTE_KINDS = {
    "text": Kind.TEXT,
    "number": Kind.DECIMAL,
    "date": Kind.DATE,
    "boolean": Kind.BOOLEAN,
}
LISTS = 250
"""Maximum items in a list of values (D-39)."""
PAGE = 25
"""Records per page, by default (D-38)."""
CONDITIONS = 250
"""Maximum tests in all filters of one operation."""
DEEP = 12
"""Maximum nesting of conditions."""


class Filters:
    """Reads filters and orders, and adds their dependencies to `depends_on` (D-31)."""

    def __init__(self, model: Model, depends_on: set[Dependency]) -> None:
        self._model = model
        self._depends_on = depends_on
        self.conditions = 0

    def condition(self, entity: Entity, given: object, depth: int = 0) -> Condition | None:
        """A filter on an entity's records; None if it has no effect."""
        if given is None:
            return None
        if depth > DEEP:
            raise Refused(
                Code.QUERY_TOO_COMPLEX,
                Message(
                    "The filter is nested more than {limit} levels deep. Nest it less deeply.",
                    limit=DEEP,
                ),
            )
        self._depends_on.add(RowsOf(entity.name))
        terms = [self._term(entity, name, value, depth) for name, value in object_of(given).items()]
        return And(tuple(term for term in terms if term is not None))

    def count(self) -> None:
        """Count one more test. Raises Refused if there are too many to compile."""
        self.conditions += 1
        if self.conditions > CONDITIONS:
            message = Message(
                "The filters contain more than {limit} conditions. Use `in`, or split the request.",
                limit=CONDITIONS,
            )
            raise Refused(Code.QUERY_TOO_COMPLEX, message)

    def _term(self, entity: Entity, name: str, value: object, depth: int) -> Condition | None:
        self.count()
        if value is None:
            return None
        if name in ("and", "or"):
            items = [self.condition(entity, item, depth + 1) or And(()) for item in list_of(value)]
            return And(tuple(items)) if name == "and" else Or(tuple(items))
        if name == "not":
            return Not(self.condition(entity, value, depth + 1) or And(()))
        if name == "attribute" and entity.attributes:
            return self._attribute(entity, object_of(value))
        if name == SEARCH:
            self._depends_on.add(search_of(entity))
            return Search(entity.searched, bind_param(value))
        if name in entity.fields:
            return self._tests(entity, entity.fields[name], object_of(value))
        if name in entity.references:
            reference = entity.references[name]
            self._depends_on.add(FieldOf(entity.name, name))
            inner = self.condition(self._model.entities[reference.target], value, depth + 1)
            return ToOneFilter(reference, inner or And(()))
        return self._among(entity, name, value, depth)

    def _among(self, entity: Entity, name: str, value: object, depth: int) -> Condition:
        reverse = entity.reverses[name]
        self._depends_on.add(FieldOf(reverse.source, reverse.reference))
        terms: list[Condition] = []
        for word, given in object_of(value).items():
            if given is not None:
                inner = self.condition(self._model.entities[reverse.source], given, depth + 1)
                terms.append(ToManyFilter(reverse, Quantifier(word), inner or And(())))
        return And(tuple(terms))

    def _tests(self, entity: Entity, field: Field, given: Mapping[str, object]) -> Condition:
        self._depends_on.add(FieldOf(entity.name, field.name))
        where = f"{entity.name}.{field.name}"
        return And(
            tuple(
                Test(field, Op(word), tested(word, value, where)) for word, value in given.items()
            )
        )

    def _attribute(self, entity: Entity, given: Mapping[str, object]) -> Condition:
        key = constant_of(given.get("key"))
        if key is None:
            raise Refused(
                Code.BAD_USER_INPUT, Message("The filter on an attribute has no `key`. Add it.")
            )
        self._depends_on.add(AttributeOf(entity.name, str(key)))
        terms: list[Condition] = []
        for word, tests in given.items():
            if word != "key" and tests is not None:
                for op, value in object_of(tests).items():
                    found = tested(op, value, f"{entity.name}.{key}")
                    terms.append(AttributeTest(str(key), ATTRIBUTE_KINDS[word], Op(op), found))
        return And(tuple(terms))

    def order(self, entity: Entity, given: object) -> tuple[SortKey, ...]:
        """The sort keys of the client, the most significant first."""
        return tuple(self._key(entity, item) for item in list_of(given or []))

    def _key(self, entity: Entity, item: object) -> SortKey:
        path = []
        while True:
            self._depends_on.add(RowsOf(entity.name))
            name, value = only_one(item)
            if name not in entity.references:
                break
            path.append(entity.references[name])
            check_depth(len(path))
            self._depends_on.add(FieldOf(entity.name, name))
            entity, item = self._model.entities[entity.references[name].target], value
        attribute = None
        if name == "attribute" and entity.attributes:
            given = object_of(value)
            attribute, value = str(constant_of(given.get("key"))), given.get("direction")
            self._depends_on.add(AttributeOf(entity.name, attribute))
        else:
            self._depends_on.add(FieldOf(entity.name, name))
        field = entity.fields.get(name)
        return SortKey(tuple(path), entity, field, attribute, *direction(value))


def check_ids(ids: Sequence[object]) -> None:
    """Refuse too many ids of one root field."""
    if len(ids) > LISTS:
        message = Message(
            "`ids` takes at most {limit} values. Split them over several requests.", limit=LISTS
        )
        raise Refused(Code.BAD_USER_INPUT, message)


def check_depth(steps: int) -> None:
    """Refuse a path through too many references."""
    if steps > DEEP:
        message = Message(
            "The key follows more than {limit} references. Use a nearer field.", limit=DEEP
        )
        raise Refused(Code.QUERY_TOO_COMPLEX, message)


ORDERED = Message(
    "Each item of `orderBy` must contain exactly one key, such as [{name: ASC}, {amount: DESC}]."
)


def only_one(item: object, otherwise: Message = ORDERED) -> tuple[str, object]:
    """The one key of an item: two keys in one object have no defined order."""
    given = (
        [] if item is None else [pair for pair in object_of(item).items() if pair[1] is not None]
    )
    if len(given) != 1:
        raise Refused(Code.BAD_USER_INPUT, otherwise)
    name, value = given[0]
    return name, value


def tested(word: str, value: object, where: str) -> BindParam | bool:
    """The value that a test compares with. Raises Refused for an invalid test."""
    if value is None:
        raise Refused(
            Code.BAD_USER_INPUT,
            Message(
                "{where}: `{operator}: null` is not permitted. Use `isNull` to find empty values.",
                where=where,
                operator=word,
            ),
        )
    if word == "isNull":
        return bool(constant_of(value))
    constant = value.constant if isinstance(value, BindParam) else None
    if isinstance(constant, list | tuple):
        if len(constant) > LISTS:
            raise Refused(
                Code.BAD_USER_INPUT,
                Message(
                    "{where}: `{operator}` takes at most {limit} values. Split the list over several requests.",
                    where=where,
                    operator=word,
                    limit=LISTS,
                ),
            )
        if any(item is None for item in constant):
            raise Refused(
                Code.BAD_USER_INPUT,
                Message(
                    "{where}: `{operator}` contains null. Remove it from the list.",
                    where=where,
                    operator=word,
                ),
            )
    return bind_param(value)


def object_of(given: object) -> Mapping[str, object]:
    """An input object. Raises TypeError for a value that the schema's types do not permit."""
    if not isinstance(given, dict):
        raise TypeError(f"{given!r} is no input object")
    return given


def list_of(given: object) -> list[object]:
    """A list of input objects. Raises TypeError for a value that the schema's types do not permit."""
    if not isinstance(given, list):
        raise TypeError(f"{given!r} is no list")
    return given


def bind_param(given: object) -> BindParam:
    """A bound value. Raises TypeError for a value that the schema's types do not permit."""
    if not isinstance(given, BindParam):
        raise TypeError(f"{given!r} is no value")
    return given


def optional_bind_param(given: object) -> BindParam | None:
    """A bound value, or None if the argument is absent."""
    return None if given is None else bind_param(given)


def constant_of(value: object) -> object:
    """A literal of the document, or the variable's value when the document was read."""
    return value.constant if isinstance(value, BindParam) else value


def direction(value: object) -> tuple[bool, bool]:
    """Whether an order is descending, and whether nulls come first."""
    constant = constant_of(value)
    word = str(getattr(constant, "value", constant) or "ASC")
    return word.startswith("DESC"), word.endswith("NULLS_FIRST")


def page(given: Mapping[str, object]) -> tuple[bool, BindParam]:
    """Whether a page is read from the end of its list, and its maximum size."""
    first, last = given.get("first"), given.get("last")
    if first is not None and last is not None:
        message = Message("`first` and `last` cannot be combined. Omit one of them.")
        raise Refused(Code.BAD_USER_INPUT, message)
    if last is not None:
        return True, bind_param(last)
    if first is None and given.get("before") is not None and given.get("after") is None:
        return True, BindParam((), PAGE)
    return False, BindParam((), PAGE) if first is None else bind_param(first)
