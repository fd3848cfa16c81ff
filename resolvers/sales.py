"""Opportunities: the hooks that run before they are saved, in order, and their commands."""

from __future__ import annotations

from db.sales import Opportunity
from resolvers import closing, duplicate
from resolvers.engine.changeset import Saved
from resolvers.engine.command import command
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.ranking import OpportunityMoveInput, rank
from resolvers.stage_history import record_stage_history
from resolvers.stages import check_amounts, follow_status, place, preset_opportunity


@command(
    Opportunity,
    "move",
    input=OpportunityMoveInput,
    doc="Move an opportunity to another stage or rank.",
)
async def move(ctx: Context, items: Saved[Opportunity]) -> None:
    """The stage is set like any field; `place` and `rank` do the rest."""


AREA = Area(
    "sales",
    commands=(move, *closing.COMMANDS, *duplicate.COMMANDS),
    before_save={
        Opportunity: (
            check_amounts,
            preset_opportunity,
            place,
            follow_status,
            rank,
            record_stage_history,
        )
    },
)
