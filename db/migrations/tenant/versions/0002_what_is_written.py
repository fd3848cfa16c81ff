"""What a write leaves behind: history, the change log, keys of requests; rights become records; accounts get addresses.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

KINDS = "kind IN ('CREATED', 'UPDATED', 'DELETED', 'RESTORED')"
SCOPES = sa.Enum('OWN', 'BELOW', 'ALL', name='writescope', native_enum=False, length=None)
CHANGE_KIND = sa.Enum('CREATED', 'UPDATED', 'DELETED', 'RESTORED', name='changekind', native_enum=False, length=None)

RECORDS = {
    'role_profile': ('role_id', 'profile_id'),
    'profile_entity': ('profile_id', 'entity'),
    'profile_field': ('profile_id', 'entity', 'field'),
    'share_rule': ('role_id', 'type_id'),
    'opportunity_share': ('opportunity_id', 'employee_id'),
}
"""Bookkeeping that becomes records, each with what was its key."""

# The tenant's role may add to what was noted, never change it. (In a scratch schema there is no such role.)
KEEP = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema()) THEN
        EXECUTE format('REVOKE UPDATE, DELETE ON history, change_log FROM %I', current_schema());
    END IF;
END
$$
"""


# What begins and ends transactions stands in each tenant's schema, not once for all: what Postgres remembers
# of a function's statements is good for one search path, and was made anew whenever a connection changed tenants.
ENTER = """
CREATE FUNCTION enter(wanted_placement bigint, wanted_access bigint, wanted_session uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE head record;
BEGIN
    SELECT fenced, placement, access INTO head FROM log_head;
    IF head.fenced THEN
        RAISE 'fenced' USING ERRCODE = 'RL001';
    ELSIF head.placement IS DISTINCT FROM wanted_placement THEN
        RAISE 'moved' USING ERRCODE = 'RL002';
    ELSIF wanted_session IS NOT NULL AND NOT EXISTS (
        SELECT FROM session s JOIN "user" u ON u.id = s.user_id
        WHERE s.id = wanted_session AND s.revoked_at IS NULL AND s.expires_at > now()
          AND u.active AND u.deleted_at IS NULL
    ) THEN
        RAISE 'revoked' USING ERRCODE = 'RL004';
    ELSIF wanted_access <> 0 AND head.access <> wanted_access THEN
        RAISE 'stale' USING ERRCODE = 'RL003';
    END IF;
END
$$;
COMMENT ON FUNCTION enter IS
    'Begins every transaction of a tenant, with the rights of its role: refuses one that is fenced, moved, ended or under old rights.';
"""

# The history and the key are written as soon as all is done, so that the answer can tell of them, and so
# that nobody waits for it: only the log is written under the lock.
NOTE = """
CREATE FUNCTION note(told jsonb, log text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO history SELECT * FROM jsonb_populate_recordset(NULL::history, told -> 'history');
    IF told ? 'key' THEN
        INSERT INTO idempotency_key
            SELECT * FROM jsonb_populate_record(NULL::idempotency_key, told -> 'key')
            ON CONFLICT (user_id, key) DO UPDATE
                SET digest = excluded.digest, outcome = excluded.outcome, at = excluded.at;
        DELETE FROM idempotency_key WHERE ctid IN (
            SELECT ctid FROM idempotency_key WHERE at < now() - interval '24 hours'
            ORDER BY at LIMIT 20 FOR UPDATE SKIP LOCKED
        );
    END IF;
    PERFORM set_config('relata.log', log, true);
END
$$;
COMMENT ON FUNCTION note IS
    'Notes what was written: its history and the key of the request now, its place in the log as the transaction ends.';
"""

