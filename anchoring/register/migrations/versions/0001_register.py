"""The tables with which registers began."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "log",
        _text("name", primary_key=True),
        _text("registry_name"),
        _small("suite"),
        _number("start"),
        _number("size"),
        _number("opened"),
    )
    op.create_table(
        "batch",
        _number("sequence", primary_key=True),
        _bytes("payload"),
        _number("frozen"),
        _text("state"),
    )
    op.create_table(
        "submission",
        _number("first", primary_key=True),
        _bytes("root", unique=True),
        _bytes("entry"),
        _text("issuer", index=True),
        _number("count"),
        _number("changes"),
        _number("accepted"),
        _text("warnings"),
        _number("batch", sa.ForeignKey("batch.sequence"), index=True, nullable=True),
    )
    op.create_table(
        "record",
        _number("position", primary_key=True),
        _bytes("leaf", unique=True),
        _number("lineage", index=True),
        _bytes("body"),
    )
    op.create_table(
        "disclosure",
        _number("position", primary_key=True),
        _bytes("content"),
    )
    op.create_table(
        "lineage",
        _number("first", primary_key=True),
        _text("name", unique=True),
        _text("kind"),
        _text("issuer"),
        _text("identifier"),
        _bytes("tip"),
        _bytes("current"),
        _number("position"),
        _small("status"),
    )
    op.create_table(
        "status_change",
        _number("record", primary_key=True),
        _number("position", index=True),
        _small("status"),
    )
    op.create_table(
        "signed_transaction",
        _bytes("hash", primary_key=True),
        _number("sequence", sa.ForeignKey("batch.sequence"), index=True),
        _number("nonce"),
        _number("gas_price"),
        _bytes("raw"),
        _number("signed"),
        _number("sent", nullable=True),
    )
    op.create_table(
        "token",
        _text("id", primary_key=True),
        _bytes("digest", unique=True),
        _text("label"),
        _text("scopes"),
        _number("created"),
        _number("expires", nullable=True),
        _number("revoked", nullable=True),
    )


def _number(name: str, *more: Any, nullable: bool = False, **options: Any) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, *more, autoincrement=False, nullable=nullable, **options)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, **options)


def _bytes(name: str, **options: Any) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False, **options)
