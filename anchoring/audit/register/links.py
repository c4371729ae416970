"""Audit of the links: derived anew from the records, and compared both ways."""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import func, select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books, walk_rows
from anchoring.register.tables import LINK, RECORD
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.records import decode_record

_LINKS_MARKER: Final = b'"links":['  # in canonical JSON the one spelling: spares reading almost every record
_BODIES: Final = select(RECORD.c.position, RECORD.c.body).order_by(RECORD.c.position)
#: How each database finds the marker in bytes.
_HAS_LINKS: Final = {
    "sqlite": func.instr(RECORD.c.body, _LINKS_MARKER) > 0,
    "postgresql": RECORD.c.body.bool_op("LIKE")(b"%" + _LINKS_MARKER + b"%"),
}
_LINKS: Final = select(LINK).order_by(LINK.c.record)

#: What is linked to, by its leaf hash, and how.
_Links = frozenset[tuple[bytes, str]]
#: A position, who says so, and what is linked from there; None where a record cannot be read.
_Side = tuple[int, str, _Links | None]
_RECORD_SIDE, _STORED_SIDE = "record", "stored"
_POSITION: Final = itemgetter(0)


def audit_links(books: Books, findings: Findings) -> None:
    """Walk through records and stored links side by side, in the order of positions.

    Of a record that cannot be read nothing is said here: that it cannot is a finding of its own.
    """
    findings.checked_counts["links"] += 0  # none is a count too
    merged_sides = merge(_derive_links(books), _read_stored_links(books), key=_POSITION)
    for position, sides in groupby(merged_sides, key=_POSITION):
        links_by_side = {side: side_links for _, side, side_links in sides}
        derived_links = links_by_side.get(_RECORD_SIDE, frozenset())
        if derived_links is not None:
            _compare(position, derived_links, links_by_side.get(_STORED_SIDE) or frozenset(), findings)


def _derive_links(books: Books) -> Iterator[_Side]:
    has_links = _HAS_LINKS[books.connection.dialect.name]
    for row in walk_rows(books, _BODIES.where(has_links)):
        try:
            links = decode_record(decode(row["body"])).links
        except MalformedInput:
            yield row["position"], _RECORD_SIDE, None
        else:
            yield row["position"], _RECORD_SIDE, frozenset((link.record, link.rel) for link in links)


def _read_stored_links(books: Books) -> Iterator[_Side]:
    for position, rows in groupby(walk_rows(books, _LINKS), key=lambda row: row["record"]):
        yield position, _STORED_SIDE, frozenset((row["target"], row["rel"]) for row in rows)


def _compare(position: int, derived_links: _Links, stored_links: _Links, findings: Findings) -> None:
    """Report what was altered, and beyond that what is lost or was added."""
    findings.checked_counts["links"] += len(derived_links)
    lost_links, added_links = sorted(derived_links - stored_links), sorted(stored_links - derived_links)
    altered_count = min(len(lost_links), len(added_links))
    place = f"position {position}"
    for lost_link, added_link in zip(lost_links[:altered_count], added_links[:altered_count], strict=True):
        findings.add(
            "link-altered",
            place,
            f"the record says {_describe_link(lost_link)}, the stored link {_describe_link(added_link)}",
        )
    for lost_link in lost_links[altered_count:]:
        findings.add(
            "link-missing", place, f"the record says {_describe_link(lost_link)}, and no link is stored"
        )
    for added_link in added_links[altered_count:]:
        findings.add(
            "link-stray", place, f"a link is stored that no record there says: {_describe_link(added_link)}"
        )


def _describe_link(link: tuple[bytes, str]) -> str:
    target, rel = link
    return f"{rel} {target.hex()}"
