"""The digits of a telephone number, by which it is searched however it is written.

Revision: 0003, after 0002.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DIGITS = r"""
CREATE FUNCTION platform.digits(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(replace(value, '(0)', ''), '[^0-9]', '', 'g')
$$;
COMMENT ON FUNCTION platform.digits IS
    'The digits of a telephone number, without a zero in parentheses, which is dialled at home only.';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(DIGITS)
