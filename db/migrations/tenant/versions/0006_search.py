"""An index of pieces for each kind of record that is searched: over all its fields, because an OR of them is asked.

Revision: 0006, after 0005.

A GIN index of a large table takes about a second for each 100,000 rows (measured), for which writers of that
table wait. A tenant with more rows than fit into the limit of the runner is given these indexes beforehand,
by an operator and CONCURRENTLY: where they are, nothing is done here.
"""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

INDEXES = (
    'CREATE INDEX IF NOT EXISTS employee_search_idx ON employee USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(email) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS product_search_idx ON product USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(code) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS account_search_idx ON account USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(last_name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(number) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(email) COLLATE "C" platform.gin_trgm_ops, '
    'platform.digits(phone) platform.gin_trgm_ops, '
    'platform.fold(website) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(registration_number) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS person_search_idx ON person USING gin ('
    'platform.fold(last_name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(first_name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(infix) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(email) COLLATE "C" platform.gin_trgm_ops, '
    'platform.digits(phone) platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS opportunity_search_idx ON opportunity USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS affiliation_search_idx ON affiliation USING gin ('
    'platform.fold(email) COLLATE "C" platform.gin_trgm_ops, '
    'platform.digits(phone) platform.gin_trgm_ops, '
    'platform.digits(second_phone) platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS contract_search_idx ON contract USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(number) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS quote_search_idx ON quote USING gin ('
    'platform.fold(name) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(number) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS case_search_idx ON "case" USING gin ('
    'platform.fold(subject) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(number) COLLATE "C" platform.gin_trgm_ops, '
    'platform.fold(external_id) COLLATE "C" platform.gin_trgm_ops)',
    'CREATE INDEX IF NOT EXISTS activity_search_idx ON activity USING gin ('
    'platform.fold(subject) COLLATE "C" platform.gin_trgm_ops)',
)


def upgrade() -> None:
    for text in INDEXES:
        op.execute(text)
