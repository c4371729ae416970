"""Tallies: how many tokens and looks there ever were."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# What is there begins the count; what was deleted before leaves no trace. No such tally is ever signed.
_COUNT_TOKENS = (
    "INSERT INTO tally (name, total, removed) SELECT '', count(*), 0 FROM token HAVING count(*) > 0"
)
_COUNT_LOOKS = """
INSERT INTO tally (name, total, removed)
SELECT token.id, coalesce(max(look.ordinal), 0), coalesce(min(look.ordinal) - 1, 0)
FROM token LEFT JOIN look ON look.token = token.id GROUP BY token.id
"""


def upgrade() -> None:
    """Create the table, and count what is there."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "tally",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("total", number, nullable=False),
        sa.Column("removed", number, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
    )
    op.execute(_COUNT_TOKENS)
    op.execute(_COUNT_LOOKS)
