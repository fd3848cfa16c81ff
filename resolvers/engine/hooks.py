"""What runs around a save, in a fixed order that the areas list: before it, on what changed with it, and on what was written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from db.engine.base import Record
from db.engine.entity import Entity
from resolvers.engine.changeset import SAVES, Action, AnyChangeset, live
from resolvers.engine.context import Context

Run: TypeAlias = Callable[[Context, Any], Awaitable[None]]
RunAfter: TypeAlias = Callable[[Context, list[AnyChangeset]], Awaitable[None]]


@dataclass(frozen=True)
class BeforeSave:
    """Sees the changesets of one type before they are written: sets what the caller left open, decides, notes what is wrong."""

    run: Run
    on: frozenset[Action]
    despite_errors: bool = False
    """Whether it also sees changesets with which another hook of the type found something wrong."""

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.run.__name__


def before_save(*on: Action, despite_errors: bool = False) -> Callable[[Run], BeforeSave]:
    """Declare a hook that runs on these actions; on create, update and replace if none is named.

    With `despite_errors`, what it finds is reported together with what the hooks before it found.
    """
    return lambda run: BeforeSave(run, frozenset(on) or SAVES, despite_errors)


@dataclass(frozen=True)
class AfterChange:
    """Sees all changesets once they are decided, where records of some types are written with them."""

    run: RunAfter
    types: frozenset[type[Record]]


def after_change(*types: type[Record]) -> Callable[[RunAfter], AfterChange]:
    """Declare a hook by which an area keeps what follows from records of areas that do not know it."""
    return lambda run: AfterChange(run, frozenset(types))


@dataclass(frozen=True)
class Verify:
    """Sees what was written of some types, before the transaction ends; what it notes undoes it."""

    run: Run
    types: frozenset[type[Record]]


def verify(*types: type[Record]) -> Callable[[Run], Verify]:
    """Declare a check of what was written."""
    return lambda run: Verify(run, frozenset(types))


@dataclass(frozen=True)
class Hooks:
    """All hooks, in the order in which they run."""

    before_save: Mapping[type[Record], tuple[BeforeSave, ...]] = field(default_factory=dict)
    after_change: tuple[AfterChange, ...] = ()
    verify: tuple[Verify, ...] = ()


async def run_before_save(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the hooks of each type, then, where records are saved, those on what changes with them."""
    for entity in types_in_order(items):
        begun = live(each for each in items if each.entity is entity)
        for hook in ctx.hooks.before_save.get(entity.type_, ()):
            mine = [
                each
                for each in begun
                if each.action in hook.on
                and hook not in each.skips
                and (hook.despite_errors or not each.failed)
            ]
            if mine:
                await hook.run(ctx, mine)
    saved = [each for each in items if each.action in SAVES]
    if saved:
        await run_after_change(ctx, saved)


async def run_after_change(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run those hooks whose types are written with the changesets, now that it is known which those are."""
    concerned: list[AnyChangeset] = []
    changed: set[type[Record]] | None = None
    for hook in ctx.hooks.after_change:
        if changed is None:
            concerned = live(items)
            changed = {kind for each in concerned for kind, _, _ in each.changes()}
        if not hook.types.isdisjoint(changed):
            await hook.run(ctx, concerned)
            changed = None  # it may have added related changes


async def run_verify(ctx: Context, items: list[AnyChangeset]) -> None:
    """Run the checks of what was written."""
    for check in ctx.hooks.verify:
        mine = [each for each in items if each.entity.type_ in check.types]
        if mine:
            await check.run(ctx, mine)


def types_in_order(items: Iterable[AnyChangeset]) -> list[Entity]:
    """The entities of these, each after those that it refers to."""
    return in_order(each.entity for each in items)


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    """Entities, each once, after those that it refers to."""
    return sorted(set(entities), key=_place)


@cache
def _place(entity: Entity) -> int:
    return entity.table.metadata.sorted_tables.index(entity.table)
