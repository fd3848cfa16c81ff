"""A text searched in all kinds of records as SQL: whole values first, then beginnings, pieces, and what is spelt alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    CompoundSelect,
    Float,
    Integer,
    Subquery,
    Text,
    Uuid,
    and_,
    case,
    func,
    or_,
    select,
    true,
    union_all,
)

from db.engine.gate import Authorizer, SecuredView
from db.engine.plan.connection import Record
from db.engine.plan.emit import array, obj
from db.engine.plan.roots import RootSearch, SearchedKind
from db.engine.plan.search import SearchPiece, SearchTerms, readable_fields
from db.engine.plan.selection import ObjectSelection
from db.engine.plan.source import Joined, Scope, beside
from db.engine.searched import Searched
from db.engine.sql import (
    Bool,
    Column,
    Concat,
    Folded,
    IntLiteral,
    Labelled,
    Query,
    Sql,
    SqlType,
    StringAgg,
)
from domain.searching import digits, whole, words

MOST = 50
"""Records that a search everywhere finds at most."""
LOOKED_AT = 1_000
"""Records of a kind that are sorted at most, where it is pieces of their values that hold the text."""
LONG = 3
"""Characters from which on an index finds a piece, and a piece says something; a shorter text must begin a value."""
HITS = "hits"
WHOLE_VALUE, BEGINNING, PIECE, ALIKE = range(4)
"""How well a record is met, the best first; of what is spelt alike, what is more so comes first."""
KEYS: tuple[tuple[str, SqlType], ...] = (
    ("rank", Float()),
    ("name", Text()),
    ("kind", Integer()),
    ("id", Uuid()),
)


def searchable(authorizer: Authorizer, kind: SearchedKind) -> bool:
    """Whether anything of a kind may be searched."""
    return authorizer.may_see(kind.entity.name) and bool(readable_fields(authorizer, kind.entity))


def hits(scope: Scope, root: RootSearch, record: Record) -> Sql:
    """The text of the list of hits. Where nothing may be searched, the plan was refused before."""
    if not root.kinds:
        return Concat(["[]"])
    return array(_Hits(scope, root, record).statement().scalar_subquery())


class _Hits:
    """One search, with what its parts have in common."""

    def __init__(self, scope: Scope, root: RootSearch, record: Record) -> None:
        self._scope = scope
        self._root = root
        self._record = record
        self._words = SearchTerms.of(scope, root.text)
        text = scope.bind_made(root.text, "whole", whole, Text())
        number = scope.bind_made(root.text, "whole'", lambda value: digits(whole(value)), Text())
        self._whole = SearchPiece(text, number)
        self._long = scope.bind_made(root.text, "long", _is_long, Boolean())
        self._most = scope.bind_within(root.size, "first", 1, MOST)
        authorizer = scope.gate.authorizer
        self._kinds = [
            (number, kind) for number, kind in enumerate(root.kinds) if searchable(authorizer, kind)
        ]

    def statement(self) -> Query:
        """One row and one column: the hits, comma between. What says less is looked for only if there is room."""
        steps: list[CTE] = []
        for name, arm in (("whole", self._equal), ("begun", self._begun), ("held", self._held)):
            steps.append(self._step(name, [arm(*each) for each in self._kinds], steps))
        called = [each for each in self._kinds if self._called(each[1])]
        if called:
            steps.append(self._step("alike", [self._alike(*each) for each in called], steps))
        every = _together([_listed(each) for each in steps])
        best = self._best(_listed(every.subquery("every")), [Column("every", *k) for k in KEYS])
        order = [Column(HITS, name, kept) for name, kept in KEYS]
        joined = StringAgg(self._text(), *order)
        return select(joined).select_from(best.subquery(HITS))

    def _step(self, name: str, arms: list[Query], before: list[CTE]) -> CTE:
        """What each kind has of a step, looked for if the steps before it found too little."""
        counts = [select(func.count()).select_from(each).scalar_subquery() for each in before]
        if counts:
            room = sum(counts[1:], counts[0]) < self._most
            arms = [arm.where(room) for arm in arms]
        return _together(arms).cte(f"{name}_{self._root.number}")

    def _best(self, rows: Query, order: list[Sql]) -> Query:
        known = [
            each for each in order if not isinstance(each, IntLiteral)
        ]  # a place in a list, to Postgres
        return rows.order_by(*known).limit(self._most)

    def _see(self, kind: SearchedKind) -> SecuredView:
        entity = kind.entity
        return self._scope.gate.see(entity, self._scope.gate.authorizer.form(entity.name))

    def _fields(self, kind: SearchedKind) -> tuple[Searched, ...]:
        return readable_fields(self._scope.gate.authorizer, kind.entity)

    def _called(self, kind: SearchedKind) -> list[Searched]:
        """The fields with what records of a kind are called, as far as they may be read."""
        return [each for each in self._fields(kind) if each.called]

    def _keys(self, seen: SecuredView, number: int, kind: SearchedKind, rank: Sql) -> list[Sql]:
        name = seen.column(kind.entity.searched[0].field.column)
        return [rank, Folded(name), IntLiteral(number), seen.column("id")]

    def _anywhere(
        self,
        seen: SecuredView,
        kind: SearchedKind,
        test: Callable[[Searched, Sql], Bool],
    ) -> Bool:
        fields = self._fields(kind)
        return or_(*(seen.test(each.field.column, partial(test, each)) for each in fields))

    def _equal(self, number: int, kind: SearchedKind) -> Query:
        """The records with a value that is the text."""
        seen = self._see(kind)
        return self._newest(
            number, kind, seen, WHOLE_VALUE, self._anywhere(seen, kind, self._whole.equals)
        )

    def _begun(self, number: int, kind: SearchedKind) -> Query:
        """Those with one that begins with it."""
        seen = self._see(kind)
        equal = self._anywhere(seen, kind, self._whole.equals)
        begun = self._anywhere(seen, kind, self._whole.begins)
        return self._newest(number, kind, seen, BEGINNING, and_(begun, equal.is_not(true())))

    def _held(self, number: int, kind: SearchedKind) -> Query:
        """The other records that contain every word."""
        seen = self._see(kind)
        begun = self._anywhere(seen, kind, self._whole.begins)
        return self._newest(number, kind, seen, PIECE, and_(self._long, begun.is_not(true())))

    def _newest(
        self, number: int, kind: SearchedKind, seen: SecuredView, rank: int, met: Bool
    ) -> Query:
        """The best of the newest: to sort all would take as long as there are many."""
        keys = _labelled(self._keys(seen, number, kind, IntLiteral(rank)))
        every = self._words.all_in(seen, self._fields(kind))
        rows = select(*keys).select_from(seen).where(met, every)
        newest = rows.order_by(seen.column("id").desc()).limit(IntLiteral(LOOKED_AT))
        name = f"newest_{seen.name}"
        return self._best(_listed(newest.subquery(name)), [Column(name, *key) for key in KEYS])

    def _alike(self, number: int, kind: SearchedKind) -> Query:
        """The records that do not, but for some words are called something that is spelt alike."""
        seen, fields = self._see(kind), self._fields(kind)
        names = [Folded(seen.column(each.field.column)) for each in self._called(kind)]
        wanted = Folded(self._whole.text)
        alike = func.greatest(*(func.platform.word_similarity(wanted, name) for name in names))
        keys = self._keys(seen, number, kind, IntLiteral(ALIKE + 1) - alike)
        met = self._words.all_in(seen, fields, alike=True)
        literal = self._words.all_in(seen, fields)
        rows = select(*_labelled(keys)).select_from(seen)
        rows = rows.where(self._long, met, literal.is_not(true()))
        return self._best(rows, keys)

    def _text(self) -> Sql:
        """A hit, written by its kind."""
        of = Column(HITS, "kind", Integer())
        return case(
            *((of == IntLiteral(number), self._written(kind)) for number, kind in self._kinds)
        )

    def _written(self, kind: SearchedKind) -> Sql:
        seen = self._scope.gate.see(kind.entity)
        laterals: list[Joined] = []
        parts: list[tuple[str, Concat | str]] = []
        for key, part in kind.parts:
            if isinstance(part, ObjectSelection):
                parts.append((key, self._record(self._scope, seen, part, laterals)))
            else:
                parts.append((key, self._matched(seen, kind) if part == "matched" else f'"{part}"'))
        rows = select(obj(parts)).select_from(beside(seen, laterals))
        return rows.where(seen.column("id") == Column(HITS, "id", Uuid())).scalar_subquery()

    def _matched(self, seen: SecuredView, kind: SearchedKind) -> Concat:
        """The fields in which one of the words is; of what is spelt alike, those besides that are."""
        names: list[Sql] = []
        loosely = Column(HITS, "rank", Float()) >= IntLiteral(ALIKE)
        for each in self._fields(kind):
            held = self._words.any_in(seen, each)
            if each.called:
                held = or_(held, and_(loosely, self._words.any_in(seen, each, alike=True)))
            told = Concat([f",{json.dumps(each.field.name)}"])
            names.append(case((held, told), else_=Concat([""])))
        return Concat(["[", func.substr(Concat(names), IntLiteral(2)), "]"])


def _is_long(text: str) -> bool:
    return len(words(text)[0].text) >= LONG


def _labelled(keys: list[Sql]) -> list[Labelled]:
    return [value.label(name) for value, (name, _) in zip(keys, KEYS, strict=True)]


def _listed(rows: CTE | Subquery) -> Query:
    """All rows of a statement that has these keys."""
    return select(*(Column(rows.name, *key).label(key[0]) for key in KEYS)).select_from(rows)


def _together(arms: list[Query]) -> Query | CompoundSelect[Any]:
    return arms[0] if len(arms) == 1 else union_all(*arms)
