"""Search over several entities as SQL. Ranking: equal values, prefixes, substrings, then similar names."""

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
from db.engine.plan.roots import RootSearch, SearchedEntity
from db.engine.plan.search import SearchPiece, SearchTerms, readable_fields
from db.engine.plan.selection import ObjectSelection
from db.engine.plan.source import Joined, Scope, join_laterals
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
from domain.searching import digits, normalized, words

MAX_HITS = 50
"""Maximum of `first`."""
MAX_CANDIDATES = 1_000
"""Maximum records ranked per entity and step: the newest ones."""
MIN_SUBSTRING = 3
"""Minimum characters of a substring match, which a trigram index needs. A shorter text must begin a value."""
HITS = "hits"
EQUAL, PREFIX, SUBSTRING, SIMILAR = range(4)
"""Ranks, the best first. Similar records are ordered by similarity."""
KEYS: tuple[tuple[str, SqlType], ...] = (
    ("rank", Float()),
    ("name", Text()),
    ("kind", Integer()),
    ("id", Uuid()),
)


def searchable(authorizer: Authorizer, kind: SearchedEntity) -> bool:
    """Whether the caller may search an entity."""
    return authorizer.may_see(kind.entity.name) and bool(readable_fields(authorizer, kind.entity))


def hits(scope: Scope, root: RootSearch, record: Record) -> Sql:
    """The JSON text of the list of hits. The plan has already refused a search without searchable entities."""
    if not root.kinds:
        return Concat(["[]"])
    return array(_SearchStatement(scope, root, record).statement().scalar_subquery())


