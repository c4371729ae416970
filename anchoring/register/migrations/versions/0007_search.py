"""By what certificates are found and listed, and the reason of a look.

The rows are made by the rules of the program that runs this. A release that changes those rules makes the rows anew, in a
revision of its own.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from anchoring.register.search.facets import make_facets
from anchoring.register.search.terms import list_terms
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.claims import decode_disclosure
from ledger.records.records import decode_record
from ledger.records.submissions import decode_entry

revision = "0007"
down_revision = "0006"

_PAGE = 10_000  # records looked through at a time: some megabytes
logger = logging.getLogger(__name__)


def upgrade() -> None:
    """Create the tables and fill them from the records that are there."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    facet = op.create_table(
        "facet",
        sa.Column("position", number, primary_key=True, autoincrement=False),
        sa.Column("lineage", number, nullable=False),
        sa.Column("submission", number, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("issued", sa.String()),
        sa.Column("basis", sa.String()),
    )
    term = op.create_table(
        "term",
        sa.Column("term", number, primary_key=True, autoincrement=False),
        sa.Column("position", number, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.add_column("look", sa.Column("reason", sa.String(), nullable=True))
    connection = op.get_bind()
    for page in _read_pages(connection):
        facet_rows = [row for record in page for row in _make_facet_row(record)]
        term_rows = [row for record in page for row in _make_term_rows(record)]
        for table, rows in ((facet, facet_rows), (term, term_rows)):
            if rows:
                connection.execute(table.insert(), rows)
        logger.info("made searchable: records up to position %d", page[-1]["position"])


def _read_pages(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """Yield the records in the order of positions, each with what it discloses and its submission."""
    names = ("record", "disclosure", "submission")
    metadata = sa.MetaData()
    record, disclosure, submission = (sa.Table(name, metadata, autoload_with=connection) for name in names)
    query = (
        sa.select(record.c.position, record.c.lineage, record.c.body, disclosure.c.content)
        .select_from(record.outerjoin(disclosure, record.c.position == disclosure.c.position))
        .order_by(record.c.position)
        .limit(_PAGE)
    )
    entries = sa.select(submission.c.first, submission.c.entry).order_by(submission.c.first)
    entry_rows = connection.execute(entries.execution_options(yield_per=_PAGE))
    origin: dict[str, Any] = {"submission": 0, "key": b""}
    following, after = next(entry_rows, None), -1
    while rows := connection.execute(query.where(record.c.position > after)).mappings().all():
        after = rows[-1]["position"]
        page = []
        for row in rows:
            while following and following[0] <= row["position"]:
                origin, following = _read_origin(following), next(entry_rows, None)
            page.append(dict(row) | origin)
        yield page


def _read_origin(entry_row: Sequence[Any]) -> dict[str, Any]:
    """Return the first position and the signing key of a submission."""
    first, entry = entry_row
    try:
        return {"submission": first, "key": decode_entry(decode(entry)).statement.key_id}
    except MalformedInput:  # altered by others; an audit says so
        return {"submission": first, "key": b""}


def _make_facet_row(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        facets = make_facets(decode_record(decode(row["body"])))
    except MalformedInput:
        return
    yield {name: row[name] for name in ("position", "lineage", "submission", "key")} | facets._asdict()


def _make_term_rows(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if row["content"] is None:
        return
    try:
        values = decode_disclosure(decode(row["content"])).values
    except MalformedInput:
        return
    for term in list_terms(values):
        yield {"term": term, "position": row["position"]}
