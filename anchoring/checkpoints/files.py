"""Snapshots as files: checked and replayed in memory, without a database.

What a verifier saw last is remembered in a file of its own, so that an older snapshot is noticed as such. Files are
written aside and renamed: a crash leaves what was there before.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.database.files import replace_file
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput, PocketRefused, SnapshotRefused
from ledger.pocket.pockets import read_pocket
from ledger.registry import snapshots
from ledger.registry.checkpoints import CosignedCheckpoint, Fork, find_contradiction, read_cosigned
from ledger.registry.knowledge import Knowledge
from ledger.registry.snapshots import Header, HeldPoints, Point
from ledger.registry.trust import Trust
from ledger.registry.trust_files import TrustFile

_PIECE_BYTES: Final = 64 * 1024  # read at a time

FORK_SUFFIX: Final = ".fork.json"  # behind the name of the file of what was seen
FORKED_SNAPSHOT_SUFFIX: Final = ".fork.snapshot"


def read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


@dataclass(frozen=True, slots=True)
class SeenFile:
    """The file that remembers the newest checkpoint that was ever seen of a registry."""

    path: Path

    def read_checkpoint(self) -> CosignedCheckpoint | None:
        """Return it. Raises: MalformedInput for a damaged file, which must not read as "nothing was ever seen"."""
        if not self.path.exists():
            return None
        try:
            return read_cosigned(self.path.read_bytes())
        except MalformedInput as error:
            raise type(error)(
                f"{self.path} remembers the newest checkpoint that was seen, and cannot be read ({error}): put back a copy; "
                "without the file nobody notices what is older than what was seen"
            ) from error

    def check_registry(self, registry: str) -> None:
        """Raises: SnapshotRefused where what was seen is of another registry, with which nothing can be compared."""
        seen_checkpoint = self.read_checkpoint()
        if seen_checkpoint and seen_checkpoint.checkpoint.registry != registry:
            raise SnapshotRefused(
                "other_registry",
                f"{self.path} remembers a checkpoint of {seen_checkpoint.checkpoint.registry}, and the trust file is of "
                f"{registry}: give each registry a trust file of another name, and a directory of its own",
            )

    def find_newest(self) -> Point | None:
        cosigned_checkpoint = self.read_checkpoint()
        return cosigned_checkpoint.checkpoint if cosigned_checkpoint else None

    def find_point(self, event_number: int) -> Point | None:
        newest_point = self.find_newest()
        return newest_point if newest_point and newest_point.event_number == event_number else None

    def remember(self, cosigned_checkpoint: CosignedCheckpoint) -> None:
        """Remember a checkpoint that was taken, durably, before anything is said on the strength of it.

        One below what was seen is not remembered: an import that stopped half way is ahead of its own checkpoint.
        """
        checkpoint, newest_point = cosigned_checkpoint.checkpoint, self.find_newest()
        if newest_point is None or (
            newest_point != checkpoint and newest_point.event_number <= checkpoint.event_number
        ):
            replace_file(self.path, [encode_canonical(cosigned_checkpoint.to_json())], is_public=True)

    def keep_fork(self, path: Path, cosigned_checkpoint: CosignedCheckpoint) -> None:
        """Keep the evidence of a fork beside what was seen: both checkpoints, or where these are of different events
        the snapshot, whose events lead from one to the other."""
        seen_checkpoint = self.read_checkpoint()
        if seen_checkpoint and find_contradiction(seen_checkpoint.checkpoint, cosigned_checkpoint.checkpoint):
            self.keep_evidence(Fork(seen_checkpoint, cosigned_checkpoint))
        else:
            shutil.copyfile(path, self.path.with_name(self.path.name + FORKED_SNAPSHOT_SUFFIX))

    def keep_evidence(self, fork: Fork) -> None:
        fork_path = self.path.with_name(self.path.name + FORK_SUFFIX)
        replace_file(fork_path, [encode_canonical(fork.to_json())], is_public=True)


def take_pocket(value: Json, trust: TrustFile, seen_file: SeenFile) -> Trust:
    """Return what a pocket says as of its checkpoint. Raises: PocketRefused; what was seen before stays, a fork is kept."""
    pocket = read_pocket(value)
    pocket_trust = pocket.open(trust)
    try:
        seen_file.check_registry(trust.registry)
    except SnapshotRefused as error:
        raise PocketRefused(error.reason, str(error)) from error
    seen_checkpoint = seen_file.read_checkpoint()
    if seen_checkpoint:
        _check_seen(pocket.cosigned_checkpoint, seen_checkpoint, seen_file)
    seen_file.remember(pocket.cosigned_checkpoint)
    return pocket_trust


def _check_seen(
    cosigned_checkpoint: CosignedCheckpoint, seen_checkpoint: CosignedCheckpoint, seen_file: SeenFile
) -> None:
    contradiction = find_contradiction(seen_checkpoint.checkpoint, cosigned_checkpoint.checkpoint)
    if contradiction:
        seen_file.keep_evidence(Fork(seen_checkpoint, cosigned_checkpoint))
        raise PocketRefused("fork", f"it contradicts what was seen before: {contradiction}")
    event_number, seen_number = (
        cosigned.checkpoint.event_number for cosigned in (cosigned_checkpoint, seen_checkpoint)
    )
    if event_number < seen_number:
        raise PocketRefused(
            "older",
            f"it is as of event {event_number}, and event {seen_number} was seen before: ask for a newer one "
            "(shunzheng checkpoint pocket)",
        )


def load(path: Path, trust: TrustFile, seen_file: SeenFile) -> Knowledge:
    """Return what a whole snapshot says, replayed in memory. Raises: SnapshotRefused; what was seen before stays."""
    header = check_file(path, trust, seen_file, seen_file)
    if header.after_event_number:
        raise SnapshotRefused(
            "not_held", "it is a delta: import it into the directory that holds what is before it"
        )
    knowledge = snapshots.replay(read_chunks(path))
    seen_file.remember(header.cosigned_checkpoint)
    return knowledge


def check_file(path: Path, trust: TrustFile, history: HeldPoints, seen_file: SeenFile) -> Header:
    """Check a whole file against a trust file, a history and what was seen. Raises: SnapshotRefused; a fork is kept."""
    seen_file.check_registry(trust.registry)
    try:
        return snapshots.check_snapshot(lambda: read_chunks(path), trust, history)[0]
    except SnapshotRefused as error:
        if error.reason == "fork":
            seen_file.keep_fork(path, snapshots.read_header(read_chunks(path)).cosigned_checkpoint)
        raise
