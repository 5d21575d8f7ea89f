"""Runs revisions on the connection and in the transaction that `ledger.migrating` hands in."""

from alembic import context

from ledger.indexes import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot alter most of a table: Alembic makes it anew and copies the rows.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
