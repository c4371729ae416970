"""Replay of lineages: records follow from one another, make row, changes and statuses.

A function of values, which any process can do: it loads no library of databases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from anchoring.audit.register.records import (
    AuditedRecord,
    Member,
    RecordOrigin,
    RecordOutcome,
    StatusDifference,
    check_record,
)
from anchoring.audit.values import VALUE_ERRORS, describe_value_error
from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.registry.status import Status

#: A row of the table of lineages: first position, name, kind, issuer, identifier, tip, current, position, status.
StoredRow = tuple[int, str, str, str, str, bytes, bytes, int, int]
_TABLE: Final = "lineage"


class AuditedLineage(NamedTuple):
    """What is stored of a lineage: the position that its records name as the first, its row, its records in their order."""

    first_position: int
    stored_row: StoredRow | None
    stored_records: Sequence[AuditedRecord]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lineages in a row, and what else is stored of them.

    `origins` by the first positions of submissions; `changes`, a position and a status each, by the record that makes
    them; `chain_statuses` those of the positions below `final_size` that are not valid on the chain;
    `contradictory_positions` those whose statuses there contradict each other. `final_size` is 0 where nothing is
    known of the chain.
    """

    stored_lineages: Sequence[AuditedLineage]
    origins: Mapping[int, RecordOrigin | None]
    changes: Mapping[int, Sequence[tuple[int, int]]]
    chain_statuses: Mapping[int, int]
    contradictory_positions: frozenset[int]
    final_size: int


def replay_chunk(chunk: Chunk) -> RecordOutcome:
    """Check every lineage of a chunk; what cannot be read of one does not end the others."""
    replay = _Replay(chunk, RecordOutcome())
    for stored_lineage in chunk.stored_lineages:
        try:
            replay.check_lineage(stored_lineage)
        except VALUE_ERRORS as error:
            replay.outcome.add(
                "unreadable",
                f"first {stored_lineage.first_position}",
                describe_value_error(error),
                table=_TABLE,
            )
    return replay.outcome


@dataclass(frozen=True, slots=True)
class _Replay:
    """A chunk, and what it turned out to be so far."""

    chunk: Chunk
    outcome: RecordOutcome

    def check_lineage(self, stored_lineage: AuditedLineage) -> None:
        """Check one lineage:

        1. every record by itself; 2. the records follow from one another and make the changes that are stored; 3. the stored
        row says where they lead; 4. the chain gives every record the status that they give it.
        """
        stored_row = stored_lineage.stored_row
        if not stored_lineage.stored_records:
            self.outcome.add(
                "lineage-stray", f"lineage {stored_row[1] if stored_row else ''}", "no record belongs to it"
            )
            return
        # 1
        members = self._check_records(stored_lineage.stored_records)
        self.outcome.checked_counts["lineages"] += 1
        if len(members) < len(stored_lineage.stored_records):
            return  # said already; without it nothing follows
        name = members[0].record.lineage
        place = f"lineage {name}"
        # 2
        replayed_lineage = self._follow(members, place)
        if replayed_lineage is None:
            return
        # 3
        if (
            replayed_lineage.first_position != stored_lineage.first_position
            or stored_row != replayed_lineage.make_row(name)
        ):
            self.outcome.add("lineage-altered", place, "its stored row does not follow from its records")
        # 4
        for position, status in replayed_lineage.status_by_position.items():
            self._compare(position, status, place)

    def _check_records(self, stored_records: Sequence[AuditedRecord]) -> list[Member]:
        members = []
        for stored_record in stored_records:
            submission = stored_record.submission_position
            origin = None if submission is None else self.chunk.origins[submission]
            if member := check_record(stored_record, origin, self.outcome):
                members.append(member)
        return members

    def _follow(self, members: Sequence[Member], place: str) -> "_ReplayedLineage | None":
        """Replay the records in the order of `previous`; None where that does not take them all."""
        members_by_previous = {member.record.previous: member for member in members}
        replayed_lineage: _ReplayedLineage | None = None
        while member := members_by_previous.pop(
            replayed_lineage.lineage.newest_leaf if replayed_lineage else None, None
        ):
            try:
                lineage, change = follow(
                    replayed_lineage.lineage if replayed_lineage else None, member.record, member.leaf
                )
            except TransitionRefused as error:
                self.outcome.add("transition-refused", f"position {member.position}", str(error))
                return None
            if replayed_lineage is None:
                replayed_lineage = _ReplayedLineage.begin(lineage, member.position)
                continue
            assert change is not None  # only the first record changes nothing
            self._check_change(member, replayed_lineage.current_position, change.status)
            replayed_lineage.extend(
                lineage, member, change.status, is_final=member.position < self.chunk.final_size
            )
        record_count = replayed_lineage.record_count if replayed_lineage else 0
        if replayed_lineage is None or record_count < len(members):
            text = f"{len(members) - record_count} of its records do not follow from its first"
            self.outcome.add("lineage-broken", place, text)
            return None
        return replayed_lineage

    def _check_change(self, member: Member, position: int, status: Status) -> None:
        """Compare the stored change of a record with the one that it makes."""
        self.outcome.change_count += 1
        if list(self.chunk.changes.get(member.position, ())) != [(position, int(status))]:
            text = (
                f"the stored change of status is not that it makes position {position} {status.name.lower()}"
            )
            self.outcome.add("change-altered", f"position {member.position}", text)

    def _compare(self, position: int, status: Status, place: str) -> None:
        """Compare the status that final records give a position with the one that the chain has for it."""
        if position >= self.chunk.final_size:
            return
        self.outcome.checked_counts["statuses"] += 1
        if position in self.chunk.contradictory_positions:
            text = f"{place}: its statuses on the chain contradict each other"
            self.outcome.add("status-contradictory", f"position {position}", text)
            return
        chain_status = Status(self.chunk.chain_statuses.get(position, Status.VALID))
        if chain_status != status:
            text = (
                f"{place}: the chain says {chain_status.name.lower()}, the records say {status.name.lower()}"
            )
            self.outcome.faults.append(StatusDifference(position, place, text))


@dataclass(slots=True)
class _ReplayedLineage:
    """Where so many records of a lineage lead: its first and its current position, and the status of each by final ones."""

    lineage: Lineage
    first_position: int
    current_position: int
    status_by_position: dict[int, Status]
    record_count: int = 1

    @classmethod
    def begin(cls, lineage: Lineage, position: int) -> "_ReplayedLineage":
        return cls(lineage, position, position, {position: Status.VALID})

    def extend(self, lineage: Lineage, member: Member, status: Status, *, is_final: bool) -> None:
        """Follow one record more, which gives the current one a status, and may take its place."""
        if is_final:
            self.status_by_position[self.current_position] = status
        if lineage.current_leaf == member.leaf:
            self.current_position = member.position
        self.status_by_position.setdefault(self.current_position, Status.VALID)
        self.lineage, self.record_count = lineage, self.record_count + 1

    def make_row(self, name: str) -> StoredRow:
        """Return the row that the register should have of it."""
        lineage = self.lineage
        return (
            self.first_position,
            name,
            lineage.kind,
            lineage.issuer,
            lineage.identifier,
            lineage.newest_leaf,
            lineage.current_leaf,
            self.current_position,
            int(lineage.status),
        )
