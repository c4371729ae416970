"""The history of one certificate, and whether its log and the chain tell the same story.

The records of a lineage form one chain by `previous`; replaying it through the state machine shows a missing
record, and comparing its effects with the status words of the anchors shows a status that no record explains.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import Record
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, Trust


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record with its leaf hash; position and anchor once its batch is final."""

    record: Record
    leaf: bytes
    position: int | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The records of a lineage, oldest first; its status now; findings in English, none when all agrees."""

    records: tuple[PlacedRecord, ...]
    status: Status | None
    findings: tuple[str, ...]


def judge_history(records: Sequence[PlacedRecord], trust: Trust, log: str) -> History:
    """Put the records of one lineage in order, replay them, and compare with the anchored statuses."""
    ordered_records, findings = _order_by_previous(records)
    lineage: Lineage | None = None
    expected_statuses: dict[bytes, Status] = {}
    for placed_record in ordered_records:
        record = placed_record.record
        try:
            lineage, change = follow(lineage, record, placed_record.leaf)
        except TransitionRefused as error:
            findings.append(f"{record.action} at {record.suite.format(placed_record.leaf)}: {error}")
            break
        if change and placed_record.anchor:
            expected_statuses[change.leaf] = change.status
    findings += _compare_statuses(ordered_records, expected_statuses, trust, log)
    return History(tuple(ordered_records), lineage.status if lineage else None, tuple(findings))


def _order_by_previous(records: Sequence[PlacedRecord]) -> tuple[list[PlacedRecord], list[str]]:
    record_after = {placed_record.record.previous: placed_record for placed_record in records}
    ordered_records: list[PlacedRecord] = []
    placed_record = record_after.get(None)
    while placed_record is not None and len(ordered_records) < len(records):
        ordered_records.append(placed_record)
        placed_record = record_after.get(placed_record.leaf)
    if len(ordered_records) == len(records):
        return ordered_records, []
    return ordered_records, [
        f"{len(records) - len(ordered_records)} records do not follow from the first: one is missing or doubled"
    ]


def _compare_statuses(
    ordered_records: Sequence[PlacedRecord], expected_statuses: dict[bytes, Status], trust: Trust, log: str
) -> list[str]:
    log_state, findings = trust.log(log), []
    if log_state is None:
        return [f"the log {log!r} is not known here: no status could be compared"]
    for placed_record in ordered_records:
        if placed_record.position is None:
            continue
        change = trust.status(log, placed_record.position, log_state.sequence)
        anchored_status = change.status if change else Status.VALID
        expected_status = expected_statuses.get(placed_record.leaf, Status.VALID)
        if change and change.contradictory:
            findings.append(f"position {placed_record.position}: its anchored statuses contradict each other")
        elif anchored_status is not expected_status:
            findings.append(
                f"position {placed_record.position}: the chain says {anchored_status.name.lower()}, "
                f"the records say {expected_status.name.lower()}"
            )
    return findings
