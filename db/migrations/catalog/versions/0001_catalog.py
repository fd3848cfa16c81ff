"""The catalog of tenants, the functions every tenant shares, and the roles of the application.

Revision: 0001, the first.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['relata_ddl', 'relata_tenant'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relata_app') THEN
        CREATE ROLE relata_app LOGIN NOINHERIT;
    END IF;
    EXECUTE format('GRANT relata_ddl TO %I', current_user);
    EXECUTE format('GRANT CREATE ON DATABASE %I TO relata_ddl', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO relata_app', current_database());
END
$$;
ALTER ROLE relata_app SET search_path = '';
REVOKE ALL ON SCHEMA public FROM PUBLIC;
"""

CATALOG = """
CREATE TABLE catalog.tenant (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,62}$'),
    name text NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'closed')),
    demo boolean NOT NULL DEFAULT false,
    schema_name text NOT NULL UNIQUE CHECK (schema_name ~ '^t_[a-z2-7]+$'),
    role_name text NOT NULL UNIQUE CHECK (role_name ~ '^t_[a-z2-7]+$'),
    placement bigint NOT NULL DEFAULT 1,
    revision text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE catalog.tenant IS 'Every tenant, and where it lives.';
COMMENT ON COLUMN catalog.tenant.id IS 'Never changes and is never used again.';
COMMENT ON COLUMN catalog.tenant.slug IS 'What people type when they sign in; may be renamed.';
COMMENT ON COLUMN catalog.tenant.name IS 'What the tenant is called.';
COMMENT ON COLUMN catalog.tenant.state IS 'Suspended tenants are read only, closed ones refused.';
COMMENT ON COLUMN catalog.tenant.demo IS 'Whether the public demonstration passwords may be used.';
COMMENT ON COLUMN catalog.tenant.schema_name IS 'The schema its tables are in.';
COMMENT ON COLUMN catalog.tenant.role_name IS 'The role that may use them.';
COMMENT ON COLUMN catalog.tenant.placement IS 'Grows with every move.';
COMMENT ON COLUMN catalog.tenant.revision IS 'The revision its schema is at.';
COMMENT ON COLUMN catalog.tenant.created_at IS 'When it signed up.';
"""

FIND = """
CREATE FUNCTION platform.tenant(wanted_slug text, wanted_id uuid)
RETURNS TABLE (id uuid, slug text, name text, state text, demo boolean, schema_name text,
               role_name text, placement bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT t.id, t.slug, t.name, t.state, t.demo, t.schema_name, t.role_name, t.placement
    FROM catalog.tenant t
    WHERE t.slug = wanted_slug OR t.id = wanted_id
$$;
COMMENT ON FUNCTION platform.tenant IS 'Where a tenant lives, by its slug or its id.';
REVOKE ALL ON FUNCTION platform.tenant FROM PUBLIC;
"""

TEXT = r"""
CREATE FUNCTION platform.fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(platform.unaccent('platform.unaccent'::regdictionary, value))
$$;
COMMENT ON FUNCTION platform.fold IS 'A text without case and accents: how text is sorted and searched.';

CREATE FUNCTION platform.pattern(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(replace(platform.fold(value), '\', '\\'), '%', '\%'), '_', '\_')
$$;
COMMENT ON FUNCTION platform.pattern IS 'A text as a part of a LIKE pattern; folded first, because folding can make a percent sign.';

CREATE FUNCTION platform.number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN (value #>> '{}')::numeric END
$$;
COMMENT ON FUNCTION platform.number IS 'A jsonb number; NULL for anything else, where a cast would raise.';

CREATE FUNCTION platform.minor(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF',
                          'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 0
        WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN currency IN ('CLF', 'UYW') THEN 4
        ELSE 2 END
$$;
COMMENT ON FUNCTION platform.minor IS 'How many digits a currency has after the point, as ISO 4217.';
"""

ENTER = """
CREATE FUNCTION platform.enter(wanted_placement bigint, wanted_access bigint, wanted_session uuid)
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
COMMENT ON FUNCTION platform.enter IS
    'Begins every transaction of a tenant, with the rights of its role: refuses one that is fenced, moved, ended or under old rights.';
"""

GRANTS = """
GRANT USAGE ON SCHEMA platform TO relata_tenant, relata_ddl, relata_app;
REVOKE ALL ON FUNCTION platform.enter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.enter TO relata_tenant;
GRANT EXECUTE ON FUNCTION platform.tenant TO relata_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(ROLES)
    op.execute("CREATE SCHEMA platform")
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA platform")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA platform")
    for text in (CATALOG, FIND, TEXT, ENTER, GRANTS):
        op.execute(text)
