"""Runs the catalog's history, as SQL text for the runner."""

from alembic import context

context.configure(
    dialect_name="postgresql",
    dialect_opts={"paramstyle": "named"},  # or every percent sign is doubled
    literal_binds=True,
    output_buffer=context.config.attributes["buffer"],
    version_table_schema="catalog",
    transactional_ddl=False,
)
context.run_migrations()
