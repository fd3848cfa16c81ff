"""Hooks of areas around a save, in a fixed order: before the save, after related changes are known, and after the write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from db.engine.base import Record
from db.engine.entity import Entity
from resolvers.engine.changeset import SAVES, Action, AnyChangeset, without_failed
from resolvers.engine.context import Context

Run: TypeAlias = Callable[[Context, Any], Awaitable[None]]
RunAfter: TypeAlias = Callable[[Context, list[AnyChangeset]], Awaitable[None]]


@dataclass(frozen=True)
class BeforeSave:
    """A hook on the changesets of one type before they are written: sets defaults, makes decisions and adds errors."""

    run: Run
    on: frozenset[Action]
    despite_errors: bool = False
    """Whether it also receives changesets that already have errors a user can correct."""

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.run.__name__


def before_save(*on: Action, despite_errors: bool = False) -> Callable[[Run], BeforeSave]:
    """Declare a hook that runs on these actions; default: create, update and replace.

    With `despite_errors`, its errors are reported together with those of values and of earlier hooks.
    """
    return lambda run: BeforeSave(run, frozenset(on) or SAVES, despite_errors)


@dataclass(frozen=True)
class AfterChange:
    """A hook on all changesets after `before_save`, if they write records of certain types."""

    run: RunAfter
    types: frozenset[type[Record]]


def after_change(*types: type[Record]) -> Callable[[RunAfter], AfterChange]:
    """Declare a hook by which an area updates its data when records of lower areas change."""
    return lambda run: AfterChange(run, frozenset(types))


@dataclass(frozen=True)
class Verify:
    """A check of written records of certain types before the commit; its errors roll the write back."""

    run: Run
    types: frozenset[type[Record]]


def verify(*types: type[Record]) -> Callable[[Run], Verify]:
    """Declare a check of written records."""
    return lambda run: Verify(run, frozenset(types))


@dataclass(frozen=True)
class Hooks:
    """All hooks, in the order in which they run."""

    before_save: Mapping[type[Record], tuple[BeforeSave, ...]] = field(default_factory=dict)
    after_change: tuple[AfterChange, ...] = ()
    verify: tuple[Verify, ...] = ()


async def run_before_save(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the `before_save` hooks of each type, then the `after_change` hooks if records are saved."""
    for entity in types_in_order(items):
        valid = [each for each in items if each.entity is entity and not each.is_refused]
        for hook in ctx.hooks.before_save.get(entity.type_, ()):
            selected = [
                each
                for each in valid
                if each.action in hook.on
                and hook not in each.skips
                and (hook.despite_errors or not each.failed)
            ]
            if selected:
                await hook.run(ctx, selected)
    saved = [each for each in items if each.action in SAVES]
    if saved:
        await run_after_change(ctx, saved)


async def run_after_change(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the `after_change` hooks whose types the changesets write."""
    affected: list[AnyChangeset] = []
    changed: set[type[Record]] | None = None
    for hook in ctx.hooks.after_change:
        if changed is None:
            affected = without_failed(items)
            changed = {kind for each in affected for kind, _, _ in each.changes()}
        if not hook.types.isdisjoint(changed):
            await hook.run(ctx, affected)
            changed = None  # the hook may have added related changes


async def run_verify(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the checks of written records."""
    for check in ctx.hooks.verify:
        selected = [each for each in items if each.entity.type_ in check.types]
        if selected:
            await check.run(ctx, selected)


def types_in_order(items: Iterable[AnyChangeset]) -> list[Entity]:
    """The entities of changesets, each after those that it refers to."""
    return in_order(each.entity for each in items)


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    """Distinct entities, each after those that it refers to."""
    return sorted(set(entities), key=_table_position)


@cache
def _table_position(entity: Entity) -> int:
    return entity.table.metadata.sorted_tables.index(entity.table)
