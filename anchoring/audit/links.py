"""Audit of the links: derived anew from the records, and compared both ways."""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from sqlalchemy import select

from anchoring.audit.books import Books, walk_rows
from anchoring.audit.findings import Findings
from anchoring.register.tables import LINK, RECORD
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.records import decode_record

_BODIES: Final = select(RECORD.c.position, RECORD.c.body).order_by(RECORD.c.position)
_LINKS: Final = select(LINK).order_by(LINK.c.record)
_LINKED: Final = b'"links":['  # in canonical JSON the one spelling: spares decoding almost every record

#: What is linked to, by its leaf hash, and how.
_Links = frozenset[tuple[bytes, str]]
#: A position, who says so, and what is linked from there; None where a record cannot be read.
_Side = tuple[int, str, _Links | None]
_RECORD, _STORED = "record", "stored"
_POSITION: Final = itemgetter(0)


def audit_links(books: Books, findings: Findings) -> None:
    """Walk through records and stored links side by side, in the order of positions.

    Of a record that cannot be read nothing is said here: that it cannot is a finding of its own.
    """
    both = merge(_derived(books), _stored(books), key=_POSITION)
    for position, sides in groupby(both, key=_POSITION):
        links = {side: of for _, side, of in sides}
        derived = links.get(_RECORD, frozenset())
        if derived is not None:
            _compare(position, derived, links.get(_STORED) or frozenset(), findings)


def _derived(books: Books) -> Iterator[_Side]:
    for row in walk_rows(books, _BODIES):
        try:
            links = decode_record(decode(row["body"])).links if _LINKED in row["body"] else ()
        except MalformedInput:
            yield row["position"], _RECORD, None
        else:
            yield row["position"], _RECORD, frozenset((link.record, link.rel) for link in links)


def _stored(books: Books) -> Iterator[_Side]:
    for position, rows in groupby(walk_rows(books, _LINKS), key=lambda row: row["record"]):
        yield position, _STORED, frozenset((row["target"], row["rel"]) for row in rows)


def _compare(position: int, derived: _Links, stored: _Links, findings: Findings) -> None:
    """Report what was altered, and beyond that what is lost or was added."""
    findings.checked["links"] += len(derived)
    lost, added = sorted(derived - stored), sorted(stored - derived)
    altered = min(len(lost), len(added))
    where = f"position {position}"
    for link, other in zip(lost[:altered], added[:altered], strict=True):
        findings.add("link-altered", where, f"the record says {_told(link)}, the stored link {_told(other)}")
    for link in lost[altered:]:
        findings.add("link-missing", where, f"the record says {_told(link)}, and no link is stored")
    for link in added[altered:]:
        findings.add("link-stray", where, f"a link is stored that no record there says: {_told(link)}")


def _told(link: tuple[bytes, str]) -> str:
    target, rel = link
    return f"{rel} {target.hex()}"
