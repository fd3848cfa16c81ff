"""Records above and below each other: whoever hangs one elsewhere does so alone, so that two cannot close a circle together."""

from __future__ import annotations

from db.engine.write import statements as store
from db.engine.write.unit_of_work import UnitOfWork
from domain.codes import UserErrorCode
from domain.tree import closes_cycle
from domain.violations import Violation
from resolvers.engine.drafts import Draft


async def refuse_cycles(unit: UnitOfWork, drafts: list[Draft], column: str, message: str) -> None:
    """Note every draft that would come to be above itself, by a column that leads to its own kind."""
    moved = [
        each
        for each in drafts
        if each.before is not None and each.after[column] != each.before[column]
    ]
    hung = [each for each in moved if each.after[column] is not None]
    if not hung:
        return
    entity = hung[0].entity
    await store.alone(unit.connection, f"{entity.name}.{column}")
    ids = {each.after[column] for each in hung} | {each.after["id"] for each in drafts}
    parents = await store.ancestors(unit.connection, entity, column, ids)
    for each in moved:
        # One after the other: of two that close a circle together, the first is fine.
        above = each.after[column]
        if above is not None and closes_cycle(each.after["id"], above, parents):
            each.fault(Violation(UserErrorCode.CYCLE, message, column))
        else:
            parents[each.after["id"]] = above
