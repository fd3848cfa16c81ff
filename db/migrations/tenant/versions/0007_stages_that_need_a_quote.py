"""A stage says whether opportunities come there with a quote only. None of those that are there does.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('stage', sa.Column('needs_quote', sa.Boolean(), server_default='false', nullable=False, comment='Whether opportunities come here with a quote only, while `proofNeedsQuote` of the preferences is on.'))
    op.alter_column('preferences', 'proof_needs_quote', existing_type=sa.Boolean(), comment='Whether an opportunity needs a quote before it comes to a stage with `needsQuote`.')
