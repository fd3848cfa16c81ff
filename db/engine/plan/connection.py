"""Connections as SQL: select the page, serialize its rows, then aggregate them to one text."""

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

from db.engine.gate import SecuredView, VisibilityForm
from db.engine.plan.aggregate import aggregate
from db.engine.plan.emit import array, obj
from db.engine.plan.order import SortExpression, beyond, keys
from db.engine.plan.permissions import list_permissions
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
    TypePermissions,
)
from db.engine.plan.source import Joined, PageCut, Rows, Scope, join_laterals
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
"""Function that serializes one row: `shape.record`, passed in because the modules depend on each other."""

TEXT = Concat([""]).type
ROWS = "cut"
MAX_COUNTED = 100_000
"""Maximum of `atMost`: a higher limit costs as much as a full count."""


def connection(
    scope: Scope, selection: ConnectionSelection, parent: Rows | None, record: Record
) -> Query:
    """A statement with one row and one column `json`: the connection's text."""
    if not any(_needs_rows(selection, part) for _, part in selection.parts):
        return select(obj(_parts(scope, selection, parent, None)).label("json"))
    view = scope.gate.see(selection.entity, _form(scope, selection), trashed=selection.deleted)
    sort, key_laterals = keys(scope, view, selection.order)
    reading = [key.reversed() for key in sort] if selection.backward else sort
    page = PageCut(view)
    key_columns = [page.carry(f"key_{index}", key.value) for index, key in enumerate(sort, start=1)]
    laterals: list[Joined] = []
    texts = _row_texts(scope, selection, page, laterals, record)
    if needs_cursor(selection):
        texts["cursor"] = _cursor(selection.number, sort, page)
    cut = join_laterals(
        _cut(scope, selection, parent, view, (sort, reading), key_laterals, page), laterals
    )
    if _needs_boundary(selection):
        ordered = [key.ordered(value) for key, value in zip(reading, key_columns, strict=True)]
        source, rows = _numbered(scope, selection, cut, texts, ordered)
    else:
        forward = [key.ordered(value) for key, value in zip(sort, key_columns, strict=True)]
        source, rows = cut, PageRows(texts, tuple(forward))
    return select(obj(_parts(scope, selection, parent, rows)).label("json")).select_from(source)


@dataclass(frozen=True)
class PageRows:
    """The rows of a page as texts, and their order."""

    texts: Mapping[str, Sql]
    order: tuple[Sql, ...]
    where: Bool | None = None

    def joined(self, text: Sql) -> Concat:
        """A JSON array of one text per row."""
        return array(StringAgg(text, *self.order, where=self.where))


def _numbered(
    scope: Scope,
    selection: ConnectionSelection,
    cut: FromClause,
    row_texts: Mapping[str, Concat],
    ordered: list[Sql],
) -> tuple[FromClause, PageRows]:
    """The rows with their row numbers in reading order, to recognize the row beyond the page."""
    place = func.row_number().over(order_by=ordered).label("place")
    labelled: list[Labelled] = [text.label(name) for name, text in row_texts.items()]
    source = select(place, *labelled).select_from(cut).subquery(ROWS)
    order: Sql = Column(ROWS, "place", Integer())
    order = order.desc() if selection.backward else order
    texts = {name: Column(ROWS, name, TEXT) for name in row_texts}
    return source, PageRows(texts, (order,), _on_page(scope, selection))


def _needs_boundary(selection: ConnectionSelection) -> bool:
    """Whether the selection needs the row beyond the page, or the last row on it.

    Otherwise exactly the page is read, without row numbers.
    """
    words = {
        word
        for _, part in selection.parts
        if isinstance(part, PageInfoSelection)
        for _, word in part.parts
    }
    return not words.isdisjoint(_row_fields(selection))


def _needs_rows(selection: ConnectionSelection, part: InConnection) -> bool:
    """Whether a selected field needs the page's rows; without such a field the page is not read."""
    if isinstance(part, PageInfoSelection):
        return any(word in _row_fields(selection) for _, word in part.parts)
    return isinstance(part, NodesSelection | EdgesSelection)


def _form(scope: Scope, selection: ConnectionSelection) -> VisibilityForm:
    """SQL form of the visibility condition. `ID_IN` only at the root; nested, the parent's id selects few rows (D-52)."""
    return (
        scope.gate.authorizer.form(selection.entity.name)
        if selection.via is None
        else VisibilityForm.PREDICATE
    )


