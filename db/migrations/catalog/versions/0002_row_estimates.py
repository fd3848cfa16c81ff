"""How large a table is about, so that the form of a row scope can follow it; and the digits of a currency, sooner.

Revision: 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROWS = """
CREATE FUNCTION platform.rows(name text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(name)
$$;
COMMENT ON FUNCTION platform.rows IS
    'About how many rows a table on the path has, as of its last ANALYZE; 0 where there was none yet.';
"""

# Not STRICT: Postgres writes a strict function's body into a statement only where that is strict itself,
# which CASE is not, and would call it for each row.
MINOR = """
CREATE OR REPLACE FUNCTION platform.minor(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN currency NOT IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF',
                              'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF', 'BHD', 'IQD', 'JOD',
                              'KWD', 'LYD', 'OMR', 'TND', 'CLF', 'UYW') THEN 2
        WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN currency IN ('CLF', 'UYW') THEN 4
        ELSE 0 END
$$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(ROWS)
    op.execute(MINOR)
