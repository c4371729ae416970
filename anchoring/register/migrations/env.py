"""Run the revisions for Alembic, on the connection and in the transaction that it is given."""

from alembic import context

from anchoring.register.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
