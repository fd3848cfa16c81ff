"""Which error codes a mutation can return, derived from the code that runs it.

Codes are not declared with a command: such a list would be written from memory and outdated by the next rule. Instead, the
functions that run a command are followed from call to call by their compiled code: its handler, the engine's functions that it
uses, the hooks of its record types for its action, and the rules of the records that it writes. Every `Code` and
`UserErrorCode` that these functions name is one that the mutation can return. The result is an upper bound: a code may need a
situation that another check prevents.
"""

from __future__ import annotations

import dis
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TypeAlias, cast

from db.engine.base import Record, Standard
from db.engine.entity import Entity
from db.engine.write.statements import unique_columns
from domain.codes import Code, UserErrorCode
from domain.violations import Violation
from resolvers.engine.changeset import Action, Changeset
from resolvers.engine.command import Command
from resolvers.engine.command_registry import CommandRegistry
from resolvers.engine.create import check_record, check_references, check_unique
from resolvers.engine.execute import execute
from resolvers.engine.hooks import run_after_change, run_before_save
from resolvers.engine.replace import replace
from resolvers.engine.values import set_params

AnyCode: TypeAlias = Code | UserErrorCode
FOLLOWED = ("domain.", "resolvers.")
"""Packages whose functions are followed; lower layers return no codes of mutations."""
MARKS = {"forbidden": Code.FIELD_FORBIDDEN, "read_only": Code.FIELD_READ_ONLY}
"""Attributes of a changeset that become errors of these codes."""
RELATED = {"also_change", "also_create", "RelatedChange"}
"""Names that a function uses if it writes records of other types."""
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


@dataclass(frozen=True)
class Scan:
    """The names that one function uses."""

    codes: frozenset[AnyCode]
    functions: frozenset[FunctionType]
    related: frozenset[type[Record]]
    """Record types that it writes, other than that of the command."""


@cache
def scan(function: FunctionType) -> Scan:
    """Read one function, with the functions defined in it."""
    codes: set[AnyCode] = set()
    functions: set[FunctionType] = set()
    types: set[type[Record]] = set()
    names: set[str] = set()
    for value, name in _named(function):
        names.add(name)
        match value:
            case Code() | UserErrorCode():
                codes.add(value)
            case Violation():
                codes.add(value.code)
            case type() if issubclass(value, Record):
                types.add(value)
            case _:
                functions.update(_functions(value))
    codes |= {MARKS[name] for name in names & MARKS.keys()}
    related = types if names & RELATED else ()
    builds = types if Changeset.__name__ in names else ()
    return Scan(frozenset(codes), frozenset(functions), frozenset((*related, *builds)))


