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
class Recorded:
    """A record with its leaf hash; position and anchor once its batch is final."""

    record: Record
    leaf: bytes
    position: int | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The records of a lineage, oldest first; its status now; findings in English, none when all agrees."""

    records: tuple[Recorded, ...]
    status: Status | None
    findings: tuple[str, ...]


def judge_history(records: Sequence[Recorded], trust: Trust, log: str) -> History:
    """Put the records of one lineage in order, replay them, and compare with the anchored statuses."""
    ordered, findings = _chain(records)
    lineage: Lineage | None = None
    expected: dict[bytes, tuple[Status, Recorded]] = {}
    for item in ordered:
        try:
            lineage, change = follow(lineage, item.record, item.leaf)
        except TransitionRefused as error:
            findings.append(f"{item.record.action} at {item.record.suite.format(item.leaf)}: {error}")
            break
        if change and item.anchor:
            expected[change.leaf] = (change.status, item)
    findings += _compare(ordered, expected, trust, log)
    return History(tuple(ordered), lineage.status if lineage else None, tuple(findings))


def _chain(records: Sequence[Recorded]) -> tuple[list[Recorded], list[str]]:
    following = {item.record.previous: item for item in records}
    ordered: list[Recorded] = []
    item = following.get(None)
    while item is not None and len(ordered) < len(records):
        ordered.append(item)
        item = following.get(item.leaf)
    if len(ordered) == len(records):
        return ordered, []
    return ordered, [
        f"{len(records) - len(ordered)} records do not follow from the first: one is missing or doubled"
    ]


def _compare(
    ordered: Sequence[Recorded], expected: dict[bytes, tuple[Status, Recorded]], trust: Trust, log: str
) -> list[str]:
    state, findings = trust.log(log), []
    if state is None:
        return [f"the log {log!r} is not known here: no status could be compared"]
    for item in ordered:
        if item.position is None:
            continue
        anchored = trust.status(log, item.position, state.sequence)
        status = anchored.status if anchored else Status.VALID
        should, _ = expected.get(item.leaf, (Status.VALID, None))
        if anchored and anchored.contradictory:
            findings.append(f"position {item.position}: its anchored statuses contradict each other")
        elif status is not should:
            findings.append(
                f"position {item.position}: the chain says {status.name.lower()}, "
                f"the records say {should.name.lower()}"
            )
    return findings
