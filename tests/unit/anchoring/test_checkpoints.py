"""What a node signed is kept on either database, once for each event, and never beside itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest

from anchoring import checkpoints as module
from anchoring.checkpoints import Checkpoints
from anchoring.errors import CheckpointRefused
from ledger.checkpoints import Checkpoint, Cosignature, Cosigned, Fork
from tests.cosigning import NAMES, node_key
from tests.databases import NewDatabase

REGISTRY: Final = "eip155:31337:0x" + "22" * 20 + ":" + "00" * 8
KEY: Final = node_key(NAMES[0])


def at(n: int, head: int = 0) -> Checkpoint:
    return Checkpoint(REGISTRY, n, bytes([head]) * 32, n * 10, bytes(32), 1_795_395_600 + n)


@pytest.fixture
def held(new_database: NewDatabase) -> Iterator[Checkpoints]:
    found = Checkpoints(new_database("checkpoints"))
    yield found
    found.close()


def test_the_newest_is_what_enough_signed(held: Checkpoints) -> None:
    assert held.newest() is None
    assert held.signed() is None
    for n, names in ((1, NAMES), (2, NAMES[:2]), (3, NAMES[:1])):
        held.sign(KEY, at(n))
        held.add(Cosigned.of(at(n), [Cosignature.make(node_key(name), at(n)) for name in names[1:]]))
    for least, n in ((1, 3), (2, 2), (3, 1)):
        newest = held.newest(least)
        assert newest
        assert newest.checkpoint == at(n)
        assert len(newest.cosignatures) == least
    assert held.newest(4) is None
    assert held.signed() == at(3)
    assert held.cosigned(at(9)) == Cosigned(at(9))


def test_below_or_beside_what_was_signed_is_refused(held: Checkpoints) -> None:
    held.sign(KEY, at(2))
    for other in (at(1), at(2, head=1), replace(at(3), block=1), replace(at(3), time=0)):
        with pytest.raises(CheckpointRefused):
            held.sign(KEY, other)
    assert held.signed() == at(2)


def test_two_processes_sign_one_history(held: Checkpoints) -> None:
    """Both read before either wrote, unless they wait for each other."""
    url = held.engine.url.render_as_string(hide_password=False)

    def sign(head: int) -> Checkpoint | None:
        other = Checkpoints(url)
        try:
            return other.sign(KEY, at(1, head)).checkpoint
        except CheckpointRefused:
            return None
        finally:
            other.close()

    with ThreadPoolExecutor(8) as pool:
        signed = [one for one in pool.map(sign, range(8)) if one]
    assert signed == [held.signed()]


def test_old_checkpoints_are_let_go(held: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_CHECKPOINTS", 3)
    for n in range(1, 8):
        held.sign(KEY, at(n))
    assert [held.cosigned(at(n)).cosignatures != () for n in range(1, 8)] == [False] * 4 + [True] * 3
    with pytest.raises(CheckpointRefused):
        held.sign(KEY, at(1))


def test_evidence_is_kept_once_and_within_bounds(held: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_FORKS", 2)
    forks = [Fork(Cosigned(at(1)), Cosigned(at(1, head))) for head in (1, 1, 2, 3)]
    for fork in forks:
        held.keep_fork(fork)
    assert sorted(held.forks(), key=str) == sorted(forks[1:3], key=str)
