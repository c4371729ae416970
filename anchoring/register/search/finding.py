"""Find certificates by number, holder or document."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, select

from anchoring.catalogue.chosen import get_catalogue
from anchoring.register.records import StoredRecord, read_disclosure
from anchoring.register.search.facets import make_facets
from anchoring.register.search.terms import CLAIMS, Sort, does_state, make_term
from anchoring.register.tables import DISCLOSURE, FACET, LINEAGE, TERM
from ledger.catalogue.masks import show_claim
from ledger.encoding.canonical import Json
from ledger.errors import LimitExceeded
from ledger.records.lifecycle import Lineage
from ledger.registry.status import Status

# Certificates that one number, holder or document may lead to. A person has some dozens; who finds more says more.
MAX_HITS: Final = 200
# Records of them: each version of a certificate is one.
_MAX_RECORDS: Final = 2_000
_NUMBERS: Final = tuple(name for name, sort in CLAIMS.items() if sort is Sort.NUMBER)
_HOLDER: Final = "CZZT"

_RECORDS: Final = (
    select(
        TERM.c.position,
        DISCLOSURE.c.content,
        FACET.c.type,
        FACET.c.issued,
        LINEAGE.c.first,
        LINEAGE.c.position.label("current_position"),
        LINEAGE.c.identifier,
        LINEAGE.c.issuer,
        LINEAGE.c.status,
    )
    .select_from(
        TERM.join(DISCLOSURE, DISCLOSURE.c.position == TERM.c.position)
        .join(FACET, FACET.c.position == TERM.c.position)
        .join(LINEAGE, LINEAGE.c.first == FACET.c.lineage)
    )
    .where(TERM.c.term == bindparam("term"))
    .order_by(TERM.c.position)
    .limit(_MAX_RECORDS + 1)
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A certificate: its current identifier and state, and of the version that it was found by, the newest that states what
    was looked for, the day of issue, the number 编号 that tells it apart, and the holder 持证主体 as others see it;
    the number, too, unless it was looked for.

    `is_current` where that version is the current one.
    """

    identifier: str
    type: str
    issuer: str
    status: Status
    issued: str | None
    number: str | None
    holder: str | None
    is_current: bool


def describe_version(lineage: Lineage, version: StoredRecord) -> Hit:
    """Return what tells a certificate apart, of its current version; its number too as others see it."""
    facets, values = make_facets(version.record), version.disclosure.values if version.disclosure else {}
    return Hit(
        lineage.identifier,
        facets.type,
        lineage.issuer,
        lineage.status,
        facets.issued,
        next((shown for name in _NUMBERS if (shown := show_claim(get_catalogue(), values, name))), None),
        show_claim(get_catalogue(), values, _HOLDER),
        is_current=True,
    )


def find_certificates(connection: Connection, sort: Sort, text: str) -> list[Hit]:
    """Return the certificates of which a version states a number, holder or document, the oldest first.

    `text` of a document is its digest `suite:hex`. Raises: LimitExceeded.
    """
    rows = connection.execute(_RECORDS, {"term": make_term(sort, text)}).mappings().all()
    hits: dict[int, Hit] = {}
    for row in rows:
        values = read_disclosure(row["position"], row["content"]).values
        if does_state(values, sort, text):  # two values may share a term
            hits[row["first"]] = _make_hit(row, values, sort)
    if len(rows) > _MAX_RECORDS or len(hits) > MAX_HITS:
        raise LimitExceeded(
            f"more than {MAX_HITS} certificates state this {sort}: say more, as type and issuer, with `shunzheng search`"
        )
    return list(hits.values())


def _make_hit(row: RowMapping, values: dict[str, Json], sort: Sort) -> Hit:
    """Return a certificate with its number whole only for who named it: on a person's card it is the person's own."""
    number_name = next((name for name in _NUMBERS if name in values), "")
    number = values.get(number_name)
    if sort is not Sort.NUMBER:
        number = show_claim(get_catalogue(), values, number_name)
    return Hit(
        row["identifier"],
        row["type"],
        row["issuer"],
        Status(row["status"]),
        row["issued"],
        None if number is None else str(number),
        show_claim(get_catalogue(), values, _HOLDER),
        is_current=row["position"] == row["current_position"],
    )
