"""Tables and columns take the names of the contract, as do the object types that history and permissions refer to.

Revision: 0010, after 0009.

Nothing that was released knows these tables, and no version serves both names, so they are renamed in one step, under
locks that end at once. History is rewritten for the renamed types only; entries of the change log, which live for a
day, are dropped, so subscribers resume with a full snapshot.
"""

from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

TABLES = {
    'stage_visit': 'stage_history',
    'business_role': 'opportunity_contact',
    'attribute_use': 'attribute_assignment',
    'profile_entity': 'object_permission',
    'profile_field': 'field_permission',
    'favourite': 'favorite',
    'unit': 'unit_of_measure',
}
COLUMNS = (
    ('person', 'infix', 'name_infix'),
    ('tag', 'colour', 'color'),
    ('opportunity_contact', 'description', 'role'),
)
TYPES = {
    'StageVisit': 'StageHistory',
    'BusinessRole': 'OpportunityContact',
    'AttributeUse': 'AttributeAssignment',
    'ProfileEntity': 'ObjectPermission',
    'ProfileField': 'FieldPermission',
    'Favourite': 'Favorite',
    'Unit': 'UnitOfMeasure',
    'Change': 'HistoryEntry',
}
FIELDS = (
    ('Person', 'infix', 'nameInfix'),
    ('Tag', 'colour', 'color'),
    ('OpportunityContact', 'description', 'role'),
)
REFERRING = ('object_permission', 'field_permission', 'status_rule')
"""Tables whose rows name an object type."""

# Constraints and indexes begin with the name of their table; an index that belongs to a constraint follows it.
NAMES = """
DO $$
DECLARE each record;
BEGIN
    FOR each IN
        SELECT conname AS name FROM pg_constraint WHERE conrelid = '{new}'::regclass AND conname LIKE '{like}%' AND conname NOT LIKE '{new}%'
    LOOP
        EXECUTE format('ALTER TABLE {new} RENAME CONSTRAINT %I TO %I',
                       each.name, '{new}' || substr(each.name, {length} + 1));
    END LOOP;
    FOR each IN
        SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = '{new}'::regclass AND c.relname LIKE '{like}%' AND c.relname NOT LIKE '{new}%'
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', each.name, '{new}' || substr(each.name, {length} + 1));
    END LOOP;
END
$$
"""
IGNORED = """-- squawk-ignore-file
SELECT 1"""


def upgrade() -> None:
    op.execute(IGNORED)
    for old, new in TABLES.items():
        op.execute(f'ALTER TABLE "{old}" RENAME TO {new}')
        like = old.replace('_', r'\_') + r'\_'
        op.execute(NAMES.format(new=new, like=like, length=len(old)))
    for table, old, new in COLUMNS:
        op.execute(f'ALTER TABLE {table} RENAME COLUMN {old} TO {new}')
    op.execute('ALTER FUNCTION note(jsonb, text) RENAME TO write_history')
    op.execute('DELETE FROM change_log')
    _data()


def _data() -> None:
    for old, new in TYPES.items():
        op.execute(
            f"UPDATE history SET entity = '{new}', key = '{new}' || substr(key, {len(old) + 1}) WHERE entity = '{old}'"
        )
        for table in REFERRING:
            op.execute(f"UPDATE {table} SET entity = '{new}' WHERE entity = '{old}'")
    for entity, old, new in FIELDS:
        op.execute(
            f"UPDATE history SET key = '{entity}.{new}', field = '{new}' WHERE key = '{entity}.{old}'"
        )
        for table in REFERRING[1:]:
            op.execute(f"UPDATE {table} SET field = '{new}' WHERE entity = '{entity}' AND field = '{old}'")
