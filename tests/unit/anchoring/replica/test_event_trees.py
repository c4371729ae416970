"""The trees over the events of a replica, whatever the history and however it was followed."""

import pytest
from sqlalchemy import text

from anchoring.database.engine import begin_transaction
from anchoring.errors import NotFound, Quarantined
from anchoring.follower.follower import Follower
from anchoring.replica.refold import refold
from anchoring.replica.store import Replica
from ledger.crypto.append_only import check_consistency
from ledger.crypto.trees import MerkleTree, hash_leaf
from ledger.registry.event_trees import SUITES, EventTrees
from ledger.registry.snapshots import encode_event
from tests.databases import POSTGRESQL, SQLITE, NewDatabase
from tests.fakes.histories import History


def execute(replica: Replica, statement: str) -> None:
    with begin_transaction(replica.engine) as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("new_database", [SQLITE, POSTGRESQL], indirect=True)
def test_a_replica_that_grows_in_steps_has_the_roots_of_its_events(new_database: NewDatabase) -> None:
    history, replica = History(3), Replica(new_database("replica"))
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    for _ in range(6):
        history.grow(7)
        follower.step()
        with replica.reading() as view:
            events = [event.event for event in view.walk_events()]
            for suite in SUITES:
                leaves = [hash_leaf(suite, encode_event(event)) for event in events]
                roots = [view.event_root(suite, n) for n in range(1, len(events) + 1)]
                assert roots == [MerkleTree(suite, leaves[:n]).root for n in range(1, len(events) + 1)]
                for old_n in range(1, len(events) + 1, 5):
                    path = view.prove_growth(suite, old_n, len(events))
                    check_consistency(suite, old_n, roots[old_n - 1], len(events), roots[-1], path)
    replica.close()


def test_an_event_that_is_not_there_has_no_root(new_database: NewDatabase) -> None:
    history, replica = History(1), Replica(new_database("replica"))
    history.grow(20)
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    follower.step()
    with replica.reading() as view:
        for n in (0, view.cursor.event_number + 1):
            with pytest.raises(NotFound, match="is not final here"):
                view.event_root(SUITES[0], n)
        with pytest.raises(NotFound, match="comes after"):
            view.prove_growth(SUITES[0], 3, 2)
    replica.close()


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM event_node WHERE n = 4", "UPDATE event_node SET sha256 = sm3 WHERE n = 4"],
    ids=["forgotten", "altered"],
)
def test_attack_append_only_bypass_a_tree_that_forgets(new_database: NewDatabase, damage: str) -> None:
    history, replica = History(1), Replica(new_database("replica"))
    history.grow(20)
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    follower.step()
    execute(replica, damage)
    with replica.reading() as view, pytest.raises(Quarantined, match="event_node"):
        refold(view)
    replica.close()


@pytest.mark.parametrize("damage", [
    "DELETE FROM event_node", "UPDATE event_node SET sm3 = sha256, sha256 = substr(sha256, 1, 32)",
])  # fmt: skip
def test_a_replica_without_whole_nodes_does_not_go_on(new_database: NewDatabase, damage: str) -> None:
    history, replica = History(1), Replica(new_database("replica"))
    history.grow(20)
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    follower.step()
    execute(replica, damage)
    history.grow(5)
    with pytest.raises(Quarantined, match="no whole tree nodes"):
        follower.step()
    replica.close()


def test_trees_that_are_empty_have_the_number_0() -> None:
    assert EventTrees().n == 0
