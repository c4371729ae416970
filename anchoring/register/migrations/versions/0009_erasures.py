"""Erasures, and records that came without what they claim."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# What is absent here came so, or was deleted: nobody can tell any more, so nothing vouches for these notes.
_NOTE_ABSENT = """
INSERT INTO undisclosed (first, count)
SELECT facet.submission, count(*) FROM facet LEFT JOIN disclosure ON disclosure.position = facet.position
WHERE facet.action IN ('issue', 'renew', 'amend') AND disclosure.position IS NULL GROUP BY facet.submission
"""


def upgrade() -> None:
    """Create the tables, and note what is absent."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "erasure",
        sa.Column("leaf", sa.LargeBinary(), primary_key=True),
        sa.Column("number", number, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "undisclosed",
        sa.Column("first", number, primary_key=True, autoincrement=False),
        sa.Column("count", number, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
    )
    op.execute(_NOTE_ABSENT)
