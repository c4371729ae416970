"""What a node signed is kept on either database, once for each event.

Nothing stands beside it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import update

from anchoring.checkpoints import store as module
from anchoring.checkpoints.store import Checkpoints
from anchoring.errors import CheckpointRefused, RowDamaged
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, Fork
from tests.cosigning import NAMES, ROOTS, node_key
from tests.databases import NewDatabase

REGISTRY: Final = "eip155:31337:0x" + "22" * 20 + ":" + "00" * 8
KEY: Final = node_key(NAMES[0])


CITIES: Final = {node_key(name).public.id: name for name in NAMES}


def at(n: int, head: int = 0) -> Checkpoint:
    return Checkpoint(REGISTRY, n, bytes([head]) * 32, n * 10, bytes(32), 1_795_395_600 + n, ROOTS)


@pytest.fixture
def held(new_database: NewDatabase) -> Iterator[Checkpoints]:
    found = Checkpoints(new_database("checkpoints"))
    yield found
    found.close()


def test_the_newest_is_what_enough_signed(held: Checkpoints) -> None:
    assert held.find_newest() is None
    assert held.find_last_signed() is None
    for n, names in ((1, NAMES), (2, NAMES[:2]), (3, NAMES[:1])):
        held.sign(KEY, at(n))
        held.add(
            CosignedCheckpoint.of(at(n), [Cosignature.make(node_key(name), at(n)) for name in names[1:]])
        )
    for least, n in ((1, 3), (2, 2), (3, 1)):
        newest = held.find_newest_of_cities(CITIES, least)
        assert newest
        assert newest.checkpoint == at(n)
        assert len(newest.cosignatures) == least
    assert held.find_newest_of_cities(CITIES, 4) is None
    newest = held.find_newest()
    assert newest
    assert newest.checkpoint == at(3)
    assert held.find_last_signed() == at(3)
    assert held.read_cosigned(at(9)) == CosignedCheckpoint(at(9))


@pytest.mark.parametrize(
    "other",
    [
        replace(at(5), roots=replace(ROOTS, events_sm3=bytes(32))),
        replace(at(5), roots=replace(ROOTS, events_sha256=bytes(32))),
        replace(at(5), roots=replace(ROOTS, facts=bytes(32))),
        replace(at(5), roots=replace(ROOTS, rules=ROOTS.rules + 1)),
        replace(at(5), roots=None),
    ],
    ids=["events in SM3", "events in SHA-256", "facts", "rules", "version"],
)
def test_two_roots_for_one_event_are_never_signed(held: Checkpoints, other: Checkpoint) -> None:
    held.sign(KEY, at(5))
    with pytest.raises(CheckpointRefused):
        held.sign(KEY, other)
    assert held.find_last_signed() == at(5)


def test_after_a_checkpoint_without_roots_a_later_one_is_signed(held: Checkpoints) -> None:
    held.sign(KEY, replace(at(5), roots=None))
    with pytest.raises(CheckpointRefused, match="sign at a later event"):
        held.sign(KEY, at(5))
    assert held.sign(KEY, at(6)).checkpoint == at(6)


def test_two_keys_of_one_city_are_one_vote(held: Checkpoints) -> None:
    """Attack: a city registers further keys for nodes and signs with all of them; it is no majority by itself."""
    keys = [node_key(name) for name in NAMES]
    of_one = {key.public.id: "tianmen" for key in keys}
    held.sign(KEY, at(1))
    held.add(CosignedCheckpoint.of(at(1), [Cosignature.make(key, at(1)) for key in keys[1:]]))
    assert held.find_newest_of_cities(of_one, 1)
    assert held.find_newest_of_cities(of_one, 2) is None
    newest = held.find_newest_of_cities(of_one | {keys[1].public.id: "wuhan"}, 2)
    assert newest
    assert len(newest.cosignatures) == len(NAMES)
    assert held.find_newest_of_cities({}, 1), "this node's own key, which nobody has declared"
    assert held.find_newest_of_cities({}, 2) is None, "others' keys of no city have no vote"
    assert held.find_newest_of_cities({KEY.public.id: None}, 1) is None, "its own key was reported stolen"


def test_below_or_beside_what_was_signed_is_refused(held: Checkpoints) -> None:
    held.sign(KEY, at(2))
    for other in (at(1), at(2, head=1), replace(at(3), block_number=1), replace(at(3), time=0)):
        with pytest.raises(CheckpointRefused):
            held.sign(KEY, other)
    assert held.find_last_signed() == at(2)


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
    assert signed == [held.find_last_signed()]


def test_old_checkpoints_are_let_go(held: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_CHECKPOINTS", 3)
    for n in range(1, 8):
        held.sign(KEY, at(n))
    assert [held.read_cosigned(at(n)).cosignatures != () for n in range(1, 8)] == [False] * 4 + [True] * 3
    with pytest.raises(CheckpointRefused):
        held.sign(KEY, at(1))


def test_old_checkpoints_of_others_are_let_go_too_but_not_what_was_signed_last(
    held: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node without a key signs nothing, and one whose key is stolen is given what it will not sign."""
    monkeypatch.setattr(module, "KEPT_CHECKPOINTS", 3)

    def known() -> list[int]:
        return [n for n in range(1, 12) if held.read_cosigned(at(n)).cosignatures]

    other = node_key(NAMES[1])
    for n in range(1, 8):
        held.add(CosignedCheckpoint.of(at(n), [Cosignature.make(other, at(n))]))
    assert known() == [5, 6, 7]
    held.sign(KEY, at(7))
    for n in range(8, 12):
        held.add(CosignedCheckpoint.of(at(n), [Cosignature.make(other, at(n))]))
    assert held.find_last_signed() == at(7)
    assert known() == [7, 9, 10, 11]


