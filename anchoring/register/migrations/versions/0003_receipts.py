"""The promise of a submission: its deadline at acceptance, and its receipt once signed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both columns; submissions from before were promised nothing."""
    op.add_column("submission", sa.Column("deadline", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.add_column("submission", sa.Column("receipt", sa.LargeBinary()))
