"""What a register that came from a backup has not got back yet."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table; nothing is missing in a register that was never restored."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "missing",
        sa.Column("first", number, primary_key=True, autoincrement=False),
        sa.Column("count", number, nullable=False),
        sa.Column("batch", number, sa.ForeignKey("batch.sequence"), nullable=False),
        sa.Column("root", sa.LargeBinary()),
        sa.Column("issuer", sa.String()),
    )
    op.create_index("ix_missing_batch", "missing", ["batch"])
    op.create_index("ix_missing_issuer", "missing", ["issuer"])
