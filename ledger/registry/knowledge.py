"""The registry in memory, replayed from its events.

A snapshot is verified with it, and it is the model of replicas.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

from ledger.errors import BrokenHead
from ledger.limits import MAX_BLOCK_TIME
from ledger.registry.acts import Event, extend_head
from ledger.registry.fold import derive
from ledger.registry.status import StatusTree
from ledger.registry.trust import (
    MAX_OCCURRENCES,
    Anchor,
    Division,
    Fact,
    Governance,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    Occurrence,
    Occurrences,
    PositionStatus,
)


class Fold:
    """Where the fold of the events stands: number, head, block and time of the newest."""

    def __init__(self, head: bytes, event_number: int = 0, block_number: int = 0, time: int = 0) -> None:
        self.head, self.event_number, self.block_number, self.time = head, event_number, block_number, time

    def check(self, event: Event) -> None:
        """Raises: BrokenHead when `event` does not follow the one before."""
        if event.event_number != self.event_number + 1:
            raise BrokenHead(f"event {event.event_number} stands where event {self.event_number + 1} belongs")
        if (
            event.previous_block_number != self.block_number
            or event.block_number < self.block_number
            or event.time < self.time
        ):
            raise BrokenHead(f"event {event.event_number} does not follow block {self.block_number}")
        if event.time >= MAX_BLOCK_TIME:
            raise BrokenHead(
                f"event {event.event_number} has the time {event.time}: the chain does not count in seconds"
            )

    def extend(self, event: Event) -> None:
        """Fold one event. Raises: BrokenHead when it does not follow the one before."""
        self.check(event)
        self.head = extend_head(self.head, event)
        self.event_number, self.block_number, self.time = event.event_number, event.block_number, event.time


class Knowledge:
    """A `Trust` that holds every fact in memory. Not safe for use while `apply` runs."""

    def __init__(self, registry: str, head_zero: bytes, source: str = "replica") -> None:
        if registry.rpartition(":")[2] != head_zero.hex()[:16]:
            raise BrokenHead(f"head 0 is not that of {registry}")
        self.registry, self.source = registry, source
        self.time = 0
        self.fold = Fold(head_zero)
        self._heads = [head_zero]
        self.trees: dict[str, StatusTree] = {}
        self.divisions: dict[str, str] = {}
        self._governance: Governance | None = None
        self._logs: dict[str, LogState] = {}
        self._anchors: dict[tuple[str, int], Anchor] = {}
        self._issuers: dict[str, list[IssuerAssignment]] = {}
        self._keys: dict[bytes, KeyState] = {}
        self._grants: dict[tuple[bytes, str], list[Grant]] = {}
        self._statuses: dict[tuple[str, int], list[PositionStatus]] = {}
        self._occurrences: dict[tuple[str, bytes], list[Occurrence]] = {}
        self._published_sequences: dict[str, set[int]] = {}

    def apply(self, event: Event) -> list[Fact]:
        """Fold one event and keep its facts, which are returned.

        Raises: BrokenHead, MalformedInput, NewerFormat.
        """
        self.fold.check(event)
        facts = derive(self, self.trees, event)
        for fact in facts:
            self._keep(fact)
        self.fold.extend(event)  # only now: an event that was refused leaves everything as it was
        self._heads.append(self.fold.head)
        self.time = max(self.time, event.time)
        return facts

    def note_time(self, time: int) -> None:
        """Learn that a final block of this time was seen, with or without events."""
        self.time = max(self.time, time)

    def keep_entries(self, anchor: Anchor, occurrences: Iterable[tuple[bytes, Occurrence]]) -> None:
        """Keep the entries of an anchor, each with its root; the caller has checked that they are in its batch."""
        self._published_sequences.setdefault(anchor.log, set()).add(anchor.sequence)
        for root, occurrence in occurrences:
            root_occurrences = self._occurrences.setdefault((anchor.log, root), [])
            if occurrence not in root_occurrences:
                insort(root_occurrences, occurrence, key=lambda other: other.position)

    def find_head(self, event_number: int) -> bytes | None:
        return self._heads[event_number] if 0 <= event_number < len(self._heads) else None

    def find_governance(self) -> Governance | None:
        return self._governance

    def find_log(self, name: str) -> LogState | None:
        return self._logs.get(name)

    def list_logs(self) -> list[LogState]:
        return list(self._logs.values())

    def find_anchor(self, log: str, sequence: int) -> Anchor | None:
        return self._anchors.get((log, sequence))

    def find_issuer_log(self, issuer: str, event_number: int) -> str | None:
        logs = [
            assignment.log
            for assignment in self._issuers.get(issuer, ())
            if assignment.event_number <= event_number
        ]
        return logs[-1] if logs else None

    def find_key(self, key_id: bytes) -> KeyState | None:
        return self._keys.get(key_id)

    def list_grants(self, key_id: bytes, issuer: str) -> Sequence[Grant]:
        return self._grants.get((key_id, issuer), ())

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        changes = self._statuses.get((log, position), [])
        index = bisect_right(changes, sequence, key=lambda change: change.sequence)
        return changes[index - 1] if index else None

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        published_sequences = self._published_sequences.get(log)
        if published_sequences is None:
            return None
        anchors = (self._anchors[log, number] for number in range(1, sequence + 1))
        grown_sequences = {
            anchor.sequence
            for anchor in anchors
            if anchor.size > anchor.size_before and not anchor.void_reason
        }
        root_occurrences = self._occurrences.get((log, root), [])
        return Occurrences(
            tuple(root_occurrences[: MAX_OCCURRENCES + 1]), grown_sequences <= published_sequences
        )

    def _keep(self, fact: Fact) -> None:
        match fact:
            case Governance():
                self._governance = fact
            case Division():
                self.divisions[fact.division] = fact.log
            case LogState():
                self._logs[fact.name] = fact
            case IssuerAssignment():
                self._issuers.setdefault(fact.issuer, []).append(fact)
            case KeyState():
                self._keys[fact.id] = fact
            case Grant():
                self._grants.setdefault((fact.key_id, fact.issuer), []).append(fact)
            case Anchor():
                self._anchors[fact.log, fact.sequence] = fact
            case _:
                self._statuses.setdefault((fact.log, fact.position), []).append(fact)
