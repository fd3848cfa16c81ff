"""Connections as SQL: the page is cut first, then its rows are written, then joined to one text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TypeAlias

from sqlalchemy import (
    FromClause,
    Integer,
    and_,
    case,
    func,
    select,
    true,
    union_all,
)

from db.engine.gate import Form, SecuredView
from db.engine.plan.aggregate import aggregate
from db.engine.plan.emit import array, obj
from db.engine.plan.order import SortExpression, beyond, keys
from db.engine.plan.selection import (
    Aggregate,
    BindParam,
    ConnectionSelection,
    EdgesSelection,
    InConnection,
    NodesSelection,
    ObjectSelection,
    PageInfoSelection,
    PageSide,
    TotalCount,
    Typename,
)
from db.engine.plan.source import Joined, PageCut, Rows, Scope, beside
from db.engine.plan.where import where
from db.engine.sql import (
    AsText,
    Bool,
    Column,
    Concat,
    IntLiteral,
    Labelled,
    LastText,
    Query,
    Sql,
    StringAgg,
    flat,
    or_null,
)

Record: TypeAlias = Callable[[Scope, Rows, ObjectSelection, list[Joined]], Concat]
"""How one row is written; shape.py's, handed in because each needs the other."""

TEXT = Concat([""]).type
ROWS = "cut"
COUNTED = 100_000
"""What a count may be told to stop at: beyond that it is as dear as a whole one."""


def connection(
    scope: Scope, asked: ConnectionSelection, parent: Rows | None, record: Record
) -> Query:
    """A statement with one row and one column `json`: the connection's text."""
    if not any(_of_page(asked, part) for _, part in asked.parts):
        return select(obj(_parts(scope, asked, parent, None)).label("json"))
    seen = scope.gate.see(asked.entity, _form(scope, asked), bin=asked.deleted)
    found, to_keys = keys(scope, seen, asked.order)
    reading = [key.reversed() for key in found] if asked.backward else found
    page = PageCut(seen)
    carried = [page.carry(f"key_{index}", key.value) for index, key in enumerate(found, start=1)]
    laterals: list[Joined] = []
    written = _written(scope, asked, page, laterals, record)
    if needs_cursor(asked):
        written["cursor"] = _cursor(asked.number, found, page)
    cut = beside(_cut(scope, asked, parent, seen, (found, reading), to_keys, page), laterals)
    if _looks_beyond(asked):
        ordered = [key.ordered(value) for key, value in zip(reading, carried, strict=True)]
        source, rows = _numbered(scope, asked, cut, written, ordered)
    else:
        forward = [key.ordered(value) for key, value in zip(found, carried, strict=True)]
        source, rows = cut, Lines(written, tuple(forward))
    return select(obj(_parts(scope, asked, parent, rows)).label("json")).select_from(source)


@dataclass(frozen=True)
class Lines:
    """The rows of a page as texts, and how they are joined."""

    texts: Mapping[str, Sql]
    order: tuple[Sql, ...]
    where: Bool | None = None

    def joined(self, text: Sql) -> Concat:
        """A JSON array of one text per row."""
        return array(StringAgg(text, *self.order, where=self.where))


def _numbered(
    scope: Scope,
    asked: ConnectionSelection,
    cut: FromClause,
    written: Mapping[str, Concat],
    ordered: list[Sql],
) -> tuple[FromClause, Lines]:
    """The rows with their places in the order they were read, so that one beyond the page is known."""
    place = func.row_number().over(order_by=ordered).label("place")
    labelled: list[Labelled] = [text.label(name) for name, text in written.items()]
    source = select(place, *labelled).select_from(cut).subquery(ROWS)
    order: Sql = Column(ROWS, "place", Integer())
    order = order.desc() if asked.backward else order
    texts = {name: Column(ROWS, name, TEXT) for name in written}
    return source, Lines(texts, (order,), _on_page(scope, asked))


def _looks_beyond(asked: ConnectionSelection) -> bool:
    """Whether anybody wants to know of a row beyond the page, or which is the last on it.

    If nobody does, the page is cut where it ends, and its rows need no numbers.
    """
    words = {
        word
        for _, part in asked.parts
        if isinstance(part, PageInfoSelection)
        for _, word in part.parts
    }
    return not words.isdisjoint(_of_rows(asked))


