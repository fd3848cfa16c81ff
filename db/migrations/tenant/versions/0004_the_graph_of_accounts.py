"""The graph of accounts: people, products, quotes, contracts, cases, activities, labels, and what is settled about them.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


# What every tenant has, from the first day of the new tables.
FILLED = (
    "INSERT INTO feature (id, key) SELECT gen_random_uuid(), key FROM unnest(ARRAY['RELATIONS', 'CASES', 'DUPLICATES', 'QUOTES']) AS key",
    "INSERT INTO preferences (id) VALUES (gen_random_uuid())",
    "INSERT INTO industry (id, name) SELECT gen_random_uuid(), trim(industry) FROM account WHERE trim(industry) <> '' GROUP BY trim(industry)",
    "UPDATE account SET industry_id = i.id FROM industry i WHERE i.name = trim(account.industry)",
)


def upgrade() -> None:
    _tables()
    _columns()
    for statement in FILLED:
        op.execute(statement)


def _foreign(table: str, column: str, target: str) -> None:
    """Every row of the new column is empty, so nothing needs to be looked at: not by a scan that holds up writers."""
    op.create_foreign_key(op.f(f'{table}_{column}_fkey'), table, target, [column], ['id'], ondelete='RESTRICT', postgresql_not_valid=True)


def _check(table: str, column: str, rule: str) -> None:
    """Likewise."""
    op.create_check_constraint(op.f(f'{table}_{column}_check'), table, rule, postgresql_not_valid=True)


def _tables() -> None:
    op.create_table('activity_category',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the category is called.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('activity_category_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('activity_category_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('activity_category_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('activity_category_pkey')),
    comment='A kind of activity, such as a call or a visit.'
    )
    op.create_index('activity_category_name_unique', 'activity_category', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('case_status',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the status is called.'),
    sa.Column('state', sa.Enum('OPEN', 'CLOSED', name='casestate', native_enum=False, length=None), nullable=False, comment='Whether a case in it is open or closed.'),
    sa.Column('position', sa.Integer(), nullable=False, comment='Its place in the list, from 1.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('case_status_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('case_status_deleted_at_check')),
    sa.CheckConstraint("state IN ('OPEN', 'CLOSED')", name=op.f('case_status_state_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('case_status_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('case_status_pkey')),
    sa.UniqueConstraint('id', 'state', name=op.f('case_status_id_state_key')),
    comment='How far a case is. One list serves all cases.'
    )
    op.create_index('case_status_name_unique', 'case_status', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('contract_kind',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the kind is called.'),
    sa.Column('time_based', sa.Boolean(), server_default='false', nullable=False, comment='Whether it lasts for a time, such as a warranty or a licence.'),
    sa.Column('months', sa.Integer(), nullable=True, comment='How many months such a contract lasts if nothing else is agreed.'),
    sa.Column('renews', sa.Boolean(), server_default='false', nullable=False, comment='Whether it goes on for as long again when it ends.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('contract_kind_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('contract_kind_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('contract_kind_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('contract_kind_pkey')),
    comment='What kind of contract a sale makes: delivered once, or over time.'
    )
    op.create_index('contract_kind_name_unique', 'contract_kind', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('employee_type',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the type is called.'),
    sa.Column('default_title', sa.Text(), nullable=True, comment='What new employees of this type do, if it is not said.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('employee_type_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('employee_type_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('employee_type_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('employee_type_pkey')),
    comment='A kind of employee.'
    )
    op.create_index('employee_type_name_unique', 'employee_type', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('feature',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('key', sa.Enum('RELATIONS', 'CASES', 'DUPLICATES', 'QUOTES', name='featurekey', native_enum=False, length=None), nullable=False, comment='Which group.'),
    sa.Column('enabled', sa.Boolean(), server_default='true', nullable=False, comment='Whether it is on.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('feature_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('feature_deleted_at_check')),
    sa.CheckConstraint("key IN ('RELATIONS', 'CASES', 'DUPLICATES', 'QUOTES')", name=op.f('feature_key_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('feature_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('feature_pkey')),
    comment='A group of functions that a tenant can switch off as a whole.'
    )
    op.create_index('feature_key_unique', 'feature', ['key'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('industry',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the branch is called.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('industry_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('industry_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('industry_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('industry_pkey')),
    comment='A branch that accounts work in.'
    )
    op.create_index('industry_name_unique', 'industry', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('lost_reason',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the reason is called.'),
    sa.Column('needs_note', sa.Boolean(), server_default='false', nullable=False, comment='Whether whoever gives it explains it, as for `Other`.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('lost_reason_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('lost_reason_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('lost_reason_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('lost_reason_pkey')),
    comment='Why opportunities are lost.'
    )
    op.create_index('lost_reason_name_unique', 'lost_reason', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('tag',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='The word.'),
    sa.Column('colour', sa.Text(), nullable=True, comment='Its colour, such as #3b82f6.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('tag_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('tag_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('tag_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('tag_pkey')),
    comment='A word that records are labelled with.'
    )
    op.create_index('tag_name_unique', 'tag', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('unit',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the unit is called, such as piece or month.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('unit_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('unit_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('unit_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('unit_pkey')),
    comment='What a product is counted in.'
    )
    op.create_index('unit_name_unique', 'unit', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('product_category',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the category is called.'),
    sa.Column('contract_kind_id', sa.Uuid(), nullable=False, comment='The kind of contract that its products are sold under.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('product_category_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('product_category_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('product_category_updated_at_check')),
    sa.ForeignKeyConstraint(['contract_kind_id'], ['contract_kind.id'], name=op.f('product_category_contract_kind_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('product_category_pkey')),
    comment='A kind of product, which decides the kind of contract that a sale makes.'
    )
    op.create_index(op.f('product_category_contract_kind_id_idx'), 'product_category', ['contract_kind_id'], unique=False)
    op.create_index('product_category_name_unique', 'product_category', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('account_type',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the type is called.'),
    sa.Column('with_name', sa.Boolean(), server_default='true', nullable=False, comment='Whether its accounts have a name; with a last name, too, that is the first name.'),
    sa.Column('with_last_name', sa.Boolean(), server_default='false', nullable=False, comment='Whether its accounts have a last name, as people do.'),
    sa.Column('default_owner_id', sa.Uuid(), nullable=True, comment='Who is responsible for new accounts of this type, if nobody is named.'),
    sa.Column('sender_email', sa.Text(), nullable=True, comment='The e-mail account that new accounts of this type are written from.'),
    sa.Column('document_delivery', sa.Enum('EMAIL', 'POST', 'E_INVOICE', name='documentdelivery', native_enum=False, length=None), nullable=True, comment='How new accounts of this type get their documents.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('account_type_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('account_type_deleted_at_check')),
    sa.CheckConstraint("document_delivery IN ('EMAIL', 'POST', 'E_INVOICE')", name=op.f('account_type_document_delivery_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('account_type_updated_at_check')),
    sa.ForeignKeyConstraint(['default_owner_id'], ['employee.id'], name=op.f('account_type_default_owner_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('account_type_pkey')),
    comment='A kind of account: how its records are named, and what they begin with.'
    )
    op.create_index('account_type_name_unique', 'account_type', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('person_type',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the type is called.'),
    sa.Column('kind', sa.Enum('EMPLOYEE', 'CONSULTANT', name='contactkind', native_enum=False, length=None), server_default='EMPLOYEE', nullable=False, comment='Whether such people work for an account or for a partner.'),
    sa.Column('default_owner_id', sa.Uuid(), nullable=True, comment='Who is responsible for new people of this type, if nobody is named.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('person_type_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('person_type_deleted_at_check')),
    sa.CheckConstraint("kind IN ('EMPLOYEE', 'CONSULTANT')", name=op.f('person_type_kind_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('person_type_updated_at_check')),
    sa.ForeignKeyConstraint(['default_owner_id'], ['employee.id'], name=op.f('person_type_default_owner_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('person_type_pkey')),
    comment='A kind of contact or lead: one list serves both.'
    )
    op.create_index('person_type_name_unique', 'person_type', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('product',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the product is called.'),
    sa.Column('code', sa.Text(), nullable=True, comment="The product's code; no two have the same."),
    sa.Column('description', sa.Text(), nullable=True, comment='What it is.'),
    sa.Column('active', sa.Boolean(), server_default='true', nullable=False, comment='Whether it is offered.'),
    sa.Column('service', sa.Boolean(), server_default='false', nullable=False, comment='Whether it is work that we do rather than a thing that we deliver.'),
    sa.Column('category_id', sa.Uuid(), nullable=True, comment='The kind of product.'),
    sa.Column('unit_id', sa.Uuid(), nullable=True, comment='What it is counted in.'),
    sa.Column('currency', sa.Text(), nullable=False, comment='The currency of its price, as ISO 4217.'),
    sa.Column('price', sa.Numeric(precision=18, scale=4), nullable=True, comment='What one unit costs, without tax.'),
    sa.Column('tax_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment='The tax on it, in percent.'),
    sa.Column('external_id', sa.Text(), nullable=True, comment='What another system knows it by; no two have the same.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('product_created_at_check')),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('product_currency_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('product_deleted_at_check')),
    sa.CheckConstraint("price <> 'NaN'", name=op.f('product_price_check')),
    sa.CheckConstraint("tax_percent <> 'NaN'", name=op.f('product_tax_percent_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('product_updated_at_check')),
    sa.ForeignKeyConstraint(['category_id'], ['product_category.id'], name=op.f('product_category_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('product_unit_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('product_pkey')),
    comment='Something we sell: a thing or a service.'
    )
    op.create_index(op.f('product_category_id_idx'), 'product', ['category_id'], unique=False)
    op.create_index('product_code_unique', 'product', ['code'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index('product_external_id_unique', 'product', ['external_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index('product_name_idx', 'product', [sa.literal_column('platform.fold(name) COLLATE "C"'), 'id'], unique=False)
    op.create_index(op.f('product_unit_id_idx'), 'product', ['unit_id'], unique=False)
    op.create_table('case_type',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the type is called.'),
    sa.Column('billing', sa.Enum('NONE', 'PER_CASE', 'PER_ACTIVITY', name='billing', native_enum=False, length=None), server_default='NONE', nullable=False, comment='Whether such cases are billed, and how.'),
    sa.Column('contract_required', sa.Boolean(), server_default='false', nullable=False, comment='Whether such a case needs a contract.'),
    sa.Column('hours_product_id', sa.Uuid(), nullable=True, comment='The service that hours are billed as.'),
    sa.Column('overtime_product_id', sa.Uuid(), nullable=True, comment='The service that overtime is billed as; that of hours if there is none.'),
    sa.Column('default_priority', sa.Enum('LOW', 'NORMAL', 'HIGH', 'URGENT', name='priority', native_enum=False, length=None), nullable=True, comment='How urgent new cases of this type are, if it is not said.'),
    sa.Column('default_owner_id', sa.Uuid(), nullable=True, comment='Who works on new cases of this type, if nobody is named.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("billing IN ('NONE', 'PER_CASE', 'PER_ACTIVITY')", name=op.f('case_type_billing_check')),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('case_type_created_at_check')),
    sa.CheckConstraint("default_priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name=op.f('case_type_default_priority_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('case_type_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('case_type_updated_at_check')),
    sa.ForeignKeyConstraint(['default_owner_id'], ['employee.id'], name=op.f('case_type_default_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['hours_product_id'], ['product.id'], name=op.f('case_type_hours_product_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['overtime_product_id'], ['product.id'], name=op.f('case_type_overtime_product_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('case_type_pkey')),
    comment='A kind of case: how it is billed, and what its records begin with.'
    )
    op.create_index('case_type_name_unique', 'case_type', ['name'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('person',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('gender', sa.Enum('FEMALE', 'MALE', 'OTHER', name='gender', native_enum=False, length=None), nullable=True, comment="The person's gender, as far as it matters to a salutation."),
    sa.Column('first_name', sa.Text(), nullable=True, comment='The first name.'),
    sa.Column('infix', sa.Text(), nullable=True, comment='What stands between the names, such as `van der`.'),
    sa.Column('last_name', sa.Text(), nullable=True, comment='The last name.'),
    sa.Column('email', sa.Text(), nullable=True, comment="The person's own e-mail address; that of an employer is told of the affiliation."),
    sa.Column('phone', sa.Text(), nullable=True, comment="The person's own telephone number, as E.164."),
    sa.Column('born_on', sa.Date(), nullable=True, comment='The day of birth.'),
    sa.Column('type_id', sa.Uuid(), nullable=True, comment='What kind of contact the person is.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='The employee responsible for what we know of the person.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What colleagues should know.'),
    sa.Column('external_id', sa.Text(), nullable=True, comment='What another system knows it by; no two have the same.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("born_on >= '0001-01-01' AND born_on < '10000-01-01'", name=op.f('person_born_on_check')),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('person_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('person_deleted_at_check')),
    sa.CheckConstraint("gender IN ('FEMALE', 'MALE', 'OTHER')", name=op.f('person_gender_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('person_updated_at_check')),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('person_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['type_id'], ['person_type.id'], name=op.f('person_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('person_pkey')),
    comment='Somebody we know, wherever they work.'
    )
    op.create_index('person_external_id_unique', 'person', ['external_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index('person_last_name_idx', 'person', [sa.literal_column('platform.fold(last_name) COLLATE "C"'), 'id'], unique=False)
    op.create_index(op.f('person_owner_id_idx'), 'person', ['owner_id'], unique=False)
    op.create_index(op.f('person_type_id_idx'), 'person', ['type_id'], unique=False)
    op.create_table('account_link',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='One of the two.'),
    sa.Column('other_id', sa.Uuid(), nullable=False, comment='The other one.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What they have to do with each other.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('account_link_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('account_link_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('account_link_updated_at_check')),
    sa.CheckConstraint('account_id <> other_id', name=op.f('account_link_other_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('account_link_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['other_id'], ['account.id'], name=op.f('account_link_other_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('account_link_pkey')),
    comment='Two accounts that have to do with each other; each of the two has a record of it.'
    )
    op.create_index(op.f('account_link_other_id_idx'), 'account_link', ['other_id'], unique=False)
    op.create_index('account_link_unique', 'account_link', ['account_id', 'other_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('account_manager',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account.'),
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='Who looks after it.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('account_manager_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('account_manager_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('account_manager_updated_at_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('account_manager_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('account_manager_user_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('account_manager_pkey')),
    comment='A user who looks after an account, whether or not he may sign in.'
    )
    op.create_index('account_manager_unique', 'account_manager', ['account_id', 'user_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('account_manager_user_id_idx'), 'account_manager', ['user_id'], unique=False)
    op.create_table('attribute_use',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('attribute_id', sa.Uuid(), nullable=False, comment='The attribute.'),
    sa.Column('account_type_id', sa.Uuid(), nullable=True, comment='The type of account.'),
    sa.Column('person_type_id', sa.Uuid(), nullable=True, comment='The type of person.'),
    sa.Column('opportunity_type_id', sa.Uuid(), nullable=True, comment='The type of opportunity.'),
    sa.Column('case_type_id', sa.Uuid(), nullable=True, comment='The type of case.'),
    sa.Column('employee_type_id', sa.Uuid(), nullable=True, comment='The type of employee.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('attribute_use_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('attribute_use_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('attribute_use_updated_at_check')),
    sa.CheckConstraint('num_nonnulls(account_type_id, person_type_id, opportunity_type_id, case_type_id, employee_type_id) = 1', name=op.f('attribute_use_one_type_check')),
    sa.ForeignKeyConstraint(['account_type_id'], ['account_type.id'], name=op.f('attribute_use_account_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['attribute_id'], ['attribute.id'], name=op.f('attribute_use_attribute_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_type_id'], ['case_type.id'], name=op.f('attribute_use_case_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['employee_type_id'], ['employee_type.id'], name=op.f('attribute_use_employee_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_type_id'], ['opportunity_type.id'], name=op.f('attribute_use_opportunity_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_type_id'], ['person_type.id'], name=op.f('attribute_use_person_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('attribute_use_pkey')),
    comment='A type whose records carry an attribute. An attribute without any is carried by records of all types.'
    )
    op.create_index(op.f('attribute_use_account_type_id_idx'), 'attribute_use', ['account_type_id'], unique=False)
    op.create_index('attribute_use_account_type_id_unique', 'attribute_use', ['attribute_id', 'account_type_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('attribute_use_case_type_id_idx'), 'attribute_use', ['case_type_id'], unique=False)
    op.create_index('attribute_use_case_type_id_unique', 'attribute_use', ['attribute_id', 'case_type_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('attribute_use_employee_type_id_idx'), 'attribute_use', ['employee_type_id'], unique=False)
    op.create_index('attribute_use_employee_type_id_unique', 'attribute_use', ['attribute_id', 'employee_type_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('attribute_use_opportunity_type_id_idx'), 'attribute_use', ['opportunity_type_id'], unique=False)
    op.create_index('attribute_use_opportunity_type_id_unique', 'attribute_use', ['attribute_id', 'opportunity_type_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('attribute_use_person_type_id_idx'), 'attribute_use', ['person_type_id'], unique=False)
    op.create_index('attribute_use_person_type_id_unique', 'attribute_use', ['attribute_id', 'person_type_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('preferences',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('default_account_type_id', sa.Uuid(), nullable=True, comment='The type of accounts that are created without one.'),
    sa.Column('default_person_type_id', sa.Uuid(), nullable=True, comment='The type of persons that are created without one.'),
    sa.Column('default_lead_type_id', sa.Uuid(), nullable=True, comment='The type of leads that are created without one.'),
    sa.Column('default_opportunity_type_id', sa.Uuid(), nullable=True, comment='The type of opportunities that are created without one.'),
    sa.Column('default_case_type_id', sa.Uuid(), nullable=True, comment='The type of cases that are created without one.'),
    sa.Column('sell_without_quote', sa.Boolean(), server_default='false', nullable=False, comment='Whether opportunities may be sold that have no active quote.'),
    sa.Column('proof_needs_quote', sa.Boolean(), server_default='false', nullable=False, comment='Whether an opportunity needs a quote before it comes to a stage that says so.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('preferences_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('preferences_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('preferences_updated_at_check')),
    sa.ForeignKeyConstraint(['default_account_type_id'], ['account_type.id'], name=op.f('preferences_default_account_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['default_case_type_id'], ['case_type.id'], name=op.f('preferences_default_case_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['default_lead_type_id'], ['person_type.id'], name=op.f('preferences_default_lead_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['default_opportunity_type_id'], ['opportunity_type.id'], name=op.f('preferences_default_opportunity_type_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['default_person_type_id'], ['person_type.id'], name=op.f('preferences_default_person_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('preferences_pkey')),
    comment='What a tenant has settled for everybody. There is exactly one record of it.'
    )
    op.create_index('preferences_single', 'preferences', [sa.literal_column('(true)')], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('affiliation',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account the person works at.'),
    sa.Column('person_id', sa.Uuid(), nullable=False, comment='The person.'),
    sa.Column('address_id', sa.Uuid(), nullable=True, comment='The place of the account where the person works; its head office if none is named.'),
    sa.Column('department', sa.Text(), nullable=True, comment='The department.'),
    sa.Column('function', sa.Text(), nullable=True, comment='What the person does there.'),
    sa.Column('role', sa.Text(), nullable=True, comment='The part the person plays for us.'),
    sa.Column('email', sa.Text(), nullable=True, comment='The e-mail address there.'),
    sa.Column('phone', sa.Text(), nullable=True, comment='The telephone number there, as E.164.'),
    sa.Column('second_phone', sa.Text(), nullable=True, comment='Another telephone number there, as E.164.'),
    sa.Column('active', sa.Boolean(), server_default='true', nullable=False, comment='Whether the person still works there.'),
    sa.Column('since', sa.Date(), nullable=True, comment='The first day there.'),
    sa.Column('until', sa.Date(), nullable=True, comment='The last day there.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('affiliation_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('affiliation_deleted_at_check')),
    sa.CheckConstraint("since >= '0001-01-01' AND since < '10000-01-01'", name=op.f('affiliation_since_check')),
    sa.CheckConstraint("until >= '0001-01-01' AND until < '10000-01-01'", name=op.f('affiliation_until_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('affiliation_updated_at_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('affiliation_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['address_id'], ['address.id'], name=op.f('affiliation_address_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('affiliation_person_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('affiliation_pkey')),
    comment='A person at an account: what they do there and how they are reached there. It stays when they leave.'
    )
    op.create_index(op.f('affiliation_account_id_idx'), 'affiliation', ['account_id'], unique=False)
    op.create_index(op.f('affiliation_address_id_idx'), 'affiliation', ['address_id'], unique=False)
    op.create_index(op.f('affiliation_person_id_idx'), 'affiliation', ['person_id'], unique=False)
    op.create_table('business_role',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False, comment='The opportunity.'),
    sa.Column('person_id', sa.Uuid(), nullable=False, comment='The person.'),
    sa.Column('description', sa.Text(), nullable=False, comment='The part.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('business_role_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('business_role_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('business_role_updated_at_check')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('business_role_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('business_role_person_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('business_role_pkey')),
    comment='The part that a person plays in an opportunity, such as decision maker.'
    )
    op.create_index(op.f('business_role_opportunity_id_idx'), 'business_role', ['opportunity_id'], unique=False)
    op.create_index(op.f('business_role_person_id_idx'), 'business_role', ['person_id'], unique=False)
    op.create_table('contract',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('number', sa.Text(), nullable=False, comment='The number we know the contract by.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the contract is called.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='Who bought.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True, comment='The opportunity it was sold with; none once it was removed from that.'),
    sa.Column('kind_id', sa.Uuid(), nullable=False, comment='What kind of contract it is.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='The employee responsible for it.'),
    sa.Column('status', sa.Enum('ACTIVE', 'ENDED', name='contractstatus', native_enum=False, length=None), server_default='ACTIVE', nullable=False, comment='Whether it is in force or has ended.'),
    sa.Column('time_based', sa.Boolean(), server_default='false', nullable=False, comment='Whether it lasts for a time. Follows from its kind.'),
    sa.Column('starts_on', sa.Date(), nullable=True, comment='The first day it is in force; the day of the sale if not said.'),
    sa.Column('ends_on', sa.Date(), nullable=True, comment='The last day it is in force; empty if it lasts until it is ended.'),
    sa.Column('renewal_months', sa.Integer(), nullable=True, comment='For how many months it goes on when it ends; empty if it does not.'),
    sa.Column('remind_on', sa.Date(), nullable=True, comment='The day to think of its renewal.'),
    sa.Column('revision', sa.Integer(), server_default='1', nullable=False, comment='How often what was sold was changed, from 1.'),
    sa.Column('currency', sa.Text(), nullable=False, comment='The currency of its amounts, as ISO 4217.'),
    sa.Column('net', sa.Numeric(precision=18, scale=4), nullable=True, comment='The sum of its lines in force, without tax.'),
    sa.Column('total', sa.Numeric(precision=18, scale=4), nullable=True, comment='The same with tax.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What colleagues should know.'),
    sa.Column('external_id', sa.Text(), nullable=True, comment='What another system knows it by; no two have the same.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('contract_created_at_check')),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('contract_currency_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('contract_deleted_at_check')),
    sa.CheckConstraint("ends_on >= '0001-01-01' AND ends_on < '10000-01-01'", name=op.f('contract_ends_on_check')),
    sa.CheckConstraint("net <> 'NaN'", name=op.f('contract_net_check')),
    sa.CheckConstraint("remind_on >= '0001-01-01' AND remind_on < '10000-01-01'", name=op.f('contract_remind_on_check')),
    sa.CheckConstraint("starts_on >= '0001-01-01' AND starts_on < '10000-01-01'", name=op.f('contract_starts_on_check')),
    sa.CheckConstraint("status IN ('ACTIVE', 'ENDED')", name=op.f('contract_status_check')),
    sa.CheckConstraint("total <> 'NaN'", name=op.f('contract_total_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('contract_updated_at_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('contract_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['kind_id'], ['contract_kind.id'], name=op.f('contract_kind_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('contract_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('contract_owner_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('contract_pkey')),
    comment='What an account bought from us: exactly the items that were sold.'
    )
    op.create_index(op.f('contract_account_id_idx'), 'contract', ['account_id'], unique=False)
    op.create_index('contract_ends_on_idx', 'contract', ['ends_on', 'id'], unique=False)
    op.create_index('contract_external_id_unique', 'contract', ['external_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('contract_kind_id_idx'), 'contract', ['kind_id'], unique=False)
    op.create_index(op.f('contract_opportunity_id_idx'), 'contract', ['opportunity_id'], unique=False)
    op.create_index(op.f('contract_owner_id_idx'), 'contract', ['owner_id'], unique=False)
    op.create_table('opportunity_account',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False, comment='The opportunity.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What it has to do with it.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('opportunity_account_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('opportunity_account_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('opportunity_account_updated_at_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('opportunity_account_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('opportunity_account_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('opportunity_account_pkey')),
    comment='An account that has to do with an opportunity besides the one we hope to sell to.'
    )
    op.create_index(op.f('opportunity_account_account_id_idx'), 'opportunity_account', ['account_id'], unique=False)
    op.create_index('opportunity_account_unique', 'opportunity_account', ['opportunity_id', 'account_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('quote',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False, comment='The opportunity it is for.'),
    sa.Column('number', sa.Text(), nullable=False, comment='The number we know the quote by.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the quote is called.'),
    sa.Column('currency', sa.Text(), nullable=False, comment='The currency of its amounts, as ISO 4217; that of its opportunity if not said.'),
    sa.Column('brand', sa.Text(), nullable=True, comment='The brand that is offered.'),
    sa.Column('product_version', sa.Text(), nullable=True, comment='The version of the products that is offered.'),
    sa.Column('valid_from', sa.Date(), nullable=True, comment='The first day the offer holds.'),
    sa.Column('valid_until', sa.Date(), nullable=True, comment='The last day the offer holds.'),
    sa.Column('discount_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment='A discount on the whole, in percent; it is spread over the items.'),
    sa.Column('items_shown', sa.Boolean(), server_default='true', nullable=False, comment='Whether the customer is shown each item, or the sum alone.'),
    sa.Column('active', sa.Boolean(), server_default='false', nullable=False, comment="Whether it is the one that counts; one of an opportunity's quotes at most."),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True, comment='When it was approved.'),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True, comment='When the customer accepted it: the opportunity was sold on it.'),
    sa.Column('net', sa.Numeric(precision=18, scale=4), nullable=True, comment='The sum of all items, without tax.'),
    sa.Column('tax', sa.Numeric(precision=18, scale=4), nullable=True, comment='The tax on it.'),
    sa.Column('total', sa.Numeric(precision=18, scale=4), nullable=True, comment='What the customer pays.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What colleagues should know.'),
    sa.Column('source_id', sa.Uuid(), nullable=True, comment='The quote it was made from.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("accepted_at >= '0001-01-01Z' AND accepted_at < '10000-01-01Z'", name=op.f('quote_accepted_at_check')),
    sa.CheckConstraint("approved_at >= '0001-01-01Z' AND approved_at < '10000-01-01Z'", name=op.f('quote_approved_at_check')),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('quote_created_at_check')),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('quote_currency_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('quote_deleted_at_check')),
    sa.CheckConstraint("discount_percent <> 'NaN'", name=op.f('quote_discount_percent_check')),
    sa.CheckConstraint("net <> 'NaN'", name=op.f('quote_net_check')),
    sa.CheckConstraint("tax <> 'NaN'", name=op.f('quote_tax_check')),
    sa.CheckConstraint("total <> 'NaN'", name=op.f('quote_total_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('quote_updated_at_check')),
    sa.CheckConstraint("valid_from >= '0001-01-01' AND valid_from < '10000-01-01'", name=op.f('quote_valid_from_check')),
    sa.CheckConstraint("valid_until >= '0001-01-01' AND valid_until < '10000-01-01'", name=op.f('quote_valid_until_check')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('quote_opportunity_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['source_id'], ['quote.id'], name=op.f('quote_source_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('quote_pkey')),
    comment='An offer for an opportunity: prices, quantities and until when they hold.'
    )
    op.create_index('quote_active_unique', 'quote', ['opportunity_id'], unique=True, postgresql_where=sa.text('active AND deleted_at IS NULL'))
    op.create_index(op.f('quote_opportunity_id_idx'), 'quote', ['opportunity_id'], unique=False)
    op.create_index(op.f('quote_source_id_idx'), 'quote', ['source_id'], unique=False)
    op.create_table('stage_visit',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=False, comment='The opportunity.'),
    sa.Column('stage_id', sa.Uuid(), nullable=False, comment='The stage.'),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False, comment='When it came into the stage.'),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True, comment='When it left it; empty while it is there.'),
    sa.Column('seconds', sa.Integer(), nullable=True, comment='How long it stayed; empty while it is there.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('stage_visit_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('stage_visit_deleted_at_check')),
    sa.CheckConstraint("entered_at >= '0001-01-01Z' AND entered_at < '10000-01-01Z'", name=op.f('stage_visit_entered_at_check')),
    sa.CheckConstraint("left_at >= '0001-01-01Z' AND left_at < '10000-01-01Z'", name=op.f('stage_visit_left_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('stage_visit_updated_at_check')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('stage_visit_opportunity_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('stage_visit_stage_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('stage_visit_pkey')),
    comment='A stay of an opportunity in a stage. The house keeps it; nobody writes it.'
    )
    op.create_index(op.f('stage_visit_opportunity_id_entered_at_idx'), 'stage_visit', ['opportunity_id', 'entered_at'], unique=False)
    op.create_index(op.f('stage_visit_stage_id_idx'), 'stage_visit', ['stage_id'], unique=False)
    op.create_table('case',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('number', sa.Text(), nullable=False, comment='The number we know the case by.'),
    sa.Column('subject', sa.Text(), nullable=False, comment='What it is about.'),
    sa.Column('description', sa.Text(), nullable=True, comment='What happened, and what is asked.'),
    sa.Column('type_id', sa.Uuid(), nullable=True, comment='What kind of case it is.'),
    sa.Column('status_id', sa.Uuid(), nullable=False, comment='How far it is.'),
    sa.Column('state', sa.Enum('OPEN', 'CLOSED', name='casestate', native_enum=False, length=None), nullable=False, comment='Whether it is open or closed. Follows from the status.'),
    sa.Column('priority', sa.Enum('LOW', 'NORMAL', 'HIGH', 'URGENT', name='priority', native_enum=False, length=None), server_default='NORMAL', nullable=False, comment='How urgent it is.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='The employee who works on it.'),
    sa.Column('contract_id', sa.Uuid(), nullable=True, comment='The contract it is worked on under.'),
    sa.Column('primary_account_id', sa.Uuid(), nullable=True, comment='The most important of the accounts that it concerns. Follows from those.'),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True, comment='When it was closed.'),
    sa.Column('external_id', sa.Text(), nullable=True, comment='What another system knows it by; no two have the same.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("closed_at >= '0001-01-01Z' AND closed_at < '10000-01-01Z'", name=op.f('case_closed_at_check')),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('case_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('case_deleted_at_check')),
    sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name=op.f('case_priority_check')),
    sa.CheckConstraint("state IN ('OPEN', 'CLOSED')", name=op.f('case_state_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('case_updated_at_check')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('case_contract_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('case_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['primary_account_id'], ['account.id'], name=op.f('case_primary_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['status_id', 'state'], ['case_status.id', 'case_status.state'], name='case_state_fkey', onupdate='CASCADE'),
    sa.ForeignKeyConstraint(['status_id'], ['case_status.id'], name=op.f('case_status_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['type_id'], ['case_type.id'], name=op.f('case_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('case_pkey')),
    comment='Something that a customer asks of us or complains about, worked on by one owner.'
    )
    op.create_index(op.f('case_contract_id_idx'), 'case', ['contract_id'], unique=False)
    op.create_index('case_created_at_idx', 'case', ['created_at', 'id'], unique=False)
    op.create_index('case_external_id_unique', 'case', ['external_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('case_owner_id_idx'), 'case', ['owner_id'], unique=False)
    op.create_index(op.f('case_status_id_idx'), 'case', ['status_id'], unique=False)
    op.create_index(op.f('case_primary_account_id_idx'), 'case', ['primary_account_id'], unique=False)
    op.create_index('case_subject_idx', 'case', [sa.literal_column('platform.fold(subject) COLLATE "C"'), 'id'], unique=False)
    op.create_index(op.f('case_type_id_idx'), 'case', ['type_id'], unique=False)
    op.create_table('quote_item',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('quote_id', sa.Uuid(), nullable=False, comment='The quote it stands in.'),
    sa.Column('position', sa.Integer(), nullable=False, comment='Its place in the quote, from 1.'),
    sa.Column('kind', sa.Enum('ITEM', 'ROUNDING', name='itemkind', native_enum=False, length=None), server_default='ITEM', nullable=False, comment='Whether it offers something, or rounds the price.'),
    sa.Column('product_id', sa.Uuid(), nullable=True, comment='The product that is offered; none where the line was typed in by hand.'),
    sa.Column('name', sa.Text(), nullable=False, comment="What is offered; the product's name if not said."),
    sa.Column('description', sa.Text(), nullable=True, comment='What the customer should know of it.'),
    sa.Column('quantity', sa.Numeric(precision=18, scale=4), server_default='1', nullable=False, comment='How many units.'),
    sa.Column('unit_id', sa.Uuid(), nullable=True, comment="What it is counted in; the product's unit if not said."),
    sa.Column('currency', sa.Text(), nullable=False, comment="The quote's currency, as ISO 4217."),
    sa.Column('unit_price', sa.Numeric(precision=18, scale=4), nullable=True, comment="What one unit costs, without tax; the product's price if not said."),
    sa.Column('discount_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment='The discount on it, in percent.'),
    sa.Column('tax_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment="The tax on it, in percent; the product's if not said."),
    sa.Column('net', sa.Numeric(precision=18, scale=4), nullable=True, comment='Its price after all discounts, without tax.'),
    sa.Column('tax', sa.Numeric(precision=18, scale=4), nullable=True, comment='The tax on it.'),
    sa.Column('total', sa.Numeric(precision=18, scale=4), nullable=True, comment='Its price with tax.'),
    sa.Column('source_id', sa.Uuid(), nullable=True, comment='The line of another quote that it was copied from.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('quote_item_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('quote_item_deleted_at_check')),
    sa.CheckConstraint("discount_percent <> 'NaN'", name=op.f('quote_item_discount_percent_check')),
    sa.CheckConstraint("kind IN ('ITEM', 'ROUNDING')", name=op.f('quote_item_kind_check')),
    sa.CheckConstraint("net <> 'NaN'", name=op.f('quote_item_net_check')),
    sa.CheckConstraint("quantity <> 'NaN'", name=op.f('quote_item_quantity_check')),
    sa.CheckConstraint("tax <> 'NaN'", name=op.f('quote_item_tax_check')),
    sa.CheckConstraint("tax_percent <> 'NaN'", name=op.f('quote_item_tax_percent_check')),
    sa.CheckConstraint("total <> 'NaN'", name=op.f('quote_item_total_check')),
    sa.CheckConstraint("unit_price <> 'NaN'", name=op.f('quote_item_unit_price_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('quote_item_updated_at_check')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('quote_item_product_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['quote_id'], ['quote.id'], name=op.f('quote_item_quote_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['source_id'], ['quote_item.id'], name=op.f('quote_item_source_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('quote_item_unit_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('quote_item_pkey')),
    comment='A line of a quote. The lines are set all at once, in their order.'
    )
    op.create_index(op.f('quote_item_product_id_idx'), 'quote_item', ['product_id'], unique=False)
    op.create_index(op.f('quote_item_quote_id_idx'), 'quote_item', ['quote_id'], unique=False)
    op.create_index(op.f('quote_item_source_id_idx'), 'quote_item', ['source_id'], unique=False)
    op.create_index(op.f('quote_item_unit_id_idx'), 'quote_item', ['unit_id'], unique=False)
    op.create_table('activity',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('subject', sa.Text(), nullable=False, comment='What it is about.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What came of it, or what is to be done.'),
    sa.Column('category_id', sa.Uuid(), nullable=True, comment='What kind of activity it is.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='Who does it.'),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True, comment='When it is to begin.'),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True, comment='When it was done; empty while it is planned.'),
    sa.Column('hours', sa.Numeric(precision=18, scale=4), nullable=True, comment='How many hours it took.'),
    sa.Column('overtime', sa.Boolean(), server_default='false', nullable=False, comment='Whether the hours were overtime.'),
    sa.Column('customer_id', sa.Uuid(), nullable=True, comment='The account that it concerns, directly or through the record it is on.'),
    sa.Column('account_id', sa.Uuid(), nullable=True, comment='The account that it is on.'),
    sa.Column('person_id', sa.Uuid(), nullable=True, comment='The person that it is on.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True, comment='The opportunity that it is on.'),
    sa.Column('contract_id', sa.Uuid(), nullable=True, comment='The contract that it is on.'),
    sa.Column('case_id', sa.Uuid(), nullable=True, comment='The case that it is on.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('activity_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('activity_deleted_at_check')),
    sa.CheckConstraint("done_at >= '0001-01-01Z' AND done_at < '10000-01-01Z'", name=op.f('activity_done_at_check')),
    sa.CheckConstraint("hours <> 'NaN'", name=op.f('activity_hours_check')),
    sa.CheckConstraint("planned_at >= '0001-01-01Z' AND planned_at < '10000-01-01Z'", name=op.f('activity_planned_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('activity_updated_at_check')),
    sa.CheckConstraint('hours >= 0', name=op.f('activity_hours_spent_check')),
    sa.CheckConstraint('num_nonnulls(account_id, person_id, opportunity_id, contract_id, case_id) = 1', name=op.f('activity_one_subject_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('activity_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('activity_case_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['category_id'], ['activity_category.id'], name=op.f('activity_category_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('activity_contract_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['customer_id'], ['account.id'], name=op.f('activity_customer_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('activity_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('activity_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('activity_person_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('activity_pkey')),
    comment='Something that was done or is planned, on one record: a call, a visit, work on a case.'
    )
    op.create_index(op.f('activity_account_id_idx'), 'activity', ['account_id'], unique=False)
    op.create_index(op.f('activity_case_id_idx'), 'activity', ['case_id'], unique=False)
    op.create_index(op.f('activity_category_id_idx'), 'activity', ['category_id'], unique=False)
    op.create_index(op.f('activity_contract_id_idx'), 'activity', ['contract_id'], unique=False)
    op.create_index(op.f('activity_customer_id_planned_at_idx'), 'activity', ['customer_id', 'planned_at'], unique=False)
    op.create_index(op.f('activity_opportunity_id_idx'), 'activity', ['opportunity_id'], unique=False)
    op.create_index(op.f('activity_owner_id_idx'), 'activity', ['owner_id'], unique=False)
    op.create_index(op.f('activity_person_id_idx'), 'activity', ['person_id'], unique=False)
    op.create_table('case_account',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('case_id', sa.Uuid(), nullable=False, comment='The case.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account that it concerns.'),
    sa.Column('primary', sa.Boolean(), server_default='false', nullable=False, comment="Whether it is the case's primary account; exactly one is."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('case_account_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('case_account_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('case_account_updated_at_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('case_account_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('case_account_case_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('case_account_pkey')),
    comment='An account that a case concerns. One of them is the primary one.'
    )
    op.create_index(op.f('case_account_account_id_idx'), 'case_account', ['account_id'], unique=False)
    op.create_index('case_account_primary_unique', 'case_account', ['case_id'], unique=True, postgresql_where=sa.text('"primary" AND deleted_at IS NULL'))
    op.create_index('case_account_unique', 'case_account', ['case_id', 'account_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('contract_line',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('contract_id', sa.Uuid(), nullable=False, comment='The contract it stands in.'),
    sa.Column('quote_item_id', sa.Uuid(), nullable=True, comment='The line of the quote that it was sold on.'),
    sa.Column('replaces_id', sa.Uuid(), nullable=True, comment='The line whose place it took when what was sold was changed.'),
    sa.Column('position', sa.Integer(), nullable=False, comment='Its place in the contract, from 1.'),
    sa.Column('product_id', sa.Uuid(), nullable=True, comment='The product that was sold.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What was sold.'),
    sa.Column('quantity', sa.Numeric(precision=18, scale=4), nullable=False, comment='How many units.'),
    sa.Column('unit_id', sa.Uuid(), nullable=True, comment='What it is counted in.'),
    sa.Column('currency', sa.Text(), nullable=False, comment="The contract's currency, as ISO 4217."),
    sa.Column('unit_price', sa.Numeric(precision=18, scale=4), nullable=True, comment='What one unit costs, without tax.'),
    sa.Column('discount_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment='The discount on it, in percent.'),
    sa.Column('tax_percent', sa.Numeric(precision=18, scale=4), nullable=True, comment='The tax on it, in percent.'),
    sa.Column('net', sa.Numeric(precision=18, scale=4), nullable=True, comment='Its price after all discounts, without tax.'),
    sa.Column('total', sa.Numeric(precision=18, scale=4), nullable=True, comment='Its price with tax.'),
    sa.Column('revision', sa.Integer(), server_default='1', nullable=False, comment='How often this item was changed, from 1.'),
    sa.Column('starts_on', sa.Date(), nullable=True, comment='The first day it is in force.'),
    sa.Column('ended_on', sa.Date(), nullable=True, comment='The last day it was in force; empty while it is.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('contract_line_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('contract_line_deleted_at_check')),
    sa.CheckConstraint("discount_percent <> 'NaN'", name=op.f('contract_line_discount_percent_check')),
    sa.CheckConstraint("ended_on >= '0001-01-01' AND ended_on < '10000-01-01'", name=op.f('contract_line_ended_on_check')),
    sa.CheckConstraint("net <> 'NaN'", name=op.f('contract_line_net_check')),
    sa.CheckConstraint("quantity <> 'NaN'", name=op.f('contract_line_quantity_check')),
    sa.CheckConstraint("starts_on >= '0001-01-01' AND starts_on < '10000-01-01'", name=op.f('contract_line_starts_on_check')),
    sa.CheckConstraint("tax_percent <> 'NaN'", name=op.f('contract_line_tax_percent_check')),
    sa.CheckConstraint("total <> 'NaN'", name=op.f('contract_line_total_check')),
    sa.CheckConstraint("unit_price <> 'NaN'", name=op.f('contract_line_unit_price_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('contract_line_updated_at_check')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('contract_line_contract_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('contract_line_product_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['quote_item_id'], ['quote_item.id'], name=op.f('contract_line_quote_item_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['replaces_id'], ['contract_line.id'], name=op.f('contract_line_replaces_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['unit_id'], ['unit.id'], name=op.f('contract_line_unit_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('contract_line_pkey')),
    comment='An item of a contract, as it was sold; a change of it is a new line that replaces it.'
    )
    op.create_index(op.f('contract_line_contract_id_idx'), 'contract_line', ['contract_id'], unique=False)
    op.create_index(op.f('contract_line_product_id_idx'), 'contract_line', ['product_id'], unique=False)
    op.create_index(op.f('contract_line_quote_item_id_idx'), 'contract_line', ['quote_item_id'], unique=False)
    op.create_index(op.f('contract_line_replaces_id_idx'), 'contract_line', ['replaces_id'], unique=False)
    op.create_table('favourite',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='Who keeps it at hand.'),
    sa.Column('account_id', sa.Uuid(), nullable=True, comment='The account.'),
    sa.Column('person_id', sa.Uuid(), nullable=True, comment='The person.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True, comment='The opportunity.'),
    sa.Column('contract_id', sa.Uuid(), nullable=True, comment='The contract.'),
    sa.Column('case_id', sa.Uuid(), nullable=True, comment='The case.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('favourite_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('favourite_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('favourite_updated_at_check')),
    sa.CheckConstraint('num_nonnulls(account_id, person_id, opportunity_id, contract_id, case_id) = 1', name=op.f('favourite_one_record_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('favourite_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('favourite_case_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('favourite_contract_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('favourite_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('favourite_person_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('favourite_user_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('favourite_pkey')),
    comment='A record that a user keeps at hand. Nobody else sees that.'
    )
    op.create_index(op.f('favourite_account_id_idx'), 'favourite', ['account_id'], unique=False)
    op.create_index('favourite_account_id_unique', 'favourite', ['user_id', 'account_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('favourite_case_id_idx'), 'favourite', ['case_id'], unique=False)
    op.create_index('favourite_case_id_unique', 'favourite', ['user_id', 'case_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('favourite_contract_id_idx'), 'favourite', ['contract_id'], unique=False)
    op.create_index('favourite_contract_id_unique', 'favourite', ['user_id', 'contract_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('favourite_opportunity_id_idx'), 'favourite', ['opportunity_id'], unique=False)
    op.create_index('favourite_opportunity_id_unique', 'favourite', ['user_id', 'opportunity_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('favourite_person_id_idx'), 'favourite', ['person_id'], unique=False)
    op.create_index('favourite_person_id_unique', 'favourite', ['user_id', 'person_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('tagging',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('tag_id', sa.Uuid(), nullable=False, comment='The tag.'),
    sa.Column('account_id', sa.Uuid(), nullable=True, comment='The account with the tag.'),
    sa.Column('person_id', sa.Uuid(), nullable=True, comment='The person with the tag.'),
    sa.Column('product_id', sa.Uuid(), nullable=True, comment='The product with the tag.'),
    sa.Column('opportunity_id', sa.Uuid(), nullable=True, comment='The opportunity with the tag.'),
    sa.Column('contract_id', sa.Uuid(), nullable=True, comment='The contract with the tag.'),
    sa.Column('case_id', sa.Uuid(), nullable=True, comment='The case with the tag.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('tagging_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('tagging_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('tagging_updated_at_check')),
    sa.CheckConstraint('num_nonnulls(account_id, person_id, product_id, opportunity_id, contract_id, case_id) = 1', name=op.f('tagging_one_record_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('tagging_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('tagging_case_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('tagging_contract_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('tagging_opportunity_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('tagging_person_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('tagging_product_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tag_id'], ['tag.id'], name=op.f('tagging_tag_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('tagging_pkey')),
    comment='A tag on a record.'
    )
    op.create_index(op.f('tagging_account_id_idx'), 'tagging', ['account_id'], unique=False)
    op.create_index('tagging_account_id_unique', 'tagging', ['tag_id', 'account_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('tagging_case_id_idx'), 'tagging', ['case_id'], unique=False)
    op.create_index('tagging_case_id_unique', 'tagging', ['tag_id', 'case_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('tagging_contract_id_idx'), 'tagging', ['contract_id'], unique=False)
    op.create_index('tagging_contract_id_unique', 'tagging', ['tag_id', 'contract_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('tagging_opportunity_id_idx'), 'tagging', ['opportunity_id'], unique=False)
    op.create_index('tagging_opportunity_id_unique', 'tagging', ['tag_id', 'opportunity_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('tagging_person_id_idx'), 'tagging', ['person_id'], unique=False)
    op.create_index('tagging_person_id_unique', 'tagging', ['tag_id', 'person_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_index(op.f('tagging_product_id_idx'), 'tagging', ['product_id'], unique=False)
    op.create_index('tagging_product_id_unique', 'tagging', ['tag_id', 'product_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))


def _columns() -> None:
    op.add_column('account', sa.Column('last_name', sa.Text(), nullable=True, comment='The last name, where the account is a person.'))
    op.add_column('account', sa.Column('type_id', sa.Uuid(), nullable=True, comment='What kind of account it is.'))
    op.add_column('account', sa.Column('industry_id', sa.Uuid(), nullable=True, comment='The branch it works in.'))
    op.add_column('account', sa.Column('email', sa.Text(), nullable=True, comment='Its e-mail address.'))
    op.add_column('account', sa.Column('registration_number', sa.Text(), nullable=True, comment='Its number in the register of companies.'))
    op.add_column('account', sa.Column('vat_number', sa.Text(), nullable=True, comment='Its number for value added tax.'))
    op.add_column('account', sa.Column('description', sa.Text(), nullable=True, comment='What there is to know about it.'))
    op.add_column('account', sa.Column('invoice_name', sa.Text(), nullable=True, comment='The name on invoices, where it is another one.'))
    op.add_column('account', sa.Column('invoice_email', sa.Text(), nullable=True, comment='Where invoices are sent by e-mail.'))
    op.add_column('account', sa.Column('postal_is_invoicing', sa.Boolean(), server_default='false', nullable=False, comment='Whether invoices go to the postal address, wherever that is.'))
    op.add_column('account', sa.Column('sender_email', sa.Text(), nullable=True, comment='The e-mail account that it is written from.'))
    op.add_column('account', sa.Column('document_delivery', sa.Enum('EMAIL', 'POST', 'E_INVOICE', name='documentdelivery', native_enum=False, length=None), nullable=True, comment='How it gets its documents.'))
    op.alter_column('account', 'name',
               existing_type=sa.TEXT(),
               comment='What the account is called; of somebody with a last name, the first name.',
               existing_comment='What the account is called.',
               existing_nullable=True)
    op.alter_column('account', 'industry',
               existing_type=sa.TEXT(),
               comment='The branch as it was kept before there was a list of them.',
               existing_comment='The branch it works in.',
               existing_nullable=True)
    op.alter_column('account', 'phone',
               existing_type=sa.TEXT(),
               comment='Its telephone number, as E.164.',
               existing_comment='Its telephone number.',
               existing_nullable=True)
    op.create_index(op.f('account_industry_id_idx'), 'account', ['industry_id'], unique=False)
    op.create_index(op.f('account_type_id_idx'), 'account', ['type_id'], unique=False)
    _foreign('account', 'industry_id', 'industry')
    _foreign('account', 'type_id', 'account_type')
    op.add_column('address', sa.Column('default_invoicing', sa.Boolean(), server_default='false', nullable=False, comment="Whether invoices go there if nothing else is said; one of the account's invoicing addresses is."))
    op.create_index('address_default_invoicing_unique', 'address', ['account_id'], unique=True, postgresql_where=sa.text('default_invoicing AND deleted_at IS NULL'))
    op.add_column('employee', sa.Column('office', sa.Text(), nullable=True, comment='The office or region the employee works for.'))
    op.add_column('employee', sa.Column('type_id', sa.Uuid(), nullable=True, comment='What kind of employee it is.'))
    op.add_column('employee', sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."))
    op.create_index(op.f('employee_type_id_idx'), 'employee', ['type_id'], unique=False)
    _foreign('employee', 'type_id', 'employee_type')
    op.add_column('opportunity', sa.Column('locked', sa.Boolean(), server_default='false', nullable=False, comment='Whether it was sold and is closed to changes until it is unlocked.'))
    op.add_column('opportunity', sa.Column('closed_on', sa.Date(), nullable=True, comment='The day it was won or lost.'))
    op.add_column('opportunity', sa.Column('lost_reason_id', sa.Uuid(), nullable=True, comment='Why it was lost.'))
    op.add_column('opportunity', sa.Column('lost_note', sa.Text(), nullable=True, comment='What there is to say of the loss.'))
    op.add_column('opportunity', sa.Column('source_contract_id', sa.Uuid(), nullable=True, comment='The contract that it is to extend.'))
    op.add_column('opportunity', sa.Column('rank', sa.Numeric(precision=18, scale=4), nullable=True, comment='Its place among the opportunities of its stage; the least stands first.'))
    op.create_index(op.f('opportunity_lost_reason_id_idx'), 'opportunity', ['lost_reason_id'], unique=False)
    op.create_index('opportunity_rank_idx', 'opportunity', ['stage_id', 'rank'], unique=False)
    op.create_index(op.f('opportunity_source_contract_id_idx'), 'opportunity', ['source_contract_id'], unique=False)
    _foreign('opportunity', 'lost_reason_id', 'lost_reason')
    _foreign('opportunity', 'source_contract_id', 'contract')
    op.add_column('opportunity_type', sa.Column('default_owner_id', sa.Uuid(), nullable=True, comment='Who works on new opportunities of this type, if nobody is named.'))
    op.add_column('opportunity_type', sa.Column('default_currency', sa.Text(), nullable=True, comment='The currency of new opportunities of this type, if none is named, as ISO 4217.'))
    _foreign('opportunity_type', 'default_owner_id', 'employee')
    op.add_column('pipeline_stage', sa.Column('description', sa.Text(), nullable=True, comment='What it means for an opportunity of this type to be here, if not what the stage says.'))
    _check('account', 'document_delivery', "document_delivery IN ('EMAIL', 'POST', 'E_INVOICE')")
    _check('opportunity', 'closed_on', "closed_on >= '0001-01-01' AND closed_on < '10000-01-01'")
    _check('opportunity', 'rank', "rank <> 'NaN'")
