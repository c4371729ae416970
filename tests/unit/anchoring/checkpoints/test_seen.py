"""What was seen is remembered with a trust file: nothing older, and nothing beside it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from anchoring.checkpoints.files import FORK_SUFFIX, SeenFile, check_file, take_pocket
from anchoring.checkpoints.snapshots import ImportedSnapshot
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput, PocketRefused, SnapshotRefused
from ledger.pocket.pockets import Pocket
from ledger.registry.checkpoints import decode_fork
from ledger.registry.trust_files import TrustFile
from tests.cosigning import checkpoint_of, cosigned, snapshot, trust_file
from tests.pockets import pocket_of
from tests.scenes import Registry, scene

#: Of a registry that nobody of these tests follows.
ANOTHER = "eip155:1:0x" + "00" * 20 + ":" + "00" * 8


@pytest.fixture
def registry() -> Registry:
    return scene(3)[0].registry


@pytest.fixture
def seen(tmp_path: Path) -> SeenFile:
    return SeenFile(tmp_path / "trust.json.seen")


def pocket(registry: Registry, n: int | None = None) -> Pocket:
    return pocket_of(registry, lambda trust: trust.find_log("tianmen"), n)


def take(a_pocket: Pocket, trust: TrustFile, seen: SeenFile) -> None:
    take_pocket(a_pocket.to_json(), trust, seen)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(SnapshotRefused) as caught:
        call()
    return caught.value.reason


def test_a_pocket_is_remembered_and_an_older_one_refused(registry: Registry, seen: SeenFile) -> None:
    trust, old = trust_file(registry), pocket(registry, 5)
    take(old, trust, seen)
    take(pocket(registry), trust, seen)
    assert seen.find_newest() == pocket(registry).checkpoint
    with pytest.raises(PocketRefused, match="ask for a newer one") as caught:
        take(old, trust, seen)
    assert caught.value.reason == "older"


def test_attack_two_histories_in_two_pockets(registry: Registry, seen: SeenFile) -> None:
    trust, first = trust_file(registry), pocket(registry)
    take(first, trust, seen)
    other = replace(first, cosigned_checkpoint=cosigned(replace(first.checkpoint, block_hash=b"\x09" * 32)))
    assert refusal(lambda: take(other, trust, seen)) == "fork"
    assert seen.read_checkpoint() == first.cosigned_checkpoint, "what was seen stays"
    fork = decode_fork(decode(seen.path.with_name(seen.path.name + FORK_SUFFIX).read_bytes()))
    assert fork.second_checkpoint == other.cosigned_checkpoint


def test_what_was_seen_of_another_registry_is_no_fork_and_nothing_older(
    registry: Registry, seen: SeenFile, tmp_path: Path
) -> None:
    """A registry has a successor, and its trust file came under the name of the one before."""
    seen.remember(cosigned(replace(checkpoint_of(registry), registry=ANOTHER, event_number=10_000)))
    trust, file = trust_file(registry), tmp_path / "a.snapshot"
    file.write_bytes(snapshot(registry))
    with pytest.raises(PocketRefused, match="trust file of another name") as caught:
        take(pocket(registry), trust, seen)
    assert caught.value.reason == "other_registry"
    assert refusal(lambda: check_file(file, trust, seen, seen)) == "other_registry"
    imported = ImportedSnapshot(tmp_path / "inspector")
    imported.take(file, trust, SeenFile(tmp_path / "elsewhere"))
    assert refusal(lambda: imported.check(trust, seen)) == "other_registry"
    another_trust, empty = replace(trust, registry=ANOTHER), SeenFile(tmp_path / "nothing")
    assert refusal(lambda: imported.take(file, another_trust, empty)) == "other_registry"
    imported.close()
    assert not list(tmp_path.glob("*.fork*"))


def test_what_was_seen_never_goes_back(registry: Registry, seen: SeenFile) -> None:
    newest = cosigned(checkpoint_of(registry))
    for checkpoint in (newest, cosigned(checkpoint_of(registry, 3)), newest):
        seen.remember(checkpoint)
        assert seen.read_checkpoint() == newest


def test_a_damaged_memory_is_named_with_what_to_do(registry: Registry, seen: SeenFile) -> None:
    seen.path.write_bytes(b"nothing")
    with pytest.raises(MalformedInput, match=r"trust\.json\.seen .* put back a copy"):
        take(pocket(registry), trust_file(registry), seen)
