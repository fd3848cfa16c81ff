"""Text search in several fields as SQL: each word must occur in one of the readable fields (D-31, D-53)."""

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
from db.engine.gate import Authorizer, FieldAccess, SecuredView
from db.engine.plan.selection import BindParam, Search
from db.engine.plan.source import Scope
from db.engine.searched import Searched
from db.engine.sql import Bool, Column, Concat, Folded, IntLiteral, Matched, Sql
from domain.searching import words

OTHERS = "others"


@dataclass(frozen=True)
class SearchPiece:
    """A searched text, and its digits for telephone numbers."""

    text: Sql
    digits: Sql

    def within(self, by: Searched, value: Sql) -> Bool:
        """Whether a value contains it, ignoring case and accents."""
        return self._like(by, value, wildcards=("%", "%"))

    def begins(self, by: Searched, value: Sql) -> Bool:
        """Whether a value begins with it."""
        return self._like(by, value, wildcards=("", "%"))

    def equals(self, by: Searched, value: Sql) -> Bool:
        """Whether a value equals it."""
        return self._like(by, value, wildcards=("", ""))

    def similar(self, by: Searched, value: Sql) -> Bool:
        """Whether a word of a value is similar to it, by common trigrams."""
        return Matched(Folded(value), Folded(self.text))

    def _like(self, by: Searched, value: Sql, wildcards: tuple[str, str]) -> Bool:
        stored, text = (
            (func.platform.digits(value), self.digits) if by.digits else (Folded(value), self.text)
        )
        before, after = wildcards
        matches: Bool = stored.like(Concat([before, func.platform.pattern(text), after]))
        return matches


@dataclass(frozen=True)
class SearchTerms:
    """The words of a text: the max_length, for which a trigram index is used, and the others, tested on its matches."""

    rarest: SearchPiece
    others: FromClause

    @classmethod
    def of(cls, scope: Scope, text: BindParam) -> SearchTerms:
        """The words of a bound text; their number may differ with every run."""
        scope.searches = True
        many = ARRAY(Text())
        others = func.unnest(
            scope.bind_derived(
                text, "others", lambda value: [w.text for w in words(value)[1:]], many
            ),
            scope.bind_derived(
                text, "others'", lambda value: [w.digits for w in words(value)[1:]], many
            ),
        )
        return cls(
            SearchPiece(
                scope.bind_derived(text, "rarest", lambda value: words(value)[0].text, Text()),
                scope.bind_derived(text, "rarest'", lambda value: words(value)[0].digits, Text()),
            ),
            others.table_valued("word", "digits").render_derived(OTHERS),
        )

    @property
    def other(self) -> SearchPiece:
        """The current row of `others`."""
        return SearchPiece(Column(OTHERS, "word", Text()), Column(OTHERS, "digits", Text()))

    def all_in(
        self, view: SecuredView, fields: Iterable[Searched], *, similar: bool = False
    ) -> Bool:
        """Whether every word occurs in one of the fields or, with `similar`, is similar to a word of the record's name."""
        fields = tuple(fields)
        missing = somewhere(view, fields, self.other, similar=similar).is_not(true())
        unmatched = exists(select(IntLiteral(1)).select_from(self.others).where(missing))
        return and_(somewhere(view, fields, self.rarest, similar=similar), not_(unmatched))

    def any_in(self, view: SecuredView, field: Searched, *, similar: bool = False) -> Bool:
        """Whether any of the words occurs in this field, or is similar to one of its words."""
        matches = somewhere(view, (field,), self.other, similar=similar)
        others = exists(select(IntLiteral(1)).select_from(self.others).where(matches))
        return or_(somewhere(view, (field,), self.rarest, similar=similar), others)


def somewhere(
    view: SecuredView, fields: Iterable[Searched], piece: SearchPiece, *, similar: bool = False
) -> Bool:
    """Whether a piece occurs in one of the fields, where it is readable (D-51), or is similar to a name."""
    tests = [(each.field.column, partial(piece.within, each)) for each in fields]
    if similar:
        tests += [
            (each.field.column, partial(piece.similar, each)) for each in fields if each.is_name
        ]
    return or_(*(view.condition_on(column, test) for column, test in tests))


def readable_fields(authorizer: Authorizer, entity: Entity) -> tuple[Searched, ...]:
    """The searched fields of an entity without closed ones."""
    return tuple(
        each
        for each in entity.searched
        if authorizer.right(entity.name, each.field.name) is not FieldAccess.HIDDEN
    )


def search(scope: Scope, view: SecuredView, condition: Search) -> Bool:
    """The condition of a `search` filter. The plan has already refused it if no field is readable (D-31)."""
    fields = readable_fields(scope.gate.authorizer, view.entity)
    return SearchTerms.of(scope, condition.text).all_in(view, fields)
