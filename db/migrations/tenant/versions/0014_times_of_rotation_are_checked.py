"""The bounds of the time of rotation are validated, by a scan that does not lock out writes.

Revision: 0014, after 0013.
"""

from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE session VALIDATE CONSTRAINT session_rotated_at_check')
