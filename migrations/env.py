"""Alembic's entry: runs the migrations on the connection that `migrations.schema` hands over."""

from alembic import context

from floodline.storage.tables import Table

config = context.config


def run() -> None:
    connection = config.attributes.get("connection")
    context.configure(
        connection=connection,
        dialect_name=None if connection is not None else config.get_main_option("dialect"),
        target_metadata=Table.metadata,
        render_as_batch=connection is not None and connection.dialect.name == "sqlite",
        literal_binds=connection is None,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