# The advisory lock stands before the row's, because many who wait for one row are woken in turns, each
# to find it changed once more.
APPEND = """
CREATE FUNCTION append() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    told jsonb := current_setting('relata.log')::jsonb;
    bump bigint := (told ->> 'bump')::bigint;
    place bigint;
    version bigint;
BEGIN
    PERFORM pg_advisory_xact_lock('log_head'::regclass::oid::integer, 1);
    UPDATE log_head SET position = position + 1, access = access + bump
        RETURNING position, access - bump INTO place, version;
    IF version IS DISTINCT FROM (told ->> 'access')::bigint THEN
        RAISE 'stale' USING ERRCODE = 'RL003';
    ELSIF NOT EXISTS (
        SELECT FROM session s WHERE s.id = (told ->> 'session')::uuid AND s.revoked_at IS NULL
    ) THEN
        RAISE 'revoked' USING ERRCODE = 'RL004';
    END IF;
    INSERT INTO change_log
        SELECT place, number, kind, entity, record_id, changed, before, after, access, user_id,
               request_id, at
        FROM jsonb_populate_recordset(NULL::change_log, told -> 'log');
    RETURN place;
END
$$;
COMMENT ON FUNCTION append IS
    'Ends every write of a tenant, with the rights of its role: refuses one that was begun under old rights (D-58, D-60).';
"""


def _moment(table: str, column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} >= '0001-01-01Z' AND {column} < '10000-01-01Z'", name=op.f(f'{table}_{column}_check'))


def _stamps() -> list[sa.Column]:
    return [
        sa.Column('version', sa.Integer(), server_default='1', nullable=False, comment='Grows by one with every change; send it back to notice that somebody else was quicker.'),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was created.'),
        sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When the record was last changed.'),
        sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True, comment='When the record was put into the bin.'),
    ]


def _make_record(table: str) -> None:
    """Give a table of bookkeeping what every record has."""
    op.execute(f'ALTER TABLE {table} DROP CONSTRAINT {table}_pkey')
    op.add_column(table, sa.Column('id', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='Identifies the record.'))
    op.alter_column(table, 'id', server_default=None)
    op.create_primary_key(op.f(f'{table}_pkey'), table, ['id'])
    for column in _stamps():
        op.add_column(table, column)
    for column in ('created_at', 'updated_at', 'deleted_at'):
        op.create_check_constraint(op.f(f'{table}_{column}_check'), table, f"{column} >= '0001-01-01Z' AND {column} < '10000-01-01Z'")


def _unique(table: str, *columns: str, name: str = '') -> None:
    op.create_index(name or f'{table}_unique', table, list(columns), unique=True, postgresql_where=sa.text('deleted_at IS NULL'))


def _foreign(table: str, column: str, target: str) -> None:
    """The same foreign key, now refusing by name what it refused by default."""
    op.drop_constraint(op.f(f'{table}_{column}_fkey'), table, type_='foreignkey')
    op.create_foreign_key(op.f(f'{table}_{column}_fkey'), table, target, [column], ['id'], ondelete='RESTRICT')


# Bookkeeping of a few rows each becomes records. Nothing that was released knows these tables, and no
# version serves both forms, so they are changed in one step, under locks that end at once.
IGNORED = """-- squawk-ignore-file
SELECT 1"""


def upgrade() -> None:
    op.execute(IGNORED)
    _traces()
    for function in (ENTER, NOTE, APPEND):
        op.execute(function)
    _addresses()
    _rights()
    for table in ('account', 'opportunity'):
        op.add_column(table, sa.Column('external_id', sa.Text(), nullable=True, comment='What another system knows it by; no two have the same.'))
        _unique(table, 'external_id', name=f'{table}_external_id_unique')
    op.add_column('credential', sa.Column('reset', sa.Uuid(), nullable=True, comment='The number of the reset token that is good now.'))
    op.add_column('credential', sa.Column('reset_until', sa.DateTime(timezone=True), nullable=True, comment='Until when that token is good.'))
    op.create_check_constraint(op.f('credential_reset_until_check'), 'credential', "reset_until >= '0001-01-01Z' AND reset_until < '10000-01-01Z'")
    op.execute("COMMENT ON COLUMN credential.password IS 'The password''s argon2id hash; empty before one was chosen.'")
    op.execute("COMMENT ON COLUMN session.id IS 'Identifies the record.'")
    _foreign('session', 'user_id', 'user')


