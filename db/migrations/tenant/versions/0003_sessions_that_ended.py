"""Which of many sessions have ended: asked by those who keep listening, as `enter` asks of one.

Revision: 0003, after 0002.
"""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# What makes a session good stands in `enter` for one, where every transaction begins, and here for many.
ENDED = """
CREATE FUNCTION ended(asked uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(each) FROM unnest(asked) AS each WHERE NOT EXISTS (
        SELECT FROM session s JOIN "user" u ON u.id = s.user_id
        WHERE s.id = each AND s.revoked_at IS NULL AND s.expires_at > now()
          AND u.active AND u.deleted_at IS NULL
    )
$$;
COMMENT ON FUNCTION ended IS 'Those of some sessions that are good no more.';
"""


def upgrade() -> None:
    op.execute(ENDED)
