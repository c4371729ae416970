"""The tree over a replica's facts: one root however events came, every damage found."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from anchoring.checkpoints.files import SeenFile
from anchoring.checkpoints.snapshots import ImportedSnapshot, export
from anchoring.checkpoints.store import make_checkpoint
from anchoring.database.engine import begin_transaction
from anchoring.errors import NotFound, Quarantined
from anchoring.follower.follower import Follower
from anchoring.replica import fact_trees, fact_writing
from anchoring.replica.fact_trees import FactProver, count_periods
from anchoring.replica.reading import ReplicaView
from anchoring.replica.refold import refold
from anchoring.replica.store import Replica
from anchoring.replica.tables import FACT_BEFORE
from ledger.crypto.key_trees import KeyProof, KeyTree, root_from_key
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import decode
from ledger.registry.acts import Event
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.facts import SUITE, Name, derive_leaves, hash_leaf, make_key, name_fact
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import Status
from ledger.registry.trust import LogState
from ledger.registry.trust_files import TrustedCosigner, TrustFile
from tests.databases import POSTGRESQL, SQLITE, NewDatabase
from tests.fakes.histories import HORIZON, History

KEYS = {name: generate_key("p256", Random(name).randbytes) for name in ("天门", "武汉")}


def follow(history: History, url: str, steps: int) -> Replica:
    replica = Replica(url)
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    for _ in range(steps):
        history.grow(60 // steps)
        follower.step()
    while not follower.is_caught_up:
        follower.step()
    return replica


def list_names(view: ReplicaView, events: list[Event]) -> set[Name]:
    knowledge = Knowledge(view.registry, view.head_zero)
    return {name_fact(fact) for event in events for fact in knowledge.apply(event)}


def prove_fact(view: ReplicaView, name: Name) -> tuple[bytes | None, KeyProof]:
    return FactProver(view, view.cursor.event_number).prove(name)


def replay(view: ReplicaView, events: list[Event]) -> tuple[dict[bytes, bytes], bytes]:
    """Return every leaf that the events make, and the root over them, from a whole replay in memory."""
    knowledge, leaves = Knowledge(view.registry, view.head_zero), dict[bytes, bytes]()
    for event in events:
        leaves |= derive_leaves(knowledge.apply(event), leaves)
    tree = KeyTree(SUITE, lambda prefixes: {})
    return leaves, tree.update({key: hash_leaf(data) for key, data in leaves.items()})


@pytest.mark.parametrize(
    ("new_database", "seed"), [(SQLITE, 0), (SQLITE, 4), (POSTGRESQL, 2)], indirect=["new_database"]
)
def test_the_root_is_the_same_however_the_events_came(
    new_database: NewDatabase, seed: int, tmp_path: Path
) -> None:
    history = History(seed)
    replica = follow(history, new_database("replica"), 6)
    with replica.reading() as view:
        events = [event.event for event in view.walk_events()]
        root = replay(view, events)[1]
        assert view.fact_root(view.cursor.event_number) == root
        for n in range(1, len(events), 9):
            assert view.fact_root(n) == replay(view, events[:n])[1]
        refold(view)
        checkpoint = make_checkpoint(view, view.cursor.event_number)
        cosignatures = [Cosignature.make(key, checkpoint) for key in KEYS.values()]
        path = tmp_path / "a.snapshot"
        path.write_bytes(b"".join(export(view, CosignedCheckpoint.of(checkpoint, cosignatures))))
    imported = ImportedSnapshot(tmp_path / "held")
    trust = TrustFile(history.name, tuple(TrustedCosigner(name, key.public) for name, key in KEYS.items()), 2)
    imported.take(path, trust, SeenFile(tmp_path / "seen.json"))
    with imported.replica.reading() as view:
        assert view.fact_root(view.cursor.event_number) == root
    imported.close()
    replica.close()


def test_every_fact_is_shown_and_every_other_is_shown_to_be_absent(new_database: NewDatabase) -> None:
    history = History(2)
    replica = follow(history, new_database("replica"), 1)
    with replica.reading() as view:
        events = [event.event for event in view.walk_events()]
        leaves, root = replay(view, events)
        names = list_names(view, events) | {
            ("position", log.name, str(position)) for log in view.list_logs() for position in range(HORIZON)
        }
        names |= {
            ("key", "0x" + "00" * 32),
            ("anchor", "tianmen", "9999"),
            ("anchor", "tianmen", "x"),
            ("nothing",),
        }
        for name in names:
            data, proof = prove_fact(view, name)
            key = make_key(name)
            assert data == leaves.get(key)
            assert root_from_key(SUITE, key, proof) == (root, data and hash_leaf(data))
    replica.close()


def test_what_the_tree_says_of_a_position_is_what_the_replica_says(new_database: NewDatabase) -> None:
    earlier_changes = 0
    for seed in range(4):
        replica = follow(History(seed), new_database(f"replica{seed}"), 2)
        with replica.reading() as view:
            for log in view.list_logs():
                earlier_changes += sum(count_changes(view, log, position) > 1 for position in range(HORIZON))
        replica.close()
    assert earlier_changes


def count_changes(view: ReplicaView, log: LogState, position: int) -> int:
    """Compare every change of a position, from the newest back, with its leaf; return how many there are."""
    name, change_count = ("position", log.name, str(position)), 0
    change, reinstatements = view.find_status(log.name, position, log.sequence), list[int]()
    data, number, stated_reinstatement = prove_fact(view, name)[0], 0, 0
    while change and data:
        leaf = decode(data)
        assert isinstance(leaf, dict)
        expected_leaf = (change.sequence, change.status.name.lower(), change.is_contradictory)
        assert (leaf["sequence"], leaf["status"], leaf["contradictory"]) == expected_leaf
        number = int(str(leaf["number"]))
        stated_reinstatement = stated_reinstatement or int(str(leaf["reinstatement"]))
        if change.status is Status.REINSTATED:
            reinstatements.append(number)
        change_count += 1
        change = view.find_status(log.name, position, change.sequence - 1)
        data = prove_fact(view, (*name, str(number - 1)))[0]
    assert (change, data, number) == (None, None, 1 if change_count else 0)
    assert stated_reinstatement == max(reinstatements, default=0)
    return change_count


@pytest.mark.parametrize("steps", [1, 6, 60])
def test_facts_are_shown_as_of_events_at_which_nodes_sign(
    new_database: NewDatabase, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_trees, "CHECKPOINT_SECONDS", 20)
    replica = follow(History(3), new_database("replica"), steps)
    with replica.reading() as view:
        events = [event.event for event in view.walk_events()]
        signed_numbers = [
            event.event_number
            for event, next_event in pairwise(events)
            if count_periods(event.time) < count_periods(next_event.time)
        ]
        assert len(signed_numbers) > 1
        for n in signed_numbers:
            leaves, root = replay(view, events[:n])
            prover = FactProver(view, n)
            assert prover.root == root
            for name in (*list_names(view, events), ("nothing",)):
                key = make_key(name)
                data, proof = prover.prove(name)
                assert data == leaves.get(key)
                assert root_from_key(SUITE, key, proof) == (root, data and hash_leaf(data))
        with pytest.raises(NotFound, match="are not kept"):
            FactProver(view, signed_numbers[0] - 1)
    replica.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM fact_page WHERE prefix = ''",
        "UPDATE fact_root SET root = (SELECT head FROM event WHERE n = 1)",
        "DELETE FROM event",
    ],
)
def test_the_newest_facts_are_kept_or_damaged(new_database: NewDatabase, damage: str) -> None:
    """Nobody is sent to a newer checkpoint, of which there is none."""
    replica = follow(History(3), new_database("replica"), 6)
    with begin_transaction(replica.engine) as connection:
        connection.execute(text(damage))
    with replica.reading() as view, pytest.raises(Quarantined, match="is followed anew"):
        FactProver(view, view.cursor.event_number)
    replica.close()


def test_trees_of_long_ago_are_forgotten(new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_trees, "CHECKPOINT_SECONDS", 20)
    monkeypatch.setattr(fact_writing, "KEPT_PERIODS", 1)
    replica = follow(History(3), new_database("replica"), 6)
    with replica.reading() as view:
        newest_period = count_periods(view.cursor.time)
        assert {row["period"] for row in view.walk_rows(FACT_BEFORE)} == {newest_period}
        refold(view)
    replica.close()


def test_a_replica_from_before_gets_the_tree(new_database: NewDatabase) -> None:
    history = History(2)
    replica = follow(history, new_database("replica"), 2)
    with replica.reading() as view:
        root, head_zero = view.fact_root(view.cursor.event_number), view.head_zero
    with begin_transaction(replica.engine) as connection:
        for table_name in ("fact_leaf", "fact_page", "fact_before", "fact_root"):
            connection.execute(text(f"DROP TABLE {table_name}"))
        connection.execute(text("UPDATE state SET schema_number = 4"))
    with replica.reading() as view, pytest.raises(NotFound, match="from before the trees"):
        view.fact_root(view.cursor.event_number)
    replica.prepare(history.name, head_zero)
    with replica.reading() as view:
        assert FactProver(view, view.cursor.event_number).root == root
        refold(view)
    replica.close()


@pytest.mark.parametrize("new_database", [SQLITE], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE fact_leaf SET data = 'x' WHERE key = (SELECT min(key) FROM fact_leaf)",
        "DELETE FROM fact_leaf WHERE key = (SELECT min(key) FROM fact_leaf)",
        "UPDATE fact_page SET content = x'00' WHERE prefix = ''",
        "DELETE FROM fact_page WHERE prefix = (SELECT max(prefix) FROM fact_page)",
        "UPDATE fact_root SET root = zeroblob(32) WHERE n = (SELECT max(n) FROM fact_root)",
        "DELETE FROM fact_root WHERE n = (SELECT max(n) FROM fact_root)",
    ],
)
def test_damage_of_the_tree_is_found(new_database: NewDatabase, damage: str) -> None:
    replica = follow(History(1), new_database("replica"), 1)
    with begin_transaction(replica.engine) as connection:
        connection.execute(text(damage))
    with replica.reading() as view, pytest.raises(Quarantined, match="fact"):
        refold(view)
    replica.close()


def test_a_damaged_page_stops_the_follower(new_database: NewDatabase) -> None:
    history = History(1)
    replica = follow(history, new_database("replica"), 1)
    with begin_transaction(replica.engine) as connection:
        connection.execute(text("DELETE FROM fact_page WHERE prefix <> ''"))
    follower = Follower(history.chain, replica, history.name)
    with pytest.raises(Quarantined, match="page"):
        follower.start()
    with replica.reading(quarantined=True) as view, pytest.raises(Quarantined, match="page"):
        prove_fact(view, ("governance",))
    replica.close()
