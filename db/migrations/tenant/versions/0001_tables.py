"""The first tables.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attribute',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('entity', sa.Text(), nullable=False, comment='The entity whose records carry it.'),
    sa.Column('key', sa.Text(), nullable=False, comment='Its name in filters and selections.'),
    sa.Column('label', sa.Text(), nullable=False, comment='What people call it.'),
    sa.Column('kind', sa.Enum('TEXT', 'NUMBER', 'DATE', 'BOOLEAN', name='attributekind', native_enum=False, length=None), nullable=False, comment='What values it takes.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('attribute_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('attribute_deleted_at_check')),
    sa.CheckConstraint("key ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'", name=op.f('attribute_key_check')),
    sa.CheckConstraint("kind IN ('TEXT', 'NUMBER', 'DATE', 'BOOLEAN')", name=op.f('attribute_kind_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('attribute_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('attribute_pkey')),
    comment="A field that the tenant added. Its values are kept with each record, under the attribute's id."
    )
    op.create_index('attribute_unique', 'attribute', ['entity', 'key'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('employee',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment="The employee's name, or the post's."),
    sa.Column('email', sa.Text(), nullable=False, comment='Where the employee is reached.'),
    sa.Column('title', sa.Text(), nullable=True, comment='What the employee does.'),
    sa.Column('manager_id', sa.Uuid(), nullable=True, comment='Who the employee reports to.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('employee_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('employee_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('employee_updated_at_check')),
    sa.ForeignKeyConstraint(['manager_id'], ['employee.id'], name=op.f('employee_manager_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('employee_pkey')),
    comment='A person or a vacant post in the organisation. Ownership is held by employees, not by users.'
    )
    op.create_index(op.f('employee_manager_id_idx'), 'employee', ['manager_id'], unique=False)
    op.create_table('log_head',
    sa.Column('one', sa.Boolean(), server_default='true', nullable=False, comment='Always true: there is one row.'),
    sa.Column('epoch', sa.BigInteger(), server_default='1', nullable=False, comment='Changes only when history diverged.'),
    sa.Column('position', sa.BigInteger(), server_default='0', nullable=False, comment='The last position of the log.'),
    sa.Column('placement', sa.BigInteger(), server_default='1', nullable=False, comment='The version of the placement this is.'),
    sa.Column('access', sa.BigInteger(), server_default='1', nullable=False, comment="The version of everybody's rights."),
    sa.Column('fenced', sa.Boolean(), server_default='false', nullable=False, comment='Whether the tenant is closed for a move.'),
    sa.CheckConstraint('one', name=op.f('log_head_one_check')),
    sa.PrimaryKeyConstraint('one', name=op.f('log_head_pkey')),
    comment='One row per tenant, read by every transaction as it begins (D-58).',
    postgresql_with={'fillfactor': 50}
    )
    op.create_table('opportunity_type',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the type is called.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('opportunity_type_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('opportunity_type_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('opportunity_type_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('opportunity_type_pkey')),
    comment='A kind of opportunity, and thereby a pipeline: it activates stages with an order of their own.'
    )
    op.create_table('profile',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the profile is called.'),
    sa.Column('full', sa.Boolean(), server_default='false', nullable=False, comment='Opens every entity and field, those to come included. For administrators.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('profile_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('profile_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('profile_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('profile_pkey')),
    comment='A set of rights. A role has one or several; what they grant is united.'
    )
    op.create_table('role',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the role is called.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('role_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('role_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('role_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('role_pkey')),
    comment='A job in the organisation. Profiles say what it may.'
    )
    op.create_table('stage',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What the stage is called.'),
    sa.Column('description', sa.Text(), nullable=True, comment='What it means for an opportunity to be here.'),
    sa.Column('kind', sa.Enum('OPEN', 'WON', 'LOST', name='stagekind', native_enum=False, length=None), nullable=False, comment='What the stage means for the outcome.'),
    sa.Column('position', sa.Integer(), nullable=False, comment='Its place in the list, from 1.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('stage_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('stage_deleted_at_check')),
    sa.CheckConstraint("kind IN ('OPEN', 'WON', 'LOST')", name=op.f('stage_kind_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('stage_updated_at_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('stage_pkey')),
    sa.UniqueConstraint('id', 'kind', name=op.f('stage_id_kind_key')),
    comment='A step of selling. One list serves all pipelines; a type activates some of it.'
    )
    op.create_table('status_rule',
    sa.Column('entity', sa.Text(), nullable=False, comment="The entity's name."),
    sa.Column('field', sa.Text(), nullable=False, comment="The field's name."),
    sa.Column('statuses', postgresql.ARRAY(sa.Text()), nullable=False, comment='The statuses in which it is readable.'),
    sa.PrimaryKeyConstraint('entity', 'field', name=op.f('status_rule_pkey')),
    comment='A restriction: a field that is readable only while its record is in certain statuses.'
    )
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=True, comment='What the account is called.'),
    sa.Column('number', sa.Text(), nullable=False, comment='The number we know the account by.'),
    sa.Column('industry', sa.Text(), nullable=True, comment='The branch it works in.'),
    sa.Column('website', sa.Text(), nullable=True, comment='Its home page.'),
    sa.Column('phone', sa.Text(), nullable=True, comment='Its telephone number.'),
    sa.Column('city', sa.Text(), nullable=True, comment='The town of its head office.'),
    sa.Column('country', sa.Text(), nullable=True, comment='The country of its head office, as ISO 3166-1.'),
    sa.Column('employee_count', sa.Integer(), nullable=True, comment='How many people work there.'),
    sa.Column('key_account', sa.Boolean(), server_default='false', nullable=False, comment='Whether it is looked after with special care.'),
    sa.Column('parent_id', sa.Uuid(), nullable=True, comment='The account it is a part of.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='The employee responsible for the account.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('account_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('account_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('account_updated_at_check')),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('account_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['parent_id'], ['account.id'], name=op.f('account_parent_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('account_pkey')),
    comment='An organisation or a private customer we sell to, perhaps a part of a larger one.'
    )
    op.create_index('account_name_idx', 'account', [sa.literal_column('platform.fold(name) COLLATE "C"'), 'id'], unique=False)
    op.create_index(op.f('account_owner_id_idx'), 'account', ['owner_id'], unique=False)
    op.create_index(op.f('account_parent_id_idx'), 'account', ['parent_id'], unique=False)
    op.create_table('pipeline_stage',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('type_id', sa.Uuid(), nullable=False, comment='The pipeline.'),
    sa.Column('stage_id', sa.Uuid(), nullable=False, comment='The stage.'),
    sa.Column('position', sa.Integer(), nullable=False, comment='Its place in this pipeline, from 1.'),
    sa.Column('probability', sa.Integer(), nullable=False, comment='How likely an opportunity here is to be won, in percent.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('pipeline_stage_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('pipeline_stage_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('pipeline_stage_updated_at_check')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('pipeline_stage_stage_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['type_id'], ['opportunity_type.id'], name=op.f('pipeline_stage_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pipeline_stage_pkey')),
    comment='A stage as one opportunity type uses it.'
    )
    op.create_index(op.f('pipeline_stage_stage_id_idx'), 'pipeline_stage', ['stage_id'], unique=False)
    op.create_index('pipeline_stage_unique', 'pipeline_stage', ['type_id', 'stage_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('profile_entity',
    sa.Column('profile_id', sa.Uuid(), nullable=False, comment='The profile.'),
    sa.Column('entity', sa.Text(), nullable=False, comment="The entity's name."),
    sa.Column('rows', sa.Enum('OWN', 'ALL', name='rowscope', native_enum=False, length=None), nullable=False, comment='Which rows it opens.'),
    sa.CheckConstraint("rows IN ('OWN', 'ALL')", name=op.f('profile_entity_rows_check')),
    sa.ForeignKeyConstraint(['profile_id'], ['profile.id'], name=op.f('profile_entity_profile_id_fkey')),
    sa.PrimaryKeyConstraint('profile_id', 'entity', name=op.f('profile_entity_pkey')),
    comment='An entity that a profile opens, and how many of its rows.'
    )
    op.create_table('profile_field',
    sa.Column('profile_id', sa.Uuid(), nullable=False, comment='The profile.'),
    sa.Column('entity', sa.Text(), nullable=False, comment="The entity's name."),
    sa.Column('field', sa.Text(), nullable=False, comment="The field's name, or the attribute's id."),
    sa.ForeignKeyConstraint(['profile_id'], ['profile.id'], name=op.f('profile_field_profile_id_fkey')),
    sa.PrimaryKeyConstraint('profile_id', 'entity', 'field', name=op.f('profile_field_pkey')),
    comment='A field, or a custom attribute by its id, that a profile makes readable.'
    )
    op.create_table('role_profile',
    sa.Column('role_id', sa.Uuid(), nullable=False, comment='The role.'),
    sa.Column('profile_id', sa.Uuid(), nullable=False, comment='The profile.'),
    sa.ForeignKeyConstraint(['profile_id'], ['profile.id'], name=op.f('role_profile_profile_id_fkey')),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('role_profile_role_id_fkey')),
    sa.PrimaryKeyConstraint('role_id', 'profile_id', name=op.f('role_profile_pkey')),
    comment='A profile of a role.'
    )
    op.create_table('share_rule',
    sa.Column('role_id', sa.Uuid(), nullable=False, comment='The role.'),
    sa.Column('type_id', sa.Uuid(), nullable=False, comment='The type whose opportunities it sees.'),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('share_rule_role_id_fkey')),
    sa.ForeignKeyConstraint(['type_id'], ['opportunity_type.id'], name=op.f('share_rule_type_id_fkey')),
    sa.PrimaryKeyConstraint('role_id', 'type_id', name=op.f('share_rule_pkey')),
    comment='A standing share: a role sees all opportunities of a type.'
    )
    op.create_table('user',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('employee_id', sa.Uuid(), nullable=False, comment='The employee who this user is.'),
    sa.Column('active', sa.Boolean(), server_default='true', nullable=False, comment='Whether the user may sign in.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('user_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('user_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('user_updated_at_check')),
    sa.ForeignKeyConstraint(['employee_id'], ['employee.id'], name=op.f('user_employee_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('user_pkey')),
    comment='Somebody who signs in. Every user is exactly one employee.'
    )
    op.create_index('user_employee_unique', 'user', ['employee_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('credential',
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='The user.'),
    sa.Column('email', sa.Text(), nullable=False, comment='The address to sign in with, folded.'),
    sa.Column('password', sa.Text(), nullable=False, comment="The password's argon2id hash."),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('credential_user_id_fkey')),
    sa.PrimaryKeyConstraint('user_id', name=op.f('credential_pkey')),
    sa.UniqueConstraint('email', name=op.f('credential_email_key')),
    comment='What a user signs in with. Kept apart from the user, so that no read of users can meet it.'
    )
    op.create_table('opportunity',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('name', sa.Text(), nullable=False, comment='What people call this opportunity.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account we hope to sell to.'),
    sa.Column('owner_id', sa.Uuid(), nullable=False, comment='The employee who works on it.'),
    sa.Column('type_id', sa.Uuid(), nullable=False, comment='Its kind, and thereby its pipeline.'),
    sa.Column('stage_id', sa.Uuid(), nullable=False, comment='Where it stands.'),
    sa.Column('status', sa.Enum('OPEN', 'WON', 'LOST', name='stagekind', native_enum=False, length=None), nullable=False, comment='Whether it is open, won or lost. Follows from the stage.'),
    sa.Column('probability', sa.Integer(), nullable=True, comment='How likely it is to be won, in percent.'),
    sa.Column('currency', sa.Text(), nullable=False, comment='The currency of its amounts, as ISO 4217.'),
    sa.Column('amount', sa.Numeric(precision=18, scale=4), nullable=True, comment='Expected value, without tax.'),
    sa.Column('margin', sa.Numeric(precision=18, scale=4), nullable=True, comment='What is left of the amount after our own cost.'),
    sa.Column('commission', sa.Numeric(precision=18, scale=4), nullable=True, comment='What the seller earns on it.'),
    sa.Column('expected_close_on', sa.Date(), nullable=True, comment='The day we expect a decision.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What colleagues should know.'),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False, comment="Values of the tenant's own attributes."),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("amount <> 'NaN'", name=op.f('opportunity_amount_check')),
    sa.CheckConstraint("commission <> 'NaN'", name=op.f('opportunity_commission_check')),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('opportunity_created_at_check')),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('opportunity_currency_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('opportunity_deleted_at_check')),
    sa.CheckConstraint("expected_close_on >= '0001-01-01' AND expected_close_on < '10000-01-01'", name=op.f('opportunity_expected_close_on_check')),
    sa.CheckConstraint("margin <> 'NaN'", name=op.f('opportunity_margin_check')),
    sa.CheckConstraint("status IN ('OPEN', 'WON', 'LOST')", name=op.f('opportunity_status_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('opportunity_updated_at_check')),
    sa.CheckConstraint('probability BETWEEN 0 AND 100', name=op.f('opportunity_probability_check')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('opportunity_account_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['employee.id'], name=op.f('opportunity_owner_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['stage_id', 'status'], ['stage.id', 'stage.kind'], name='opportunity_status_fkey', onupdate='CASCADE'),
    sa.ForeignKeyConstraint(['stage_id'], ['stage.id'], name=op.f('opportunity_stage_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['type_id'], ['opportunity_type.id'], name=op.f('opportunity_type_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('opportunity_pkey')),
    comment='A possible sale to an account, worked on by one owner.'
    )
    op.create_index(op.f('opportunity_account_id_idx'), 'opportunity', ['account_id'], unique=False)
    op.create_index('opportunity_amount_idx', 'opportunity', [sa.literal_column('amount DESC NULLS LAST'), sa.literal_column('id DESC')], unique=False)
    op.create_index('opportunity_created_at_idx', 'opportunity', ['created_at', 'id'], unique=False)
    op.create_index('opportunity_expected_close_on_idx', 'opportunity', ['expected_close_on', 'id'], unique=False)
    op.create_index('opportunity_name_idx', 'opportunity', [sa.literal_column('platform.fold(name) COLLATE "C"'), 'id'], unique=False)
    op.create_index(op.f('opportunity_owner_id_id_idx'), 'opportunity', ['owner_id', 'id'], unique=False)
    op.create_index(op.f('opportunity_stage_id_idx'), 'opportunity', ['stage_id'], unique=False)
    op.create_index(op.f('opportunity_type_id_idx'), 'opportunity', ['type_id'], unique=False)
    op.create_table('role_assignment',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='Who has the role.'),
    sa.Column('role_id', sa.Uuid(), nullable=False, comment='The role.'),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('role_assignment_created_at_check')),
    sa.CheckConstraint("deleted_at >= '0001-01-01Z' AND deleted_at < '10000-01-01Z'", name=op.f('role_assignment_deleted_at_check')),
    sa.CheckConstraint("updated_at >= '0001-01-01Z' AND updated_at < '10000-01-01Z'", name=op.f('role_assignment_updated_at_check')),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('role_assignment_role_id_fkey'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('role_assignment_user_id_fkey'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('role_assignment_pkey')),
    comment='A user in a role.'
    )
    op.create_index(op.f('role_assignment_role_id_idx'), 'role_assignment', ['role_id'], unique=False)
    op.create_index('role_assignment_unique', 'role_assignment', ['user_id', 'role_id'], unique=True, postgresql_where=sa.text('deleted_at IS NULL'))
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the session, and the family of its tokens.'),
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='Who signed in.'),
    sa.Column('generation', sa.Integer(), nullable=False, comment='The number of the refresh token that is good now.'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, comment='When it began.'),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False, comment='When it ends, if it is not refreshed.'),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True, comment='When it was ended early.'),
    sa.CheckConstraint("created_at >= '0001-01-01Z' AND created_at < '10000-01-01Z'", name=op.f('session_created_at_check')),
    sa.CheckConstraint("expires_at >= '0001-01-01Z' AND expires_at < '10000-01-01Z'", name=op.f('session_expires_at_check')),
    sa.CheckConstraint("revoked_at >= '0001-01-01Z' AND revoked_at < '10000-01-01Z'", name=op.f('session_revoked_at_check')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('session_user_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('session_pkey')),
    comment='A signed-in device. Its refresh tokens are numbered: an old number ends the session.'
    )
    op.create_index(op.f('session_user_id_idx'), 'session', ['user_id'], unique=False)
    op.create_table('opportunity_share',
    sa.Column('opportunity_id', sa.Uuid(), nullable=False, comment='The opportunity.'),
    sa.Column('employee_id', sa.Uuid(), nullable=False, comment='Who sees it.'),
    sa.ForeignKeyConstraint(['employee_id'], ['employee.id'], name=op.f('opportunity_share_employee_id_fkey')),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('opportunity_share_opportunity_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('opportunity_id', 'employee_id', name=op.f('opportunity_share_pkey')),
    comment='One opportunity that an employee sees besides his own.'
    )
    op.create_index(op.f('opportunity_share_employee_id_idx'), 'opportunity_share', ['employee_id'], unique=False)
    op.execute("INSERT INTO log_head DEFAULT VALUES")