def _of_page(asked: ConnectionSelection, part: InConnection) -> bool:
    """Whether a part is made of the page's rows, all of them together: only then is the page read."""
    if isinstance(part, PageInfoSelection):
        return any(word in _of_rows(asked) for _, word in part.parts)
    return isinstance(part, NodesSelection | EdgesSelection)


def _form(scope: Scope, asked: ConnectionSelection) -> Form:
    """Narrow pays only at the root; nested, the parent's key leads to few rows first (D-52)."""
    return scope.gate.authorizer.form(asked.entity.name) if asked.via is None else Form.PREDICATE


def needs_cursor(asked: ConnectionSelection) -> bool:
    """Whether any part of the connection shows a cursor."""
    for _, part in asked.parts:
        if isinstance(part, EdgesSelection) and any(word == "cursor" for _, word in part.parts):
            return True
        if isinstance(part, PageInfoSelection) and any(word in CURSORS for _, word in part.parts):
            return True
    return False


CURSORS = ("startCursor", "endCursor")


def _of_rows(asked: ConnectionSelection) -> tuple[str, ...]:
    """What of `pageInfo` the page's rows say; the rest is known without them."""
    return ("hasPreviousPage" if asked.backward else "hasNextPage", *CURSORS)


def condition(
    scope: Scope, asked: ConnectionSelection, seen: SecuredView, parent: Rows | None
) -> Bool:
    """Which rows of `seen` belong to the connection, whatever the page."""
    terms: list[Bool] = [true()]
    via = asked.via
    if via is not None and parent is not None:
        here = parent.column("id")
        terms.append(seen.test(via.column, lambda key: key == here))
    if asked.condition is not None:
        terms.append(where(scope, seen, asked.condition))
    return and_(*terms)


def _cut(
    scope: Scope,
    asked: ConnectionSelection,
    parent: Rows | None,
    seen: SecuredView,
    orders: tuple[list[SortExpression], list[SortExpression]],
    to_keys: list[Joined],
    page: PageCut,
) -> FromClause:
    """One page of rows, and one row more if somebody asks whether the list goes on beyond it.

    A page from the list's end is read backwards, and written forwards again.
    """
    found, reading = orders
    limit = IntLiteral(scope.sizes[asked.number] + _looks_beyond(asked))
    sides = [beyond(scope, asked, side, found) for side in PageSide if _resumes(scope, asked, side)]
    belongs = condition(scope, asked, seen, parent)
    ways = [and_(belongs, *each) for each in product(*sides)]
    listed = [value.label(label) for label, value in page.listed.items()]
    order = [key.ordered(key.value) for key in reading]
    rows = select(*listed).select_from(beside(seen, to_keys))
    arms = [rows.where(way).order_by(*order).limit(limit) for way in ways]
    if len(arms) == 1:
        return arms[0].subquery(page.name)
    together = union_all(*arms).subquery(f"{page.name}_arms")
    kept = [
        Column(together.name, label, value.type).label(label)
        for label, value in page.listed.items()
    ]
    again = [
        key.ordered(Column(together.name, f"key_{index}", key.kind))
        for index, key in enumerate(reading, start=1)
    ]
    return select(*kept).select_from(together).order_by(*again).limit(limit).subquery(page.name)


def _resumes(scope: Scope, asked: ConnectionSelection, side: PageSide) -> bool:
    return (asked.number, side) in scope.nulls


def _written(
    scope: Scope, asked: ConnectionSelection, page: PageCut, laterals: list[Joined], record: Record
) -> dict[str, Concat]:
    """The texts of each row: of its node, once for every selection of nodes or edges."""
    written: dict[str, Concat] = {}
    for index, (_, part) in enumerate(asked.parts):
        if isinstance(part, NodesSelection):
            written[f"node_{index}"] = record(scope, page, part.object, laterals)
        elif isinstance(part, EdgesSelection):
            for inner, (_, what) in enumerate(part.parts):
                if isinstance(what, ObjectSelection):
                    written[f"node_{index}_{inner}"] = record(scope, page, what, laterals)
    return written


def _cursor(number: int, found: list[SortExpression], page: PageCut) -> Concat:
    """The sort keys, marked so that one pass over the bytes seals them (D-38)."""
    texts: list[Concat | str] = []
    for index, key in enumerate(found, start=1):
        value = AsText(Column(page.name, f"key_{index}", key.kind))
        texts += ["," if index > 1 else "", Concat([or_null(AsText(func.to_json(value)))])]
    return flat(f"\x01{number}\x02[", *texts, "]\x03")


