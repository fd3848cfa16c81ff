"""Runs a tenant's history: as SQL text for the runner of the fleet, or compared with the declared tables."""

from alembic import context

config = context.config
metadata = config.attributes.get("metadata")

if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # or every percent sign is doubled
        literal_binds=True,
        output_buffer=config.attributes.get("buffer"),
        transactional_ddl=False,
    )
    context.run_migrations()
else:
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