def needs_cursor(selection: ConnectionSelection) -> bool:
    """Whether any field of the connection contains a cursor."""
    for _, part in selection.parts:
        if isinstance(part, EdgesSelection) and any(word == "cursor" for _, word in part.parts):
            return True
        if isinstance(part, PageInfoSelection) and any(word in CURSORS for _, word in part.parts):
            return True
    return False


CURSORS = ("startCursor", "endCursor")


def _row_fields(selection: ConnectionSelection) -> tuple[str, ...]:
    """The fields of `pageInfo` that need the page's rows."""
    return ("hasPreviousPage" if selection.backward else "hasNextPage", *CURSORS)


def condition(
    scope: Scope, selection: ConnectionSelection, view: SecuredView, parent: Rows | None
) -> Bool:
    """The condition for the connection's rows of `view`, on all pages."""
    terms: list[Bool] = [true()]
    via = selection.via
    if via is not None and parent is not None:
        here = parent.column("id")
        terms.append(view.condition_on(via.column, lambda key: key == here))
    if selection.condition is not None:
        terms.append(where(scope, view, selection.condition))
    return and_(*terms)


def _cut(
    scope: Scope,
    selection: ConnectionSelection,
    parent: Rows | None,
    view: SecuredView,
    orders: tuple[list[SortExpression], list[SortExpression]],
    key_laterals: list[Joined],
    page: PageCut,
) -> FromClause:
    """One page of rows, with one more row if the selection asks whether more rows follow.

    A page at the list's end is read in reverse and serialized in forward order.
    """
    sort, reading = orders
    limit = IntLiteral(scope.sizes[selection.number] + _needs_boundary(selection))
    sides = [
        beyond(scope, selection, side, sort)
        for side in PageSide
        if _resumes(scope, selection, side)
    ]
    matches = condition(scope, selection, view, parent)
    branches = [and_(matches, *each) for each in product(*sides)]
    listed = [value.label(label) for label, value in page.listed.items()]
    order = [key.ordered(key.value) for key in reading]
    rows = select(*listed).select_from(join_laterals(view, key_laterals))
    arms = [rows.where(branch).order_by(*order).limit(limit) for branch in branches]
    query = arms[0] if len(arms) == 1 else _merged(arms, page, reading).limit(limit)
    return query.subquery(page.name)


def _merged(arms: list[Query], page: PageCut, reading: list[SortExpression]) -> Query:
    """The rows of all arms in one order."""
    combined = union_all(*arms).subquery(f"{page.name}_arms")
    columns = [
        Column(combined.name, label, value.type).label(label)
        for label, value in page.listed.items()
    ]
    order = [
        key.ordered(Column(combined.name, f"key_{index}", key.kind))
        for index, key in enumerate(reading, start=1)
    ]
    return select(*columns).select_from(combined).order_by(*order)


def _resumes(scope: Scope, selection: ConnectionSelection, side: PageSide) -> bool:
    return (selection.number, side) in scope.nulls


def _row_texts(
    scope: Scope,
    selection: ConnectionSelection,
    page: PageCut,
    laterals: list[Joined],
    record: Record,
) -> dict[str, Concat]:
    """The texts of a row: its node, once for every selection of nodes or edges."""
    texts: dict[str, Concat] = {}
    for index, (_, part) in enumerate(selection.parts):
        if isinstance(part, NodesSelection):
            texts[f"node_{index}"] = record(scope, page, part.object, laterals)
        elif isinstance(part, EdgesSelection):
            for inner, (_, what) in enumerate(part.parts):
                if isinstance(what, ObjectSelection):
                    texts[f"node_{index}_{inner}"] = record(scope, page, what, laterals)
    return texts


def _cursor(number: int, sort: list[SortExpression], page: PageCut) -> Concat:
    """The sort keys between control characters, which a pass over the response bytes replaces by sealed cursors (D-38)."""
    texts: list[Concat | str] = []
    for index, key in enumerate(sort, start=1):
        value = AsText(Column(page.name, f"key_{index}", key.kind))
        texts += ["," if index > 1 else "", Concat([or_null(AsText(func.to_json(value)))])]
    return flat(f"\x01{number}\x02[", *texts, "]\x03")


