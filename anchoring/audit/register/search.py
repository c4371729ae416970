"""Audit of what certificates are found and listed by, compared with the records both ways.

A search that leaves a certificate out lies by its silence, so every row counts. Terms stand in the order of their values and
records in that of positions: of each side a product is made, under numbers that nobody knows before, and the rows are looked
at one by one only where the products differ.
"""

import secrets
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson
from sqlalchemy import RowMapping, bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books, walk_rows
from anchoring.register.search.terms import list_terms
from anchoring.register.tables import DISCLOSURE, FACET, RECORD, SUBMISSION, TERM
from ledger.encoding.canonical import Json, decode
from ledger.errors import MalformedInput
from ledger.records.claims import decode_disclosure
from ledger.records.submissions import decode_entry

_ENTRIES: Final = select(SUBMISSION.c.first, SUBMISSION.c.entry).order_by(SUBMISSION.c.first)
_RECORDS: Final = (
    select(
        RECORD.c.position,
        RECORD.c.lineage,
        RECORD.c.body,
        DISCLOSURE.c.content,
        *(FACET.c[column.name].label(f"facet_{column.name}") for column in FACET.columns),
    )
    .select_from(
        RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position).outerjoin(
            FACET, RECORD.c.position == FACET.c.position
        )
    )
    .order_by(RECORD.c.position)
)
_STRAY_FACETS: Final = select(FACET.c.position).where(FACET.c.position.not_in(select(RECORD.c.position)))
_TERMS: Final = select(TERM.c.term, TERM.c.position)
_TERMS_BETWEEN: Final = _TERMS.where(TERM.c.position.between(bindparam("first"), bindparam("last")))
_DISCLOSURES_BETWEEN: Final = select(DISCLOSURE).where(
    DISCLOSURE.c.position.between(bindparam("first"), bindparam("last"))
)
_NEXT_POSITIONS: Final = tuple(
    select(func.min(table.c.position)).where(table.c.position >= bindparam("first"))
    for table in (TERM, DISCLOSURE)
)
# What a column of numbers holds: whoever writes behind the node's back may use all of it.
_MIN_NUMBER: Final = -(2**63)
_MAX_NUMBER: Final = 2**63 - 1
# A Mersenne prime: two sets of a million terms that differ have the same product once in 2**107 times (Schwartz, Zippel).
_PRIME: Final = 2**127 - 1
# Positions whose terms are held in memory at once, where the sums differ: some ten megabytes.
_WINDOW_POSITIONS: Final = 50_000
# Between the root of identifiers (OID of GB/T 36904) and their type stand five numbers.
_ROOT_PARTS: Final = 5


class _Facets(NamedTuple):
    """A row of facets, as the records say or as it is stored."""

    lineage: int
    submission: int
    key: bytes
    type: str
    action: str
    issued: str | None
    basis: str | None


@dataclass(slots=True)
class _Product:
    """A count of terms with their positions, and a product over them, in which their order does not tell.

    `offset` and `factor` are random: of each term and position a linear form is made with them.
    """

    offset: int
    factor: int
    term_count: int = 0
    product: int = 1

    def add(self, term: int, position: int) -> None:
        self.term_count += 1
        self.product = self.product * (self.offset + term + self.factor * position) % _PRIME


def audit_search(books: Books, findings: Findings) -> None:
    """Compare facets and terms with what the records state and disclose.

    Of a record that cannot be read nothing is said here: that it cannot is a finding of its own.
    """
    offset, factor = secrets.randbelow(_PRIME), secrets.randbelow(_PRIME)
    derived_product, stored_product = _Product(offset, factor), _Product(offset, factor)
    origins = _Origins(books)
    for row in walk_rows(books, _RECORDS):
        _compare_facets(row, origins.find(row["position"]), findings)
        for term in _derive_terms(row["content"]):
            derived_product.add(term, row["position"])
    for position in books.connection.execute(_STRAY_FACETS).scalars():
        findings.add("facet-stray", f"position {position}", "a record is listed that is not there")
    for term, position in books.connection.execute(_TERMS.execution_options(yield_per=10_000)):
        stored_product.add(term, position)
    findings.checked_counts["search terms"] += stored_product.term_count
    if derived_product != stored_product:
        _find_differing_terms(books, findings)


