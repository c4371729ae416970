"""List and count records by what they state, who signed them and when they were taken."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    func,
    inspect,
    or_,
    select,
)

from anchoring import limits
from anchoring.errors import AnchoringError
from anchoring.register.records import read_disclosure
from anchoring.register.search.terms import Sort, does_state, make_term
from anchoring.register.tables import DISCLOSURE, FACET, LINEAGE, SUBMISSION, TERM
from ledger.encoding.times import find_civil_date
from ledger.errors import LimitExceeded
from ledger.registry.status import Status

_DAY_SECONDS: Final = 86_400
_HOUR_SECONDS: Final = 3_600
# Of a clock in China, which has no summer time: seconds beyond UTC.
_CHINA_SECONDS: Final = 8 * _HOUR_SECONDS
_DAY_HOURS: Final = 24
# Lines of a table of figures: months, types and issuers of a province, and far below what memory holds.
MAX_FIGURES: Final = 100_000

_ORIGIN: Final = FACET.alias("origin")  # of the record by which the certificate was issued first
_ORIGIN_SUBMISSION: Final = SUBMISSION.alias("origin_submission")
_JOINED_TABLES: Final = FACET.join(SUBMISSION, SUBMISSION.c.first == FACET.c.submission).join(
    LINEAGE, LINEAGE.c.first == FACET.c.lineage
)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for; None: whatever it is.

    `since` and `until` are days of issue `YYYY-MM-DD`, both included; `accepted_since` and `accepted_before` seconds since
    1970. `night` is from which hour to before which, by a clock in China; `within_day`: acts on a certificate that were
    taken at most 24 hours after its first record. `basis` is a part of the legal basis, `holder` a whole name or code.
    """

    type: str | None = None
    issuer: str | None = None
    state: Status | None = None
    action: str | None = None
    key: bytes | None = None
    basis: str | None = None
    holder: str | None = None
    since: str | None = None
    until: str | None = None
    accepted_since: int | None = None
    accepted_before: int | None = None
    night: tuple[int, int] | None = None
    within_day: bool = False


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record, and the certificate that it is of: `identifier` and `status` are those of the current version.

    `accepted` in seconds since 1970.
    """

    position: int
    identifier: str
    type: str
    issuer: str
    status: Status
    action: str
    issued: str | None
    accepted: int
    key: bytes
    basis: str | None


@dataclass(frozen=True, slots=True)
class Figure:
    """So many records of a month `YYYY-MM` (of a clock in China, when they were taken), type, issuer, action."""

    month: str
    type: str
    issuer: str
    action: str
    count: int


def check_searchable(connection: Connection) -> None:
    """Check that a register, which is not to be changed, has the tables that are searched. Raises: AnchoringError."""
    if not inspect(connection).has_table(FACET.name):
        raise AnchoringError(
            "this register is of an older release and not searchable yet: start its node once with this one"
        )


def list_records(
    connection: Connection, criteria: Criteria, *, first_position: int = 0, limit: int = limits.CHUNK_ROWS
) -> Iterator[ListedRecord]:
    """Yield at most `limit` records at position `first_position` or beyond, in their order."""
    query = _select_records(criteria).where(FACET.c.position >= first_position).order_by(FACET.c.position)
    if criteria.holder is None:  # else those that are left out below must not count, or a page ends too early
        query = query.limit(limit)
    rows = connection.execute(query.execution_options(yield_per=limits.CHUNK_ROWS)).mappings()
    yield from map(_make_listed_record, islice((row for row in rows if _states_holder(row, criteria)), limit))


def _states_holder(row: RowMapping, criteria: Criteria) -> bool:
    """Tell whether a record states the holder, where one is looked for: two values may share a term."""
    if criteria.holder is None:
        return True
    return does_state(read_disclosure(row["position"], row["content"]).values, Sort.HOLDER, criteria.holder)


def _make_listed_record(row: RowMapping) -> ListedRecord:
    return ListedRecord(
        row["position"],
        row["identifier"],
        row["type"],
        row["issuer"],
        Status(row["status"]),
        row["action"],
        row["issued"],
        row["accepted"],
        row["key"],
        row["basis"],
    )


def count_records(connection: Connection, criteria: Criteria) -> list[Figure]:
    """Return how many records there are by month, type, issuer and action. Raises: LimitExceeded.

    The database counts by submission, of which each has one moment and one issuer; the months are summed up here.
    """
    columns = (FACET.c.submission, SUBMISSION.c.accepted, SUBMISSION.c.issuer, FACET.c.type, FACET.c.action)
    query = select(*columns, func.count().label("count")).select_from(_join(criteria)).group_by(*columns)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    options = {"yield_per": limits.CHUNK_ROWS}
    for row in connection.execute(_narrow(query, criteria), execution_options=options).mappings():
        month = find_civil_date(row["accepted"]).isoformat()[:7]
        counts[month, row["type"], row["issuer"], row["action"]] += row["count"]
        if len(counts) > MAX_FIGURES:
            raise LimitExceeded(
                f"there are more than {MAX_FIGURES:,} figures: ask for one issuer or one type"
            )
    return [Figure(*names, count) for names, count in sorted(counts.items())]


def _select_records(criteria: Criteria) -> Select[tuple[object, ...]]:
    query = select(FACET, SUBMISSION.c.issuer, SUBMISSION.c.accepted, LINEAGE.c.identifier, LINEAGE.c.status)
    if criteria.holder is not None:
        query = query.add_columns(DISCLOSURE.c.content)
    return _narrow(query.select_from(_join(criteria)), criteria)


def _join(criteria: Criteria) -> FromClause:
    joined_tables: FromClause = _JOINED_TABLES
    if criteria.within_day:
        joined_tables = joined_tables.join(_ORIGIN, _ORIGIN.c.position == FACET.c.lineage).join(
            _ORIGIN_SUBMISSION, _ORIGIN_SUBMISSION.c.first == _ORIGIN.c.submission
        )
    if criteria.holder is not None:
        joined_tables = joined_tables.join(TERM, TERM.c.position == FACET.c.position).join(
            DISCLOSURE, DISCLOSURE.c.position == FACET.c.position
        )
    return joined_tables


def _narrow(query: Select[tuple[object, ...]], criteria: Criteria) -> Select[tuple[object, ...]]:
    """Let a query return only what the criteria name."""
    equal_values: tuple[tuple[ColumnElement[object], object], ...] = (
        (FACET.c.type, criteria.type),
        (SUBMISSION.c.issuer, criteria.issuer),
        (LINEAGE.c.status, None if criteria.state is None else int(criteria.state)),
        (FACET.c.action, criteria.action),
        (FACET.c.key, criteria.key),
    )
    conditions = [column == value for column, value in equal_values if value is not None]
    if criteria.holder is not None:
        conditions.append(TERM.c.term == make_term(Sort.HOLDER, criteria.holder))
    if criteria.basis is not None:
        conditions.append(FACET.c.basis.contains(criteria.basis, autoescape=True))
    return query.where(*conditions, *_narrow_times(criteria))


def _narrow_times(criteria: Criteria) -> Iterator[ColumnElement[bool]]:
    accepted = SUBMISSION.c.accepted
    if criteria.since is not None:
        yield FACET.c.issued >= criteria.since
    if criteria.until is not None:
        yield FACET.c.issued <= criteria.until
    if criteria.accepted_since is not None:
        yield accepted >= criteria.accepted_since
    if criteria.accepted_before is not None:
        yield accepted < criteria.accepted_before
    if criteria.night is not None:
        first_hour, end_hour = criteria.night
        hour = (accepted + _CHINA_SECONDS) // _HOUR_SECONDS % _DAY_HOURS
        is_one_stretch = first_hour < end_hour
        yield (and_ if is_one_stretch else or_)(hour >= first_hour, hour < end_hour)
    if criteria.within_day:
        yield FACET.c.position != FACET.c.lineage
        yield accepted - _ORIGIN_SUBMISSION.c.accepted <= _DAY_SECONDS