def _traces() -> None:
    op.create_table('change_log',
    sa.Column('position', sa.BigInteger(), nullable=False, comment="The transaction's place, without gaps."),
    sa.Column('number', sa.Integer(), nullable=False, comment='The place within the transaction.'),
    sa.Column('kind', CHANGE_KIND, nullable=False, comment='What was done.'),
    sa.Column('entity', sa.Text(), nullable=False, comment="The entity's name."),
    sa.Column('record_id', sa.Uuid(), nullable=False, comment='The record.'),
    sa.Column('changed', postgresql.ARRAY(sa.Text()), nullable=False, comment='The columns that changed.'),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment='The row before.'),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='The row from then on.'),
    sa.Column('access', sa.Boolean(), nullable=False, comment='Whether it changed who may what.'),
    sa.Column('user_id', sa.Uuid(), nullable=True, comment='Who did it.'),
    sa.Column('request_id', sa.Uuid(), nullable=False, comment='What was written together has one.'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='When it was done.'),
    _moment('change_log', 'at'),
    sa.CheckConstraint(KINDS, name=op.f('change_log_kind_check')),
    sa.PrimaryKeyConstraint('position', 'number', name=op.f('change_log_pkey')),
    comment='What was written, in the order of the commits, with images: for listeners, and short-lived (D-60).'
    )
    op.create_table('history',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('record_id', sa.Uuid(), nullable=False, comment='The record.'),
    sa.Column('key', sa.Text(), nullable=False, comment='The entity and the field, such as `Account.name`: what a right is asked for by.'),
    sa.Column('kind', CHANGE_KIND, nullable=False, comment='What was done.'),
    sa.Column('entity', sa.Text(), nullable=False, comment='The entity of the record.'),
    sa.Column('field', sa.Text(), nullable=True, comment='The field that was changed; empty where the whole record was.'),
    sa.Column('before', sa.Text(), nullable=True, comment='What it was before.'),
    sa.Column('after', sa.Text(), nullable=True, comment='What it became.'),
    sa.Column('record_version', sa.Integer(), nullable=False, comment="The record's version from then on."),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='When it was done.'),
    sa.Column('user_id', sa.Uuid(), nullable=True, comment='Who did it.'),
    _moment('history', 'at'),
    sa.CheckConstraint(KINDS, name=op.f('history_kind_check')),
    sa.PrimaryKeyConstraint('id', name=op.f('history_pkey')),
    comment='What was done to one record, or to one field of it. Kept for good; erased by value only (D-44).'
    )
    op.create_index('history_record_idx', 'history', ['record_id', 'id'], unique=False)
    op.create_table('idempotency_key',
    sa.Column('user_id', sa.Uuid(), nullable=False, comment='Whose key it is.'),
    sa.Column('key', sa.Text(), nullable=False, comment='The key.'),
    sa.Column('digest', sa.LargeBinary(), nullable=False, comment='The digest of the request.'),
    sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='What came of it: ids and faults, no values.'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='When it was done.'),
    _moment('idempotency_key', 'at'),
    sa.PrimaryKeyConstraint('user_id', 'key', name=op.f('idempotency_key_pkey')),
    comment='A key that a caller gave a request, and what came of it: the same request is not done twice (D-37).'
    )
    op.create_index(op.f('idempotency_key_at_idx'), 'idempotency_key', ['at'], unique=False)
    op.execute(KEEP)


