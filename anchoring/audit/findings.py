"""The report of an audit: counts of what was looked at, findings, and remarks."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from anchoring.audit.places import find_place
from anchoring.audit.values import VALUE_ERRORS, describe_value_error
from anchoring.errors import AnchoringError, RowDamaged
from ledger.verification.audits import MAX_LISTED, Finding, Head, Standing

_MAX_TEXT: Final = 1_000  # characters of a place or of words: what is longer is cut
_SHOWN_CHECKPOINTS: Final = 8  # the newest of those that were compared
#: What stored values that no node wrote can make of a check.
_UNREADABLE: Final = (SQLAlchemyError, AnchoringError, *VALUE_ERRORS)

#: What is left unchecked though the audit was to look at it.
_GAPS: Final = {
    "chain-unchecked",
    "database-missing",
    "entries-missing",
    "key-unknown",
    "records-missing",
    "replica-unread",
    "schema-other",
    "tally-unsigned",
    "undisclosed-unsigned",
}
#: Told while an audit works: what is checked, how much of it is done, how much there is in all.
Progress = Callable[[str, int, int], None]
PROGRESS_ITEMS: Final = 10_000  # how often the progress is told


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`checked_counts` says how much was looked at, by sort; `unlisted_count` counts findings beyond those listed.

    A remark is what somebody should know though nothing contradicts anything: submissions that wait, keys that were
    reported stolen. `unchecked_findings` says what could not be looked at, such as records that are not back yet, and why;
    `standing` of which state the report speaks, None where no replica could be read.
    """

    checked_counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[Finding, ...] = ()
    unlisted_count: int = 0
    unchecked_findings: tuple[Finding, ...] = ()
    standing: Standing | None = None

    @property
    def is_clean(self) -> bool:
        return not self.findings

    @property
    def is_whole(self) -> bool:
        """Whether all was looked at that was to be; a peer is a second opinion, and whoever asks no chain wants it so."""
        return not any(unchecked.slug in _GAPS for unchecked in self.unchecked_findings)


@dataclass(slots=True)
class Findings:
    """Collects a report."""

    checked_counts: Counter[str] = field(default_factory=Counter)
    progress: Progress | None = None
    checkpoint_heads: set[Head] = field(default_factory=set)
    _findings: list[Finding] = field(default_factory=list)
    _remarks: list[Finding] = field(default_factory=list)
    _unchecked: list[Finding] = field(default_factory=list)
    _unlisted_count: int = 0

    def look(self, sort: str, total_count: int = 0, *, count: int = 1) -> None:
        """Count items of a sort as checked; `total_count` is how many there are in all, 0 where nobody knows."""
        done_before = self.checked_counts[sort]
        self.checked_counts[sort] = done_count = done_before + count
        is_told = done_count // PROGRESS_ITEMS > done_before // PROGRESS_ITEMS or done_count == total_count
        if self.progress and total_count and is_told:
            self.progress(sort, done_count, total_count)

    def add(self, slug: str, place: str, text: str, *, database: str = "", table: str = "") -> None:
        """Report a contradiction; its place is that of its slug, unless `database` and `table` name another."""
        if len(self._findings) < MAX_LISTED:
            self._findings.append(_make_finding(slug, place, text, database, table))
        else:
            self._unlisted_count += 1

    def remark(self, slug: str, place: str, text: str, *, database: str = "", table: str = "") -> None:
        if len(self._remarks) < MAX_LISTED:
            self._remarks.append(_make_finding(slug, place, text, database, table))

    def leave(self, slug: str, place: str, text: str, *, database: str = "", table: str = "") -> None:
        """Say what is not checked, and why."""
        if len(self._unchecked) < MAX_LISTED:
            self._unchecked.append(_make_finding(slug, place, text, database, table))

    @contextmanager
    def guard(self, database: str, table: str, place: str) -> Iterator[None]:
        """Take what cannot be read at a place as one finding of it, and let the audit go on behind it."""
        try:
            yield
        except RowDamaged as error:
            text = "what stands there is no value that a node writes"
            self.add("unreadable", error.row, text, database=error.database, table=error.table)
        except _UNREADABLE as error:
            self.add("unreadable", place, _describe_error(error), database=database, table=table)

    @property
    def newest_heads(self) -> tuple[Head, ...]:
        """The newest checkpoints that were compared, in the order of their events."""
        return tuple(sorted(self.checkpoint_heads, key=lambda head: (head.event_number, head.head)))[
            -_SHOWN_CHECKPOINTS:
        ]

    def make_report(self, standing: Standing | None = None) -> AuditReport:
        return AuditReport(
            dict(self.checked_counts),
            tuple(self._findings),
            tuple(self._remarks),
            self._unlisted_count,
            tuple(self._unchecked),
            standing,
        )


def _make_finding(slug: str, place: str, text: str, database: str = "", table: str = "") -> Finding:
    database_and_table = (database, table) if database else find_place(slug)
    return Finding(slug, _make_writable(place), _make_writable(text), *database_and_table)


def _make_writable(text: str) -> str:
    """Show stored bytes that are no text as such: a report can be written as JSON whatever was found."""
    return text.encode(errors="backslashreplace").decode()[:_MAX_TEXT] or "?"


def _describe_error(error: Exception) -> str:
    """Say what stopped a check, without values, which may be personal data."""
    if isinstance(error, DBAPIError):
        return f"the database cannot read it ({error.orig}): restore it from its backup"
    return str(error) if isinstance(error, AnchoringError) else describe_value_error(error)
