"""A text searched in several fields as SQL: each of its words is a piece of one of those that may be read (D-31, D-53)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import (
    ARRAY,
    FromClause,
    Text,
    and_,
    exists,
    func,
    not_,
    or_,
    select,
    true,
)

from db.engine.entity import Entity
from db.engine.gate import Authorizer, Right, SecuredView
from db.engine.plan.selection import BindParam, Search
from db.engine.plan.source import Scope
from db.engine.searched import Searched
from db.engine.sql import Bool, Column, Concat, Folded, IntLiteral, Matched, Sql
from domain.searching import words

OTHERS = "others"


@dataclass(frozen=True)
class SearchPiece:
    """What a value is to hold somewhere: a text, and the digits of it where it may be a number to call."""

    text: Sql
    digits: Sql

    def within(self, by: Searched, value: Sql) -> Bool:
        """Whether a value contains it, ignoring case and accents."""
        return self._like(by, value, around=("%", "%"))

    def begins(self, by: Searched, value: Sql) -> Bool:
        """Whether a value begins with it."""
        return self._like(by, value, around=("", "%"))

    def equals(self, by: Searched, value: Sql) -> Bool:
        """Whether it is the whole value."""
        return self._like(by, value, around=("", ""))

    def alike(self, by: Searched, value: Sql) -> Bool:
        """Whether a word of a value is spelt nearly so, by the groups of three letters they have in common."""
        return Matched(Folded(value), Folded(self.text))

    def _like(self, by: Searched, value: Sql, around: tuple[str, str]) -> Bool:
        kept, sought = (
            (func.platform.digits(value), self.digits) if by.digits else (Folded(value), self.text)
        )
        before, after = around
        found: Bool = kept.like(Concat([before, func.platform.pattern(sought), after]))
        return found


@dataclass(frozen=True)
class SearchTerms:
    """The words of a text: the rarest, which an index of pieces leads along, and the others, looked for in what it finds."""

    rarest: SearchPiece
    others: FromClause

    @classmethod
    def of(cls, scope: Scope, text: BindParam) -> SearchTerms:
        """The words of a text that is bound when the statement runs, however many those are."""
        scope.searches = True
        many = ARRAY(Text())
        several = func.unnest(
            scope.bind_made(text, "others", lambda value: [w.text for w in words(value)[1:]], many),
            scope.bind_made(
                text, "others'", lambda value: [w.digits for w in words(value)[1:]], many
            ),
        )
        return cls(
            SearchPiece(
                scope.bind_made(text, "rarest", lambda value: words(value)[0].text, Text()),
                scope.bind_made(text, "rarest'", lambda value: words(value)[0].digits, Text()),
            ),
            several.table_valued("word", "digits").render_derived(OTHERS),
        )

    @property
    def other(self) -> SearchPiece:
        """One of the others, where they are looked through."""
        return SearchPiece(Column(OTHERS, "word", Text()), Column(OTHERS, "digits", Text()))

    def all_in(self, seen: SecuredView, fields: Iterable[Searched], *, alike: bool = False) -> Bool:
        """Whether each of them is a piece of one of the fields, or `alike` to a word of what the record is called."""
        fields = tuple(fields)
        missing = somewhere(seen, fields, self.other, alike=alike).is_not(true())
        found = exists(select(IntLiteral(1)).select_from(self.others).where(missing))
        return and_(somewhere(seen, fields, self.rarest, alike=alike), not_(found))

    def any_in(self, seen: SecuredView, field: Searched, *, alike: bool = False) -> Bool:
        """Likewise, one of them in this field."""
        found = somewhere(seen, (field,), self.other, alike=alike)
        others = exists(select(IntLiteral(1)).select_from(self.others).where(found))
        return or_(somewhere(seen, (field,), self.rarest, alike=alike), others)


def somewhere(
    seen: SecuredView, fields: Iterable[Searched], piece: SearchPiece, *, alike: bool = False
) -> Bool:
    """Whether a piece is in one of the fields, where it may be read (D-51), or spelt alike."""
    tests = [(each.field.column, partial(piece.within, each)) for each in fields]
    if alike:
        tests += [(each.field.column, partial(piece.alike, each)) for each in fields if each.called]
    return or_(*(seen.test(column, test) for column, test in tests))


def readable_fields(authorizer: Authorizer, entity: Entity) -> tuple[Searched, ...]:
    """What of an entity may be searched: what is closed takes no part, as if it were not there."""
    return tuple(
        each
        for each in entity.searched
        if authorizer.right(entity.name, each.field.name) is not Right.CLOSED
    )


def search(scope: Scope, seen: SecuredView, asked: Search) -> Bool:
    """The condition of a filter. Where nothing may be searched, the plan was refused before (D-31)."""
    fields = readable_fields(scope.gate.authorizer, seen.entity)
    return SearchTerms.of(scope, asked.text).all_in(seen, fields)
