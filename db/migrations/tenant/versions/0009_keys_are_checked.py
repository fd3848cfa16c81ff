"""The sort keys of opportunities are known to be right: looked at by a scan of its own, beside those who write.

Revision: 0009, after 0008.
"""

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE opportunity VALIDATE CONSTRAINT opportunity_rank_key_check')
