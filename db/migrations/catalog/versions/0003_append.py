"""The end of every write: the history, the request's key, and one position of the tenant's log.

Revision: 0003, after 0002.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The history and the key are written as soon as all is done, so that the answer can tell of them, and so
# that nobody waits for it: only the log is written under the lock.
NOTE = """
CREATE FUNCTION platform.note(told jsonb) RETURNS void LANGUAGE plpgsql AS $$
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
    PERFORM set_config('relata.log', (told - 'history' - 'key')::text, true);
END
$$;
COMMENT ON FUNCTION platform.note IS
    'Notes what was written: its history and the key of the request now, its place in the log as the transaction ends.';
"""

# The advisory lock stands before the row's, because many who wait for one row are woken in turns, each
# to find it changed once more.
APPEND = """
CREATE FUNCTION platform.append() RETURNS bigint LANGUAGE plpgsql AS $$
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
    END IF;
    INSERT INTO change_log
        SELECT place, number, kind, entity, record_id, changed, before, after, access, user_id,
               request_id, at
        FROM jsonb_populate_recordset(NULL::change_log, told -> 'log');
    RETURN place;
END
$$;
COMMENT ON FUNCTION platform.append IS
    'Ends every write of a tenant, with the rights of its role: refuses one that was begun under old rights (D-58, D-60).';
REVOKE ALL ON FUNCTION platform.append, platform.note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.append, platform.note TO relata_tenant;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(NOTE)
    op.execute(APPEND)