def test_evidence_is_kept_once_and_so_much_against_each_key(
    held: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stole one key cannot fill the room in which another city's second history is to be kept."""
    monkeypatch.setattr(module, "KEPT_FORKS", 2)

    def fork(head: int, *names: str) -> Fork:
        made = (Cosignature.make(node_key(name), at(1, head)) for name in names)
        return Fork(CosignedCheckpoint(at(1)), CosignedCheckpoint.of(at(1, head), made))

    thief, other = NAMES[:2]
    flood = [fork(head, thief) for head in range(1, 30)]
    for given in (flood[0], *flood):
        held.keep_fork(given)
    late = [fork(40, other), fork(41, thief, other)]
    for given in (*late, fork(42, thief), fork(43, other), fork(44)):
        held.keep_fork(given)
    assert sorted(held.list_forks(), key=str) == sorted([*flood[:2], *late], key=str)


def test_one_second_checkpoint_takes_one_place_whatever_it_is_set_beside(held: Checkpoints) -> None:
    """The own history gathers cosignatures, and each time a thief may sign the same again, or another thief beside him."""
    thief, accomplice = (node_key(name) for name in NAMES[:2])
    for number in range(len(NAMES)):
        first = CosignedCheckpoint.of(
            at(1), [Cosignature.make(node_key(name), at(1)) for name in NAMES[:number]]
        )
        held.keep_fork(Fork(first, CosignedCheckpoint.of(at(1, 7), [Cosignature.make(thief, at(1, 7))])))
    (alone,) = held.list_forks()
    both = CosignedCheckpoint.of(at(1, 7), [Cosignature.make(key, at(1, 7)) for key in (thief, accomplice)])
    held.keep_fork(Fork(CosignedCheckpoint(at(1)), both))
    assert sorted(held.list_forks(), key=str) == sorted(
        [alone, Fork(CosignedCheckpoint(at(1)), both)], key=str
    )


def test_a_checkpoint_that_cannot_be_read_is_named(held: Checkpoints) -> None:
    held.sign(KEY, at(3))
    with held.engine.begin() as connection:
        connection.execute(update(module.COSIGNATURES).values(checkpoint=b"{"))
    for ask in (held.find_newest, held.find_last_signed):
        with pytest.raises(
            RowDamaged, match="the database of the checkpoints holds in the table cosignature, event 3"
        ):
            ask()
