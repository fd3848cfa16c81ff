"""A session stores when its refresh token was replaced: the one before is accepted for a short time.

Sessions that exist already have no time, so their last token before is not accepted.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('session', sa.Column('rotated_at', sa.DateTime(timezone=True), nullable=True, comment='Time at which the current refresh token replaced the previous one.'))
    op.execute("COMMENT ON TABLE session IS 'Session of a user on a device. Reuse of an old refresh token ends it, except of the previous one within 30 seconds.'")
    # 0014 validates it, in a transaction that does not lock out writes.
    op.execute("ALTER TABLE session ADD CONSTRAINT session_rotated_at_check CHECK (rotated_at >= '0001-01-01 00:00:00+00'::timestamptz AND rotated_at < '10000-01-01 00:00:00+00'::timestamptz) NOT VALID")
