"""Comments of tables and columns state what they hold, in the words of the contract.

Revision: 0011, after 0010.
"""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

TABLES = {
    'account': 'An organization or a private customer we sell to, perhaps a part of a larger one.',
    'employee': 'A person or a vacant post in the organization. Ownership is held by employees, not by users.',
    'opportunity_contact': 'Person involved in an opportunity, with their role, such as decision maker.',
    'role': 'A job in the organization. Profiles say what it may.',
    'stage_history': 'Period that an opportunity spent in a stage; recorded by the system, read-only.',
}
COLUMNS = {
    ('contract_kind', 'time_based'): 'Whether it lasts for a time, such as a warranty or a license.',
    ('opportunity_contact', 'role'): 'Role of the person in the opportunity, such as decision maker.',
    ('tag', 'color'): 'Its color, such as #3b82f6.',
}


def upgrade() -> None:
    for table, comment in TABLES.items():
        op.execute(f"COMMENT ON TABLE \"{table}\" IS '{_escaped(comment)}'")
    for (table, column), comment in COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN \"{table}\".\"{column}\" IS '{_escaped(comment)}'")


def _escaped(text: str) -> str:
    """Text for a literal of SQL; alembic reads a colon before a word as a parameter."""
    return text.replace("'", "''").replace(':', r'\:')
