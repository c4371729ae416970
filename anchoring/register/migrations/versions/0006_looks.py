"""The log of looks: which token was shown what of whose certificate, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table; of earlier looks nothing is known."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "look",
        sa.Column("token", sa.String(), sa.ForeignKey("token.id"), primary_key=True),
        sa.Column("ordinal", number, primary_key=True, autoincrement=False),
        sa.Column("at", number, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
    )
    op.create_index("ix_look_at", "look", ["at"])
