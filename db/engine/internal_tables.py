"""Runs statements on internal tables. The sealed compiler refuses statements that name a record's table."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from sqlalchemy.sql.elements import ClauseElement

from db.engine.gate import Compiled
from db.engine.seal import DIALECT, SealedCompiler
from db.engine.transaction import Driver


async def run(connection: Driver, statement: ClauseElement) -> Sequence[asyncpg.Record]:
    """Compile a Core statement with its values and fetch its rows in the current transaction."""
    compiler = SealedCompiler(DIALECT, statement, issued=lambda seen: False)
    values = compiler.construct_params()
    arguments = [values[name] for name in compiler.positiontup or ()]
    rows: Sequence[asyncpg.Record] = await connection.fetch(compiler.string, *arguments)
    return rows


def prepared(statement: ClauseElement) -> Compiled:
    """Compile a Core statement once, to run it with different parameter values."""
    compiler = SealedCompiler(DIALECT, statement, issued=lambda seen: False)
    return Compiled(compiler.string, tuple(compiler.positiontup or ()))
