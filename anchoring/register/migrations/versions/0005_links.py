"""Which records link to which, found by what is linked to: so one learns what a seal sealed."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_PAGE = 10_000  # records looked through at a time: some megabytes


def upgrade() -> None:
    """Create the table and fill it from the records that are there."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    link = op.create_table(
        "link",
        sa.Column("target", sa.LargeBinary(), primary_key=True),
        sa.Column("record", number, primary_key=True, autoincrement=False),
        sa.Column("rel", sa.String(), primary_key=True),
    )
    record = sa.table("record", sa.column("position", number), sa.column("body", sa.LargeBinary()))
    page = sa.select(record.c.position, record.c.body).order_by(record.c.position).limit(_PAGE)
    connection, after = op.get_bind(), -1
    while rows := connection.execute(page.where(record.c.position > after)).all():
        after = rows[-1][0]
        if links := [row for position, body in rows for row in _links(position, body)]:
            connection.execute(link.insert(), links)


def _links(position: int, body: bytes) -> Iterator[dict[str, Any]]:
    if b'"links":[' not in body:  # spares reading almost every record: canonical JSON has this one spelling
        return
    links = json.loads(body).get("links", [])
    for rel, target in dict.fromkeys((link["rel"], link["record"]) for link in links):
        yield {"target": bytes.fromhex(target.partition(":")[2]), "record": position, "rel": rel}