class _SearchStatement:
    """The statement of one search."""

    def __init__(self, scope: Scope, root: RootSearch, record: Record) -> None:
        self._scope = scope
        self._root = root
        self._record = record
        self._words = SearchTerms.of(scope, root.text)
        text = scope.bind_derived(root.text, "whole", normalized, Text())
        number = scope.bind_derived(
            root.text, "whole'", lambda value: digits(normalized(value)), Text()
        )
        self._piece = SearchPiece(text, number)
        self._is_long_enough = scope.bind_derived(root.text, "long", _is_long, Boolean())
        self._limit = scope.bind_within(root.size, "first", 1, MAX_HITS)
        authorizer = scope.gate.authorizer
        self._kinds = [
            (number, kind) for number, kind in enumerate(root.kinds) if searchable(authorizer, kind)
        ]

    def statement(self) -> Query:
        """One row and one column: the hits, separated by commas. A step runs only if better ranks did not fill the list."""
        steps: list[CTE] = []
        for name, arm in (
            ("whole", self._equal_hits),
            ("begun", self._prefix_hits),
            ("held", self._substring_hits),
        ):
            steps.append(self._step(name, [arm(*each) for each in self._kinds], steps))
        named = [each for each in self._kinds if self._names(each[1])]
        if named:
            steps.append(self._step("alike", [self._similar_hits(*each) for each in named], steps))
        every = _union([_rows(each) for each in steps])
        best = self._best(_rows(every.subquery("every")), [Column("every", *k) for k in KEYS])
        order = [Column(HITS, name, kept) for name, kept in KEYS]
        joined = StringAgg(self._text(), *order)
        return select(joined).select_from(best.subquery(HITS))

    def _step(self, name: str, arms: list[Query], before: list[CTE]) -> CTE:
        """CTE with the hits of one rank in all entities; empty if the previous steps found enough."""
        counts = [select(func.count()).select_from(each).scalar_subquery() for each in before]
        if counts:
            room = sum(counts[1:], counts[0]) < self._limit
            arms = [arm.where(room) for arm in arms]
        return _union(arms).cte(f"{name}_{self._root.number}")

    def _best(self, rows: Query, order: list[Sql]) -> Query:
        sortable = [
            each for each in order if not isinstance(each, IntLiteral)
        ]  # Postgres reads a constant as a column position
        return rows.order_by(*sortable).limit(self._limit)

    def _see(self, kind: SearchedEntity) -> SecuredView:
        entity = kind.entity
        return self._scope.gate.see(entity, self._scope.gate.authorizer.form(entity.name))

    def _fields(self, kind: SearchedEntity) -> tuple[Searched, ...]:
        return readable_fields(self._scope.gate.authorizer, kind.entity)

    def _names(self, kind: SearchedEntity) -> list[Searched]:
        """The readable name fields of an entity."""
        return [each for each in self._fields(kind) if each.is_name]

    def _keys(self, view: SecuredView, number: int, kind: SearchedEntity, rank: Sql) -> list[Sql]:
        name = view.column(kind.entity.searched[0].field.column)
        return [rank, Folded(name), IntLiteral(number), view.column("id")]

    def _anywhere(
        self,
        view: SecuredView,
        kind: SearchedEntity,
        test: Callable[[Searched, Sql], Bool],
    ) -> Bool:
        fields = self._fields(kind)
        return or_(*(view.condition_on(each.field.column, partial(test, each)) for each in fields))

    def _equal_hits(self, number: int, kind: SearchedEntity) -> Query:
        """Records with a value equal to the text."""
        view = self._see(kind)
        return self._newest(
            number, kind, view, EQUAL, self._anywhere(view, kind, self._piece.equals)
        )

    def _prefix_hits(self, number: int, kind: SearchedEntity) -> Query:
        """Records with a value that begins with the text, without equal ones."""
        view = self._see(kind)
        equal = self._anywhere(view, kind, self._piece.equals)
        prefixed = self._anywhere(view, kind, self._piece.begins)
        return self._newest(number, kind, view, PREFIX, and_(prefixed, equal.is_not(true())))

    def _substring_hits(self, number: int, kind: SearchedEntity) -> Query:
        """The remaining records that contain every word."""
        view = self._see(kind)
        prefixed = self._anywhere(view, kind, self._piece.begins)
        return self._newest(
            number, kind, view, SUBSTRING, and_(self._is_long_enough, prefixed.is_not(true()))
        )

    def _newest(
        self, number: int, kind: SearchedEntity, view: SecuredView, rank: int, matches: Bool
    ) -> Query:
        """The best of the newest matches. Ranking all matches would take time proportional to their number."""
        keys = _labelled(self._keys(view, number, kind, IntLiteral(rank)))
        all_words = self._words.all_in(view, self._fields(kind))
        rows = select(*keys).select_from(view).where(matches, all_words)
        newest = rows.order_by(view.column("id").desc()).limit(IntLiteral(MAX_CANDIDATES))
        name = f"newest_{view.name}"
        return self._best(_rows(newest.subquery(name)), [Column(name, *key) for key in KEYS])

    def _similar_hits(self, number: int, kind: SearchedEntity) -> Query:
        """Records that do not contain every word, but whose name has similar words."""
        view, fields = self._see(kind), self._fields(kind)
        names = [Folded(view.column(each.field.column)) for each in self._names(kind)]
        text = Folded(self._piece.text)
        similar = func.greatest(*(func.platform.word_similarity(text, name) for name in names))
        keys = self._keys(view, number, kind, IntLiteral(SIMILAR + 1) - similar)
        matches = self._words.all_in(view, fields, similar=True)
        literal = self._words.all_in(view, fields)
        rows = select(*_labelled(keys)).select_from(view)
        rows = rows.where(self._is_long_enough, matches, literal.is_not(true()))
        return self._best(rows, keys)

    def _text(self) -> Sql:
        """The JSON text of a hit, by its entity."""
        of = Column(HITS, "kind", Integer())
        return case(
            *((of == IntLiteral(number), self._serialized(kind)) for number, kind in self._kinds)
        )

    def _serialized(self, kind: SearchedEntity) -> Sql:
        view = self._scope.gate.see(kind.entity)
        laterals: list[Joined] = []
        parts: list[tuple[str, Concat | str]] = []
        for key, part in kind.parts:
            if isinstance(part, ObjectSelection):
                parts.append((key, self._record(self._scope, view, part, laterals)))
            else:
                parts.append((key, self._matched(view, kind) if part == "matched" else f'"{part}"'))
        rows = select(obj(parts)).select_from(join_laterals(view, laterals))
        return rows.where(view.column("id") == Column(HITS, "id", Uuid())).scalar_subquery()

    def _matched(self, view: SecuredView, kind: SearchedEntity) -> Concat:
        """Names of the fields that contain one of the words; for similar hits, also of the similar fields."""
        names: list[Sql] = []
        is_similar = Column(HITS, "rank", Float()) >= IntLiteral(SIMILAR)
        for each in self._fields(kind):
            matches = self._words.any_in(view, each)
            if each.is_name:
                matches = or_(
                    matches, and_(is_similar, self._words.any_in(view, each, similar=True))
                )
            name = Concat([f",{json.dumps(each.field.name)}"])
            names.append(case((matches, name), else_=Concat([""])))
        return Concat(["[", func.substr(Concat(names), IntLiteral(2)), "]"])


def _is_long(text: str) -> bool:
    return len(words(text)[0].text) >= MIN_SUBSTRING


def _labelled(keys: list[Sql]) -> list[Labelled]:
    return [value.label(name) for value, (name, _) in zip(keys, KEYS, strict=True)]


def _rows(rows: CTE | Subquery) -> Query:
    """All rows of a subquery with the columns `KEYS`."""
    return select(*(Column(rows.name, *key).label(key[0]) for key in KEYS)).select_from(rows)


def _union(arms: list[Query]) -> Query | CompoundSelect[Any]:
    return arms[0] if len(arms) == 1 else union_all(*arms)