def _named(function: FunctionType) -> Iterator[tuple[object, str]]:
    """The objects that a function refers to: globals, their attributes, and methods of changesets."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    scope = {name: cell.cell_contents for name, cell in cells.items()} | function.__globals__
    for code in _codes(function.__code__):
        current: object = None
        for each in dis.get_instructions(code):
            if each.opname in GLOBALS:
                current = scope.get(each.argval)
                yield current, each.argval
            elif each.opname in ATTRIBUTES:
                owner = current if isinstance(current, ModuleType | type) else Changeset
                current = getattr(owner, each.argval, None)
                if not (owner is Changeset and isinstance(current, property)):
                    yield current, each.argval
            else:
                current = None


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def _functions(value: object) -> Iterator[FunctionType]:
    """The functions behind a value: itself, those bound in a partial, or the methods of a class."""
    match value:
        case partial():
            yield from _functions(value.func)
            for each in (*value.args, *value.keywords.values()):
                yield from _functions(each)
        case MethodType():
            yield from _functions(value.__func__)
        case FunctionType() if value.__module__.startswith(FOLLOWED):
            yield value
        case type() if value.__module__.startswith(FOLLOWED) and value is not Changeset:
            for each in vars(value).values():
                if isinstance(each, FunctionType):
                    yield each


def reached(*roots: object, stops: Collection[FunctionType] = ()) -> set[FunctionType]:
    """The functions that the roots call, directly or indirectly, as far as code shows; calls by `stops` are excluded."""
    found: set[FunctionType] = set()
    waiting = [each for root in roots for each in _functions(root)]
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.add(function)
            waiting += scan(function).functions if function not in stops else ()
    return found


def codes_of(functions: Iterable[object]) -> set[AnyCode]:
    """The codes that some functions name."""
    return {code for each in functions for code in scan(cast("FunctionType", each)).codes}


class Derivation:
    """Derives the codes of all commands of a registry."""

    def __init__(self, registry: CommandRegistry) -> None:
        self._registry = registry
        self._model = registry.model

    def of(self, command: Command) -> set[AnyCode]:
        """The codes that a command can return."""
        stops = set(self._stops(command))
        found = reached(command.prepare, execute, stops=stops)
        while True:
            types = self._types(command, found)
            more = found | reached(*self._hooks(command, found, types), stops=stops)
            if more == found:
                return codes_of(found - stops)
            found = more

    def _stops(self, command: Command) -> Iterator[FunctionType]:
        """Engine functions that have no effect for this command."""
        entity = self._model.of(command.record)
        along = [self._model.of(each) for each in self._created_along(command)]
        if not any(unique_columns(each) for each in (entity, *along)):
            yield cast("FunctionType", check_unique)
        if not entity.is_replaceable:
            yield cast("FunctionType", replace)
        sets = any(each.column or each.children for each in command.arguments)
        if not sets and command.standard is None and command.action is Action.UPDATE:
            yield from (
                cast("FunctionType", each) for each in (set_params, check_references, check_record)
            )

    def _hooks(
        self, command: Command, found: set[FunctionType], types: set[type[Record]]
    ) -> Iterator[object]:
        """Functions that the engine calls through the registry, if the reached functions include these calls."""
        hooks = self._registry.hooks
        saved = {command.record, *self._created_along(command)}
        saved |= {type_ for each in found for type_ in scan(each).related if _builds(each)}
        if run_before_save in found:
            for type_ in saved:
                for hook in hooks.before_save.get(type_, ()):
                    if hook not in command.skips and not _actions(command).isdisjoint(hook.on):
                        yield hook.run
        if run_after_change in found:
            yield from (h.run for h in hooks.after_change if not h.types.isdisjoint(types))
        if check_record in found:
            yield from (self._model.of(each).rule for each in saved)
        yield from (check.run for check in hooks.verify if not check.types.isdisjoint(saved))

    def _types(self, command: Command, found: set[FunctionType]) -> set[type[Record]]:
        """The types of the records that a command writes."""
        own = {command.record, *self._created_along(command)}
        if command.standard in (Standard.DELETE, Standard.RESTORE):
            own.update(self._children(self._model.of(command.record), set()))
        return own | {type_ for each in found for type_ in scan(each).related}

    def _created_along(self, command: Command) -> Iterator[type[Record]]:
        """The types of the records that are created or set together with the command's own."""
        for argument in command.arguments:
            if argument.children is not None:
                yield argument.children
        if Action.CREATE in _actions(command):
            yield from self._created(self._model.of(command.record), set())

    def _created(self, entity: Entity, known: set[str]) -> Iterator[type[Record]]:
        known.add(entity.name)
        targets = [entity.targets[relation.name] for relation in entity.nested_creates.values()]
        for child in [*(child for child, _ in self._model.nested(entity)), *targets]:
            if child.name not in known:
                yield child.type_
                yield from self._created(child, known)

    def _children(self, entity: Entity, known: set[str]) -> Iterator[type[Record]]:
        known.add(entity.name)
        for child, _ in self._model.children(entity):
            if child.name not in known:
                yield child.type_
                yield from self._children(child, known)


def _builds(function: FunctionType) -> bool:
    return any(value is Changeset for value, _ in _named(function))


def _actions(command: Command) -> set[Action]:
    """The actions for which hooks run; an upsert creates or updates."""
    if command.standard is Standard.UPSERT:
        return {Action.CREATE, Action.UPDATE}
    return {command.action}