def _parts(
    scope: Scope, asked: ConnectionSelection, parent: Rows | None, rows: Lines | None
) -> list[tuple[str, Concat | str]]:
    return [
        (key, _part(scope, asked, parent, index, part, rows))
        for index, (key, part) in enumerate(asked.parts)
    ]


def _part(
    scope: Scope,
    asked: ConnectionSelection,
    parent: Rows | None,
    index: int,
    part: InConnection,
    rows: Lines | None,
) -> Concat | str:
    match part:
        case Typename(name):
            return f'"{name}"'
        case NodesSelection() | EdgesSelection():
            if rows is None:
                raise LookupError("records are shown, so the page was read")
            text = (
                rows.texts[f"node_{index}"]
                if isinstance(part, NodesSelection)
                else _edge(part, index, rows)
            )
            return rows.joined(text)
        case PageInfoSelection():
            return _page_info(scope, asked, part)
        case TotalCount(at_most):
            return _total(scope, asked, parent, at_most)
        case Aggregate():
            every = partial(_all, scope, asked, parent)
            return aggregate(scope, part, every, many=parent is None)


def _total(
    scope: Scope, asked: ConnectionSelection, parent: Rows | None, at_most: BindParam | None
) -> Concat:
    seen, belongs = _all(scope, asked, parent)
    if at_most is None:
        count = select(func.count()).select_from(seen).where(belongs)
    else:
        rows = select(seen.column("id")).select_from(seen).where(belongs)
        few = rows.limit(scope.bind_within(at_most, "atMost", 1, COUNTED)).subquery("few")
        count = select(func.count()).select_from(few)
    return Concat([AsText(count.scalar_subquery())])


def _all(scope: Scope, asked: ConnectionSelection, parent: Rows | None) -> tuple[SecuredView, Bool]:
    """All rows of the connection, whatever the page: a view of its own, and which of its rows belong."""
    seen = scope.gate.see(asked.entity, _form(scope, asked), bin=asked.deleted)
    return seen, condition(scope, asked, seen, parent)


def _on_page(scope: Scope, asked: ConnectionSelection) -> Bool:
    return Column(ROWS, "place", Integer()) <= IntLiteral(scope.sizes[asked.number])


def _edge(part: EdgesSelection, index: int, rows: Lines) -> Concat:
    written: list[tuple[str, Concat | str]] = []
    for inner, (key, what) in enumerate(part.parts):
        if isinstance(what, ObjectSelection):
            written.append((key, Concat([rows.texts[f"node_{index}_{inner}"]])))
        elif what == "cursor":
            written.append((key, Concat(['"', rows.texts["cursor"], '"'])))
        else:
            written.append((key, f'"{what}"'))
    return obj(written)


def _page_info(scope: Scope, asked: ConnectionSelection, part: PageInfoSelection) -> Concat:
    """Read from either end: the row beyond the page says whether more follows on that side (D-38)."""
    place, size = Column(ROWS, "place", Integer()), IntLiteral(scope.sizes[asked.number])
    cursor = Column(ROWS, "cursor", TEXT)
    near = _edge_cursor(func.min(case((place == IntLiteral(1), cursor))))
    far = _edge_cursor(_last(scope, asked, cursor))
    more = Concat([AsText(func.count() > size)])
    given = {side: "true" if _resumes(scope, asked, side) else "false" for side in PageSide}
    following: Concat | str = given[PageSide.BEFORE]
    preceding: Concat | str = given[PageSide.AFTER]
    if asked.backward:
        preceding = "true" if preceding == "true" else more
    else:
        following = "true" if following == "true" else more
    written: dict[str, Concat | str] = {
        "__typename": '"PageInfo"',
        "hasNextPage": following,
        "hasPreviousPage": preceding,
        "startCursor": far if asked.backward else near,
        "endCursor": near if asked.backward else far,
    }
    return obj((key, written[word]) for key, word in part.parts)


def _last(scope: Scope, asked: ConnectionSelection, cursor: Sql) -> Sql:
    """The cursor of the row that was read last: the only one of an array that is ordered backwards."""
    return LastText(cursor, Column(ROWS, "place", Integer()), _on_page(scope, asked))


def _edge_cursor(value: Sql) -> Concat:
    return Concat([or_null(Concat(['"', value, '"']))])