def _addresses() -> None:
    op.create_table('address',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('account_id', sa.Uuid(), nullable=False, comment='The account whose place it is.'),
    sa.Column('street', sa.Text(), nullable=True, comment='The street.'),
    sa.Column('house_number', sa.Text(), nullable=True, comment='The number in the street, with what follows it.'),
    sa.Column('postcode', sa.Text(), nullable=True, comment='The postcode.'),
    sa.Column('city', sa.Text(), nullable=True, comment='The town.'),
    sa.Column('country', sa.Text(), nullable=True, comment='The country, as ISO 3166-1.'),
    sa.Column('visiting', sa.Boolean(), server_default='false', nullable=False, comment='Whether one visits there.'),
    sa.Column('postal', sa.Boolean(), server_default='false', nullable=False, comment='Whether post goes there.'),
    sa.Column('invoicing', sa.Boolean(), server_default='false', nullable=False, comment='Whether invoices go there.'),
    sa.Column('head_office', sa.Boolean(), server_default='false', nullable=False, comment="Whether it is the account's head office; exactly one is."),
    *_stamps(),
    *(_moment('address', column) for column in ('created_at', 'updated_at', 'deleted_at')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('address_account_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('address_pkey')),
    comment='A place of an account: where it is visited, gets its post, or pays its bills.'
    )
    op.create_index(op.f('address_account_id_idx'), 'address', ['account_id'], unique=False)
    op.create_index('address_head_office_unique', 'address', ['account_id'], unique=True, postgresql_where=sa.text('head_office AND deleted_at IS NULL'))


def _rights() -> None:
    for table, columns in RECORDS.items():
        _make_record(table)
        _unique(table, *columns)
    _foreign('opportunity_share', 'employee_id', 'employee')
    _foreign('profile_entity', 'profile_id', 'profile')
    _foreign('profile_field', 'profile_id', 'profile')
    _foreign('role_profile', 'role_id', 'role')
    _foreign('role_profile', 'profile_id', 'profile')
    _foreign('share_rule', 'role_id', 'role')
    _foreign('share_rule', 'type_id', 'opportunity_type')
    op.create_index(op.f('role_profile_profile_id_idx'), 'role_profile', ['profile_id'], unique=False)
    op.create_index(op.f('share_rule_type_id_idx'), 'share_rule', ['type_id'], unique=False)
    op.add_column('profile_entity', sa.Column('creates', sa.Boolean(), server_default='false', nullable=False, comment='Whether records may be created.'))
    op.add_column('profile_entity', sa.Column('edits', SCOPES, nullable=True, comment='Which of the visible rows may be changed; none if empty.'))
    op.add_column('profile_entity', sa.Column('deletes', SCOPES, nullable=True, comment='Which of the visible rows may be deleted and restored; none if empty.'))
    for column in ('edits', 'deletes'):
        op.create_check_constraint(op.f(f'profile_entity_{column}_check'), 'profile_entity', f"{column} IN ('OWN', 'BELOW', 'ALL')")
    op.add_column('profile_field', sa.Column('writes', sa.Boolean(), server_default='false', nullable=False, comment='Whether it may be written, too.'))
    op.execute("COMMENT ON COLUMN profile_entity.rows IS 'Which rows may be seen.'")
    op.execute("COMMENT ON TABLE profile_entity IS 'An entity that a profile opens: how many of its rows, and what may be done with them.'")
    op.execute("COMMENT ON TABLE profile_field IS 'A field, or a custom attribute by its id, that a profile makes readable, and perhaps writable.'")
    _status_rules()


def _status_rules() -> None:
    """A row for each status, where there was one with all of them; one without any stays closed in all."""
    op.rename_table('status_rule', 'status_rule_0001')
    op.execute('ALTER TABLE status_rule_0001 DROP CONSTRAINT status_rule_pkey')
    op.create_table('status_rule',
    sa.Column('id', sa.Uuid(), nullable=False, comment='Identifies the record.'),
    sa.Column('entity', sa.Text(), nullable=False, comment="The entity's name."),
    sa.Column('field', sa.Text(), nullable=False, comment="The field's name."),
    sa.Column('status', sa.Text(), nullable=False, comment='A status in which it is readable.'),
    *_stamps(),
    *(_moment('status_rule', column) for column in ('created_at', 'updated_at', 'deleted_at')),
    sa.PrimaryKeyConstraint('id', name=op.f('status_rule_pkey')),
    comment='A restriction: a field of an entity is readable only while its record is in one of the statuses so named.'
    )
    _unique('status_rule', 'entity', 'field', 'status')
    op.execute("INSERT INTO status_rule (id, entity, field, status) SELECT DISTINCT ON (entity, field, status) gen_random_uuid(), entity, field, status FROM status_rule_0001, unnest(CASE statuses WHEN '{}' THEN '{NEVER}' ELSE statuses END) AS status")
    op.drop_table('status_rule_0001')
