"""Comments of tables and columns state what they hold, in the words of the contract.

Revision: 0011, after 0010.
"""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

TABLES = {
    'account': 'Organization or private customer; may belong to a parent account.',
    'account_manager': 'User who manages an account, active or not.',
    'employee': 'A person or a vacant post in the organization. Ownership is held by employees, not by users.',
    'opportunity_account': 'Further account involved in an opportunity.',
    'opportunity_contact': 'Person involved in an opportunity, with their role, such as decision maker.',
    'opportunity_share': 'Opportunity shared with an employee.',
    'opportunity_type': 'Opportunity type; defines a pipeline of ordered stages.',
    'person': 'Person, independent of employer.',
    'product': 'Product or service for sale.',
    'role': 'A job in the organization. Profiles say what it may.',
    'stage_history': 'Period that an opportunity spent in a stage; recorded by the system, read-only.',
}
COLUMNS = {
    ('account', 'name'): 'Account name, or the first name of a private customer.',
    ('account', 'number'): 'Account number.',
    ('affiliation', 'address_id'): "Work address; default: the account's head office.",
    ('attribute', 'label'): 'Display name.',
    ('case', 'primary_account_id'): 'Primary account; derived from the case accounts.',
    ('case_type', 'overtime_product_id'): 'Service billed for overtime; default: that of hours.',
    ('contract_kind', 'time_based'): 'Whether it lasts for a time, such as a warranty or a license.',
    ('lost_reason', 'needs_note'): 'Whether the reason requires a note, as for `Other`.',
    ('opportunity', 'account_id'): 'Account of the opportunity.',
    ('opportunity', 'expected_close_on'): 'Expected close date.',
    ('opportunity', 'rank_key'): 'Sort key within the stage; opaque text, ascending.',
    ('opportunity', 'type_id'): 'Opportunity type; determines the pipeline (available stages).',
    ('opportunity_contact', 'role'): 'Role of the person in the opportunity, such as decision maker.',
    ('person', 'email'): 'Private email address; work addresses belong to affiliations.',
    ('person', 'owner_id'): "Employee responsible for the person's data.",
    ('product', 'service'): 'Whether the product is a service.',
    ('profile', 'full'): 'Grants all rights on all types and fields. For administrators.',
    ('quote', 'active'): 'Whether the quote is active; at most one per opportunity.',
    ('quote', 'currency'): 'Currency, ISO 4217; default: that of the opportunity.',
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
