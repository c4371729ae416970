"""Export snapshots from a replica; import them into a directory with a replica of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.chain.protocol import ChainEvent
from anchoring.checkpoints.files import SeenFile, check_file, read_chunks
from anchoring.checkpoints.store import make_checkpoint
from anchoring.errors import CheckpointRefused, NotFound
from anchoring.replica.overlay import NoFacts, Overlay
from anchoring.replica.reading import Cursor, ReplicaView
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import FoldedEvent, Replica
from ledger.errors import SnapshotRefused
from ledger.registry import snapshots
from ledger.registry.acts import Event
from ledger.registry.checkpoints import CosignedCheckpoint
from ledger.registry.fold import Trees, derive
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import Header, Point
from ledger.registry.trust import Fact
from ledger.registry.trust_files import TrustFile

REPLICA_FILE: Final = "replica.db"  # in the directory of an imported snapshot
SEEN_FILE: Final = "seen.json"
STORED_EVENTS: Final = 5_000  # of one transaction: a tenth of a second's work for a database

Progress = Callable[[int, int], None]  # events done, events in all


def export(view: ReplicaView, cosigned_checkpoint: CosignedCheckpoint, after_n: int = 0) -> Iterator[bytes]:
    """Yield the snapshot up to a checkpoint, of the events after event `after_n`.

    Raises: NotFound, CheckpointRefused where this replica holds something else there.
    """
    checkpoint = cosigned_checkpoint.checkpoint
    if make_checkpoint(view, checkpoint.event_number) != checkpoint:
        raise CheckpointRefused(
            f"the checkpoint at event {checkpoint.event_number} is not what this replica holds"
        )
    if not 0 <= after_n <= checkpoint.event_number:
        raise NotFound(
            f"the checkpoint is at event {checkpoint.event_number}: nothing follows event {after_n} up to there"
        )
    head = view.find_head(after_n)
    assert head is not None, "an event below the checkpoint's has a head"
    block = next(view.walk_events(after_n - 1, limit=1)).event.block_number if after_n else 0
    events = (
        view.walk_events(after_n, limit=checkpoint.event_number - after_n)
        if after_n < checkpoint.event_number
        else iter(())
    )
    header = Header(cosigned_checkpoint, after_n, head, block)
    yield from snapshots.write_snapshot(header, (event.event for event in events))


class ImportedSnapshot:
    """A directory into which snapshots and deltas of one registry are imported; verifying reads its replica."""

    def __init__(self, directory: Path) -> None:
        self.replica = Replica(f"sqlite:///{directory.absolute() / REPLICA_FILE}", source="snapshot")
        self._directory, self._imported_seen_file = directory, SeenFile(directory / SEEN_FILE)

    def close(self) -> None:
        self.replica.close()

    def find_newest(self) -> Point | None:
        """Return how far it is; None before the first import."""
        if not (self._directory / REPLICA_FILE).exists():
            return None
        with self.replica.reading() as view:
            return view.cursor if view.cursor.event_number else None

    def find_point(self, event_number: int) -> Point | None:
        if self.find_newest() is None:
            return None
        with self.replica.reading() as view:
            events, head = list(view.walk_events(event_number - 1, limit=1)), view.find_head(event_number)
        event = events[0].event if events else None
        return (
            Fold(head, event_number, event.block_number, event.time)
            if head and event and event.event_number == event_number
            else None
        )

    def check(self, trust: TrustFile, seen_file: SeenFile) -> CosignedCheckpoint:
        """Check that it may be verified with: vouched for, and not behind or beside what was seen elsewhere.

        Raises: SnapshotRefused; NotFound before the first import.
        """
        cosigned_checkpoint, point = self._imported_seen_file.read_checkpoint(), self.find_newest()
        if cosigned_checkpoint is None or point is None:
            raise NotFound(f"{self._directory} holds no snapshot: import one (shunzheng snapshot import)")
        trust.check(cosigned_checkpoint)
        seen_file.check_registry(trust.registry)
        newest_point = seen_file.find_newest()
        if newest_point and newest_point.event_number > point.event_number:
            raise SnapshotRefused(
                "older",
                f"it ends at event {point.event_number}, and event {newest_point.event_number} was seen before: "
                "import a newer one",
            )
        own_point = self.find_point(newest_point.event_number) if newest_point else None
        if newest_point and own_point and own_point.head != newest_point.head:
            raise SnapshotRefused(
                "fork",
                f"event {newest_point.event_number} has another head than the one that was seen before",
            )
        seen_file.remember(cosigned_checkpoint)
        return cosigned_checkpoint

    def take(
        self, path: Path, trust: TrustFile, seen_file: SeenFile, progress: Progress | None = None
    ) -> Header:
        """Import a snapshot or a delta. Raises: SnapshotRefused; what was held before stays.

        1. The file is checked whole, against what this directory holds and what was seen elsewhere.
        2. Its events are stored, some thousand a transaction: after a crash there are fewer of them, and none that is wrong.
        3. Its checkpoint is remembered.
        """
        self._imported_seen_file.check_registry(trust.registry)
        header = check_file(path, trust, _JoinedHistory(self, seen_file), seen_file)  # 1
        if self.find_newest() is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self.replica.prepare(header.checkpoint.registry, header.after_head)
        self._store(path, header, progress)  # 2
        self._imported_seen_file.remember(header.cosigned_checkpoint)  # 3
        seen_file.remember(header.cosigned_checkpoint)
        return header

    def _store(self, path: Path, header: Header, progress: Progress | None) -> None:
        fold, waiting_events = (
            Fold(header.after_head, header.after_event_number, header.after_block_number),
            list[FoldedEvent](),
        )
        with self.replica.reading() as view:
            stored_cursor = cursor = view.cursor
            trees, overlay = (
                _copy_checked_trees(view),
                Overlay(view if stored_cursor.event_number else NoFacts()),
            )
            for event in snapshots.read_events(read_chunks(path)):
                fold.extend(event)
                if fold.event_number == stored_cursor.event_number and fold.head != stored_cursor.head:
                    raise SnapshotRefused(
                        "fork",
                        f"event {stored_cursor.event_number} has another head than the one that is held",
                    )
                if fold.event_number > stored_cursor.event_number:
                    facts = _derive_facts(overlay, trees, event)
                    waiting_events.append(FoldedEvent(ChainEvent(event, b"", b""), fold.head, facts))
                if waiting_events and (
                    len(waiting_events) == STORED_EVENTS
                    or fold.event_number == header.checkpoint.event_number
                ):
                    new_cursor = _cursor_after(fold, header)
                    self.replica.store(cursor, new_cursor, waiting_events, (), trees)
                    cursor, waiting_events = new_cursor, []
                    if progress:
                        progress(fold.event_number, header.checkpoint.event_number)


@dataclass(frozen=True, slots=True)
class _JoinedHistory:
    """What a directory holds, and the newest that was seen there or elsewhere."""

    imported: ImportedSnapshot
    seen_file: SeenFile

    def find_newest(self) -> Point | None:
        known_points = [
            point for point in (self.imported.find_newest(), self.seen_file.find_newest()) if point
        ]
        return max(known_points, key=lambda point: point.event_number, default=None)

    def find_point(self, event_number: int) -> Point | None:
        return self.imported.find_point(event_number)


def _copy_checked_trees(view: ReplicaView) -> Trees:
    """Return the status trees of the replica, every position checked against the newest root."""
    status_trees = StatusTrees()
    return {log.name: status_trees.copy(view, log.name) for log in view.list_logs() if log.is_status_known}


def _derive_facts(overlay: Overlay, trees: Trees, event: Event) -> list[Fact]:
    with snapshots.refuse_nonsense():
        facts = derive(overlay, trees, event)
    for fact in facts:
        overlay.keep_fact(fact)
    return facts


def _cursor_after(fold: Fold, header: Header) -> Cursor:
    is_last = fold.event_number == header.checkpoint.event_number
    block_hash = header.checkpoint.block_hash if is_last else b""
    return Cursor(
        fold.event_number, fold.head, fold.block_number, fold.time, fold.block_number, block_hash, fold.time
    )