def _parts(
    scope: Scope, selection: ConnectionSelection, parent: Rows | None, rows: PageRows | None
) -> list[tuple[str, Concat | str]]:
    return [
        (key, _part(scope, selection, parent, index, part, rows))
        for index, (key, part) in enumerate(selection.parts)
    ]


def _part(
    scope: Scope,
    selection: ConnectionSelection,
    parent: Rows | None,
    index: int,
    part: InConnection,
    rows: PageRows | None,
) -> Concat | str:
    match part:
        case Typename(name):
            return f'"{name}"'
        case NodesSelection() | EdgesSelection():
            if rows is None:
                raise LookupError("nodes and edges are selected, so the page must have been read")
            text = (
                rows.texts[f"node_{index}"]
                if isinstance(part, NodesSelection)
                else _edge(part, index, rows)
            )
            return rows.joined(text)
        case PageInfoSelection():
            return _page_info(scope, selection, part)
        case TotalCount(at_most):
            return _total(scope, selection, parent, at_most)
        case TypePermissions():
            return list_permissions(scope, selection.entity, part)
        case Aggregate():
            every = partial(_all, scope, selection, parent)
            return aggregate(scope, part, every, many=parent is None)


def _total(
    scope: Scope, selection: ConnectionSelection, parent: Rows | None, at_most: BindParam | None
) -> Concat:
    view, matches = _all(scope, selection, parent)
    if at_most is None:
        count = select(func.count()).select_from(view).where(matches)
    else:
        rows = select(view.column("id")).select_from(view).where(matches)
        few = rows.limit(scope.bind_within(at_most, "atMost", 1, MAX_COUNTED)).subquery("few")
        count = select(func.count()).select_from(few)
    return Concat([AsText(count.scalar_subquery())])


def _all(
    scope: Scope, selection: ConnectionSelection, parent: Rows | None
) -> tuple[SecuredView, Bool]:
    """All rows of the connection: a separate view, and the condition on its rows."""
    view = scope.gate.see(selection.entity, _form(scope, selection), trashed=selection.deleted)
    return view, condition(scope, selection, view, parent)


def _on_page(scope: Scope, selection: ConnectionSelection) -> Bool:
    return Column(ROWS, "place", Integer()) <= IntLiteral(scope.sizes[selection.number])


def _edge(part: EdgesSelection, index: int, rows: PageRows) -> Concat:
    values: list[tuple[str, Concat | str]] = []
    for inner, (key, what) in enumerate(part.parts):
        if isinstance(what, ObjectSelection):
            values.append((key, Concat([rows.texts[f"node_{index}_{inner}"]])))
        elif what == "cursor":
            values.append((key, Concat(['"', rows.texts["cursor"], '"'])))
        else:
            values.append((key, f'"{what}"'))
    return obj(values)


def _page_info(scope: Scope, selection: ConnectionSelection, part: PageInfoSelection) -> Concat:
    """`pageInfo`. The row beyond the page shows whether more rows follow on that side (D-38)."""
    place, size = Column(ROWS, "place", Integer()), IntLiteral(scope.sizes[selection.number])
    cursor = Column(ROWS, "cursor", TEXT)
    near = _edge_cursor(func.min(case((place == IntLiteral(1), cursor))))
    far = _edge_cursor(_last(scope, selection, cursor))
    more = Concat([AsText(func.count() > size)])
    resumed = {side: "true" if _resumes(scope, selection, side) else "false" for side in PageSide}
    following: Concat | str = resumed[PageSide.BEFORE]
    preceding: Concat | str = resumed[PageSide.AFTER]
    if selection.backward:
        preceding = "true" if preceding == "true" else more
    else:
        following = "true" if following == "true" else more
    values: dict[str, Concat | str] = {
        "__typename": '"PageInfo"',
        "hasNextPage": following,
        "hasPreviousPage": preceding,
        "startCursor": far if selection.backward else near,
        "endCursor": near if selection.backward else far,
    }
    return obj((key, values[word]) for key, word in part.parts)


def _last(scope: Scope, selection: ConnectionSelection, cursor: Sql) -> Sql:
    """The cursor of the row that was read last."""
    return LastText(cursor, Column(ROWS, "place", Integer()), _on_page(scope, selection))


def _edge_cursor(value: Sql) -> Concat:
    return Concat([or_null(Concat(['"', value, '"']))])
