"""Trusted documents of the tenant, which clients send by identifier.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('trusted_document',
    sa.Column('id', sa.Text(), nullable=False, comment='Document identifier, such as `sha256:` and the digest of the text.'),
    sa.Column('text', sa.Text(), nullable=False, comment='Text of the document.'),
    sa.PrimaryKeyConstraint('id', name=op.f('trusted_document_pkey')),
    comment='Trusted document: clients send its identifier instead of its text.'
    )