class _Origins:
    """The submissions in the order of positions: which of them a record is of, and who signed it."""

    def __init__(self, books: Books) -> None:
        self._first_positions: list[int] = []
        self._key_ids: list[bytes] = []
        for row in walk_rows(books, _ENTRIES):
            self._first_positions.append(row["first"])
            self._key_ids.append(_read_key_id(row["entry"]))

    def find(self, position: int) -> tuple[int, bytes] | None:
        """Return first position and key; None where there is no such submission, or its entry cannot be read."""
        index = bisect_right(self._first_positions, position) - 1
        return (
            (self._first_positions[index], self._key_ids[index])
            if index >= 0 and self._key_ids[index]
            else None
        )


def _read_key_id(entry: bytes) -> bytes:
    try:
        return decode_entry(decode(entry)).statement.key_id
    except MalformedInput:
        return b""


def _compare_facets(row: RowMapping, origin: tuple[int, bytes] | None, findings: Findings) -> None:
    derived_facets = _derive_facets(row, origin)
    if derived_facets is None:
        return
    place = f"position {row['position']}"
    findings.checked_counts["facets"] += 1
    if row["facet_position"] is None:
        findings.add("facet-missing", place, "no search lists this record: its row is not there")
        return
    stored_facets = _Facets(*(row[f"facet_{name}"] for name in _Facets._fields))
    if stored_facets != derived_facets:
        names = [
            name
            for name, stored, derived in zip(_Facets._fields, stored_facets, derived_facets, strict=True)
            if stored != derived
        ]
        findings.add("facet-altered", place, f"it is listed by another {', '.join(names)} than it states")


def _derive_facets(row: RowMapping, origin: tuple[int, bytes] | None) -> _Facets | None:
    """Return what a record is to be listed by, read here by rules of its own; None where it cannot be read."""
    try:
        body: Mapping[str, str] = orjson.loads(row["body"])
        kind, identifier, action = body["kind"], body["identifier"], body["action"]
        type_code = kind if kind in ("seal", "signature") else identifier.split(".")[_ROOT_PARTS]
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return None
    if origin is None:
        return None
    return _Facets(row["lineage"], *origin, type_code, action, body.get("issued"), body.get("basis"))


def _derive_terms(content: bytes | None) -> Iterator[int]:
    if content is None:
        return
    try:
        values: Mapping[str, Json] = decode_disclosure(decode(content)).values
    except MalformedInput:
        return
    yield from list_terms(values)


def _find_differing_terms(books: Books, findings: Findings) -> None:
    """Compare the terms of some positions after the other, in bounded memory, and name those that differ."""
    for first_position, last_position in _walk_windows(books):
        window_parameters = {"first": first_position, "last": last_position}
        stored_terms = {tuple(row) for row in books.connection.execute(_TERMS_BETWEEN, window_parameters)}
        derived_terms = {
            (term, row["position"])
            for row in books.connection.execute(_DISCLOSURES_BETWEEN, window_parameters).mappings()
            for term in _derive_terms(row["content"])
        }
        for position in sorted({position for _, position in derived_terms - stored_terms}):
            findings.add("term-missing", f"position {position}", "it is not found by all that it discloses")
        for position in sorted({position for _, position in stored_terms - derived_terms}):
            findings.add("term-stray", f"position {position}", "it is found by what it does not disclose")


def _walk_windows(books: Books) -> Iterator[tuple[int, int]]:
    """Yield first and last positions between which terms or disclosures stand; gaps of any length are passed at once."""
    last_position = _MIN_NUMBER - 1
    while last_position < _MAX_NUMBER:
        parameters = {"first": last_position + 1}
        next_positions = [
            books.connection.execute(query, parameters).scalar_one() for query in _NEXT_POSITIONS
        ]
        first_position = min((position for position in next_positions if position is not None), default=None)
        if first_position is None:
            return
        last_position = min(first_position + _WINDOW_POSITIONS - 1, _MAX_NUMBER)
        yield first_position, last_position
