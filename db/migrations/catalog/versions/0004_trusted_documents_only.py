"""Whether a tenant accepts trusted documents only.

Revision: 0004, after 0003.

Processes of the release before ignore the new column of the function, and so accept any document.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMN = """
ALTER TABLE catalog.tenant ADD COLUMN trusted_documents_only boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN catalog.tenant.trusted_documents_only IS
    'Whether requests are accepted only by the identifier of a trusted document, never as text.';
"""

# CREATE OR REPLACE cannot add a column to a function's result.
FIND = """
DROP FUNCTION platform.tenant(text, uuid);
CREATE FUNCTION platform.tenant(wanted_slug text, wanted_id uuid)
RETURNS TABLE (id uuid, slug text, name text, state text, demo boolean, schema_name text,
               role_name text, placement bigint, trusted_documents_only boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT t.id, t.slug, t.name, t.state, t.demo, t.schema_name, t.role_name, t.placement,
           t.trusted_documents_only
    FROM catalog.tenant t
    WHERE t.slug = wanted_slug OR t.id = wanted_id
$$;
COMMENT ON FUNCTION platform.tenant IS 'Where a tenant is, by its slug or its id.';
REVOKE ALL ON FUNCTION platform.tenant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.tenant TO relata_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(COLUMN)
    op.execute(FIND)
