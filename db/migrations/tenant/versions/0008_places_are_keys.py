"""The place of an opportunity in its stage is a sort key: text that fits between any two others.

Revision: 0008, after 0007.

Those that are there get a key each, in the order that they have: by number, those without one last, then by id.
The keys are of moments of the year 2000, a second apart, so that whatever comes to a stage from now on stands last.
The numbers and their index stay for the processes of the release before; a later revision drops them.

Filling 100,000 opportunities takes about 18 seconds (measured, on two busy cores). Adding the column locks the table until the
transaction ends, so that meanwhile readers and writers of opportunities of that tenant wait. For a tenant with more of them
than fit into the limit of the runner, an operator adds the column and fills it beforehand: what has a key keeps it.
"""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
YEAR_2000 = 63082281600
"""Seconds since the year 1."""
COMMENTS = {
    'rank_key': 'Sort key of the opportunity within its stage; opaque text, the least is first.',
    'rank': 'Its place as it was stored before there were keys.',
}

FILL = f"""
WITH ordered AS (
    SELECT id, ({YEAR_2000} + row_number() OVER (PARTITION BY stage_id ORDER BY rank NULLS LAST, id)) * 1000000 AS moment
    FROM opportunity),
locked AS MATERIALIZED (
    SELECT id FROM opportunity WHERE rank_key IS NULL ORDER BY id FOR NO KEY UPDATE)
UPDATE opportunity SET rank_key = 'l' || (
    SELECT string_agg(substr('{DIGITS}', (moment / (36::numeric ^ place)::bigint % 36)::integer + 1, 1), '' ORDER BY place DESC)
    FROM generate_series(0, 11) AS place)
FROM ordered, locked WHERE opportunity.id = locked.id AND ordered.id = locked.id
"""


def upgrade() -> None:
    op.execute('ALTER TABLE opportunity ADD COLUMN IF NOT EXISTS rank_key text')
    for column, comment in COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN opportunity.{column} IS '{comment}'")
    op.execute(FILL)
    op.execute(
        'CREATE INDEX IF NOT EXISTS opportunity_rank_key_idx ON opportunity '
        '(stage_id, (platform.fold(rank_key) COLLATE "C"), id)'
    )
    op.execute(
        "ALTER TABLE opportunity ADD CONSTRAINT opportunity_rank_key_check "
        "CHECK (rank_key ~ '^[a-z][0-9a-z]+$') NOT VALID"
    )
