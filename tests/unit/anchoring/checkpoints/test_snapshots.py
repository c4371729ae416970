"""Snapshots of a replica: imported ones answer as it did, refused ones change nothing."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from anchoring.checkpoints import snapshots
from anchoring.checkpoints.files import FORK_SUFFIX, FORKED_SNAPSHOT_SUFFIX, SeenFile, load, read_chunks
from anchoring.checkpoints.snapshots import ImportedSnapshot, export
from anchoring.checkpoints.store import make_checkpoint
from anchoring.database.columns import get_table
from anchoring.errors import CheckpointRefused, NotFound
from anchoring.follower.follower import Follower
from anchoring.replica.store import Replica
from anchoring.replica.tables import TABLES, BlockRow
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput, SnapshotRefused
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, decode_fork
from ledger.registry.snapshots import read_header
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from tests.cosigning import NAMES, node_key
from tests.fakes.histories import History


class Source:
    """A replica of a random history, exported by cities that follow it."""

    def __init__(self, directory: Path, seed: int = 5) -> None:
        self.directory, self.history = directory, History(seed)
        self.replica = Replica(f"sqlite:///{directory / f'source-{seed}.db'}")
        self.follower = Follower(self.history.chain, self.replica, self.history.name)
        self.follower.start()
        self.trust = TrustFile(
            self.history.name, tuple(TrustedCosigner(name, node_key(name).public) for name in NAMES), 2
        )
        self.files = 0
        self.grow(40)

    def grow(self, blocks: int) -> None:
        self.history.grow(blocks)
        self.follower.step()
        while not self.follower.is_caught_up:
            self.follower.step()

    def export(self, after: int = 0, **altered: object) -> Path:
        self.files += 1
        path = self.directory / f"{self.files}.snapshot"
        with self.replica.reading() as reading:
            cosigned = self.cosigned(replace(self.newest(), **altered))  # type: ignore[arg-type]
            path.write_bytes(b"".join(export(reading, cosigned, after)))
        return path

    def newest(self) -> Checkpoint:
        with self.replica.reading() as reading:
            return make_checkpoint(reading, reading.cursor.event_number)

    def cosigned(self, checkpoint: Checkpoint) -> CosignedCheckpoint:
        return CosignedCheckpoint.of(
            checkpoint, [Cosignature.make(node_key(name), checkpoint) for name in NAMES]
        )

    @property
    def n(self) -> int:
        return self.newest().event_number


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    found = Source(tmp_path)
    yield found
    found.replica.close()


@pytest.fixture
def seen(tmp_path: Path) -> SeenFile:
    return SeenFile(tmp_path / "trust.json.seen")


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[ImportedSnapshot]:
    found = ImportedSnapshot(tmp_path / "inspector")
    yield found
    found.close()


def facts(replica: Replica) -> Mapping[str, set[tuple[object, ...]]]:
    """Return every fact that a replica holds, and its status trees."""
    with replica.engine.connect() as connection:
        return {
            found.name: {tuple(row) for row in connection.execute(select(found))}
            for found in (*TABLES.values(), get_table(BlockRow))
        }


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix in (".db", ".json")}


def refusal(imported: ImportedSnapshot, path: Path, trust: TrustFile, seen: SeenFile) -> str:
    """Return why a file is refused, after making sure that nothing is different afterwards."""
    before = facts(imported.replica) if imported.find_newest() else None
    with pytest.raises(SnapshotRefused) as caught:
        imported.take(path, trust, seen)
    assert (facts(imported.replica) if imported.find_newest() else None) == before
    return caught.value.reason


@pytest.mark.parametrize("seed", [2, 5])
def test_what_is_imported_answers_as_the_replica_did(
    tmp_path: Path, imported: ImportedSnapshot, seen: SeenFile, seed: int
) -> None:
    source = Source(tmp_path, seed)
    header = imported.take(source.export(), source.trust, seen)
    assert facts(imported.replica) == facts(source.replica)
    with imported.replica.reading() as reading, source.replica.reading() as origin:
        assert reading.source == "snapshot"
        assert reading.cursor.event == origin.cursor.event
        assert reading.time == header.checkpoint.time
    assert imported.check(source.trust, seen) == header.cosigned_checkpoint
    source.replica.close()


def test_deltas_lead_to_the_same(source: Source, imported: ImportedSnapshot, seen: SeenFile) -> None:
    imported.take(source.export(), source.trust, seen)
    for _ in range(3):
        held = source.n
        source.grow(25)
        assert source.n > held + 10
        imported.take(source.export(held), source.trust, seen)
        assert facts(imported.replica) == facts(source.replica)


def test_a_whole_one_over_a_held_one_adds_what_is_new(
    source: Source, imported: ImportedSnapshot, seen: SeenFile
) -> None:
    imported.take(source.export(), source.trust, seen)
    source.grow(25)
    imported.take(source.export(), source.trust, seen)
    imported.take(source.export(), source.trust, seen)
    assert facts(imported.replica) == facts(source.replica)


def test_in_memory_it_says_the_same(source: Source, seen: SeenFile) -> None:
    knowledge = load(source.export(), source.trust, seen)
    with source.replica.reading() as reading:
        assert knowledge.list_logs() == reading.list_logs()
        assert knowledge.fold.head == reading.cursor.head
    assert seen.read_checkpoint() == source.cosigned(source.newest()) or seen.find_newest() == source.newest()


def test_a_delta_alone_is_not_enough(source: Source, imported: ImportedSnapshot, seen: SeenFile) -> None:
    path = source.export(after=3)
    assert refusal(imported, path, source.trust, seen) == "not_held"
    with pytest.raises(SnapshotRefused) as caught:
        load(path, source.trust, seen)
    assert caught.value.reason == "not_held"
    load(source.export(), source.trust, seen)
    with pytest.raises(SnapshotRefused) as caught:
        load(source.export(after=source.n), source.trust, seen)
    assert caught.value.reason == "not_held"


def test_a_delta_after_what_was_only_seen_is_not_held(
    source: Source, imported: ImportedSnapshot, seen: SeenFile
) -> None:
    imported.take(source.export(), source.trust, seen)
    source.grow(25)
    load(source.export(), source.trust, seen)
    after = source.n
    source.grow(25)
    assert refusal(imported, source.export(after), source.trust, seen) == "not_held"


def test_older_than_seen_it_is_refused(source: Source, imported: ImportedSnapshot, seen: SeenFile) -> None:
    old = source.export()
    source.grow(10)
    imported.take(source.export(), source.trust, seen)
    assert refusal(imported, old, source.trust, seen) == "older"
    with pytest.raises(SnapshotRefused) as caught:
        load(old, source.trust, seen)
    assert caught.value.reason == "older"
    assert refusal(imported, old, source.trust, SeenFile(seen.path.with_name("another"))) == "older"


def test_a_directory_that_was_set_back_is_refused(
    source: Source, imported: ImportedSnapshot, seen: SeenFile
) -> None:
    imported.take(source.export(), source.trust, seen)
    imported.close()
    backup = seen.path.with_name("backup")
    shutil.copytree(seen.path.with_name("inspector"), backup)
    source.grow(10)
    imported.take(source.export(), source.trust, seen)
    restored = ImportedSnapshot(backup)
    with pytest.raises(SnapshotRefused) as caught:
        restored.check(source.trust, seen)
    assert caught.value.reason == "older"
    restored.close()


def test_another_threshold_refuses_what_was_imported_under_a_lower_one(
    source: Source, imported: ImportedSnapshot, seen: SeenFile
) -> None:
    imported.take(source.export(), source.trust, seen)
    strangers = tuple(TrustedCosigner(name, node_key(name).public) for name in ("a", "b"))
    with pytest.raises(SnapshotRefused) as caught:
        imported.check(replace(source.trust, cosigners=strangers), seen)
    assert caught.value.reason == "below_threshold"


def test_before_the_first_import_there_is_nothing(
    source: Source, imported: ImportedSnapshot, seen: SeenFile
) -> None:
    with pytest.raises(NotFound, match="import one"):
        imported.check(source.trust, seen)


def test_damage_leaves_what_was_held(source: Source, imported: ImportedSnapshot, seen: SeenFile) -> None:
    imported.take(source.export(), source.trust, seen)
    before = content(seen.path.with_name("inspector"))["seen.json"], seen.path.read_bytes()
    source.grow(25)
    whole = source.export().read_bytes()
    for number, altered in enumerate((whole[:-1], whole + b"\0", whole[: len(whole) // 2] + b"x" * 9)):
        path = seen.path.with_name(f"altered-{number}")
        path.write_bytes(altered)
        assert refusal(imported, path, source.trust, seen) in ("truncated", "surplus", "damaged")
    assert (content(seen.path.with_name("inspector"))["seen.json"], seen.path.read_bytes()) == before


def test_a_crash_while_importing_loses_nothing(
    source: Source, imported: ImportedSnapshot, seen: SeenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stored = source.export(), imported.replica.store
    monkeypatch.setattr(snapshots, "STORED_EVENTS", 20)
    calls = 0

    def crash(*given: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError("the power went")
        stored(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(imported.replica, "store", crash)
    with pytest.raises(OSError, match="power"):
        imported.take(path, source.trust, seen)
    newest = imported.find_newest()
    assert newest
    assert newest.event_number == 40
    assert seen.find_newest() is None
    monkeypatch.undo()
    imported.take(path, source.trust, seen)
    assert facts(imported.replica) == facts(source.replica)


def test_a_fork_leaves_evidence(
    source: Source, imported: ImportedSnapshot, seen: SeenFile, tmp_path: Path
) -> None:
    """The same cities vouch for two histories: what was seen first stays, the other is kept as evidence."""
    imported.take(source.export(), source.trust, seen)
    other = _branch(tmp_path, source)
    while other.n <= source.n:
        other.grow(5)
    path = other.export()
    assert refusal(imported, path, source.trust, seen) == "fork"
    assert seen.path.with_name(seen.path.name + FORKED_SNAPSHOT_SUFFIX).read_bytes() == path.read_bytes()
    assert seen.find_newest() == source.newest()
    other.replica.close()


def test_two_heads_of_one_event_are_evidence_by_themselves(source: Source, seen: SeenFile) -> None:
    path, newest = source.export(), source.newest()
    load(path, source.trust, seen)
    other = source.cosigned(replace(newest, head=bytes(32)))
    seen.keep_fork(path, other)
    fork = decode_fork(decode(seen.path.with_name(seen.path.name + FORK_SUFFIX).read_bytes()))
    assert (fork.first_checkpoint.checkpoint, fork.second_checkpoint) == (newest, other)


def test_a_directory_of_another_history_is_not_continued(
    source: Source, imported: ImportedSnapshot, seen: SeenFile, tmp_path: Path
) -> None:
    """What was seen elsewhere fits the file, what this directory holds does not."""
    other = _branch(tmp_path, source)
    assert other.n < source.n
    imported.take(other.export(), source.trust, SeenFile(tmp_path / "elsewhere"))
    load(source.export(), source.trust, seen)
    source.grow(10)
    assert refusal(imported, source.export(), source.trust, seen) == "fork"
    other.replica.close()


def _branch(directory: Path, source: Source) -> Source:
    """Return a source whose registry has the same name and went another way after its first blocks."""
    folder = directory / "branch"
    folder.mkdir()
    other = Source.__new__(Source)
    other.directory, other.history, other.trust, other.files = folder, History(5), source.trust, 0
    other.replica = Replica(f"sqlite:///{folder / 'source.db'}")
    other.follower = Follower(other.history.chain, other.replica, other.history.name)
    other.follower.start()
    other.grow(3)
    other.history.random.seed(99)
    other.grow(5)
    return other


def test_a_replica_vouches_only_for_what_it_holds(source: Source) -> None:
    checkpoint = source.newest()
    with source.replica.reading() as reading:
        for altered in ({"head": bytes(32)}, {"time": 1}, {"block_hash": bytes(32)}):
            wrong = CosignedCheckpoint(replace(checkpoint, **altered))
            with pytest.raises(CheckpointRefused):
                list(export(reading, wrong))
        with pytest.raises(NotFound):
            list(
                export(
                    reading, CosignedCheckpoint(replace(checkpoint, event_number=checkpoint.event_number + 1))
                )
            )
        with pytest.raises(NotFound):
            list(export(reading, CosignedCheckpoint(checkpoint), checkpoint.event_number + 1))
        header = read_header(export(reading, CosignedCheckpoint(checkpoint), checkpoint.event_number))
        assert (header.after_event_number, header.after_head) == (checkpoint.event_number, checkpoint.head)


def test_the_memory_of_what_was_seen_is_not_guessed(source: Source, seen: SeenFile) -> None:
    """A damaged file does not read as if nothing had been seen."""
    seen.path.write_bytes(b"{")
    with pytest.raises(MalformedInput):
        load(source.export(), source.trust, seen)
    assert list(read_chunks(seen.path)) == [b"{"]
