"""The sales area: hooks and commands of opportunities."""

from __future__ import annotations

from db.sales import Opportunity
from resolvers import duplicate, outcome
from resolvers.engine.changeset import Saved
from resolvers.engine.command import command
from resolvers.engine.command_registry import Area
from resolvers.engine.context import Context
from resolvers.ranking import OpportunityMoveInput, set_rank
from resolvers.stage_history import record_stage_history
from resolvers.stages import check_amounts, preset_opportunity, set_closed_on, set_stage


@command(
    Opportunity,
    "move",
    input=OpportunityMoveInput,
    doc="Move an opportunity to another stage or rank.",
)
async def move(ctx: Context, items: Saved[Opportunity]) -> None:
    """The stage is set like any field; the hooks `set_stage` and `set_rank` do the rest."""


AREA = Area(
    "sales",
    commands=(move, *outcome.COMMANDS, *duplicate.COMMANDS),
    before_save={
        Opportunity: (
            check_amounts,
            preset_opportunity,
            set_stage,
            set_closed_on,
            set_rank,
            record_stage_history,
        )
    },
)
