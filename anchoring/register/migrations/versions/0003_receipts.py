"""What a submission was promised: the deadline at acceptance, the signed receipt once it was signed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both columns; submissions from before were promised nothing."""
    op.add_column("submission", sa.Column("deadline", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.add_column("submission", sa.Column("receipt", sa.LargeBinary()))
