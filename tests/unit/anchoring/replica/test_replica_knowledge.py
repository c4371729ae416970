"""A replica's database answers exactly as `ledger.registry.knowledge` does.

Whatever the history and however it was followed.
"""

from typing import Final

import pytest

from anchoring.follower.follower import Follower
from anchoring.replica.reading import ReplicaView
from anchoring.replica.refold import refold
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica
from ledger.registry.knowledge import Knowledge
from tests.databases import POSTGRESQL, SQLITE, NewDatabase
from tests.fakes.histories import HORIZON, History


def told(history: History) -> Knowledge:
    """Return what the model knows of the final blocks."""
    chain, final = history.chain, history.chain.fetch_final_block()
    knowledge = Knowledge(history.name, chain.fetch_head_zero(history.contract))
    for found in chain.fetch_events(history.contract, 0, final.number):
        knowledge.apply(found.event)
    knowledge.note_time(final.time)
    return knowledge


def assert_same(reading: ReplicaView, model: Knowledge, history: History) -> None:
    registry = history.chain.registry(history.contract)
    assert reading.registry == model.registry
    assert reading.time == model.time
    assert reading.cursor.event == (
        model.fold.event_number,
        model.fold.head,
        model.fold.block_number,
        model.fold.time,
    )
    assert reading.find_governance() == model.find_governance()
    assert reading.list_logs() == model.list_logs()
    assert {item.division: item.log for item in reading.list_divisions()} == model.divisions
    for key in [*registry.keys, b"\x07" * 32]:
        assert reading.find_key(key) == model.find_key(key)
        for issuer in registry.issuers:
            assert tuple(reading.list_grants(key, issuer)) == tuple(model.list_grants(key, issuer))
    for issuer in [*registry.issuers, "unknown"]:
        for n in range(0, model.fold.event_number + 2, 3):
            assert reading.find_issuer_log(issuer, n) == model.find_issuer_log(issuer, n)
    for log in [*registry.logs, "unknown"]:
        assert reading.find_log(log) == model.find_log(log)
        last = registry.logs[log].sequence if log in registry.logs else 1
        for sequence in range(last + 2):
            assert reading.find_anchor(log, sequence) == model.find_anchor(log, sequence)
        for position in range(HORIZON):
            for sequence in (0, last // 2, last - 1, last):
                assert reading.find_status(log, position, sequence) == model.find_status(
                    log, position, sequence
                )


# Every question is asked of both databases in the same words; few histories show what only one of them gets wrong.
SEEDS: Final = [(SQLITE, seed) for seed in range(8)] + [(POSTGRESQL, seed) for seed in (2, 5)]


@pytest.mark.parametrize(("new_database", "seed"), SEEDS, indirect=["new_database"])
def test_a_replica_answers_as_the_model_does(new_database: NewDatabase, seed: int) -> None:
    history = History(seed)
    random = history.random
    replica = Replica(new_database("replica"))
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    trees = StatusTrees()
    for _ in range(6):
        history.grow(random.randrange(1, 12))
        if random.random() < 0.5:
            history.chain.reorg(random.randrange(1, 3), keep=random.random() < 0.5)
        follower.step()
        if random.random() < 0.3:
            follower = Follower(history.chain, replica, history.name)
            follower.start()
        model = told(history)
        with replica.reading() as reading:
            assert_same(reading, model, history)
            assert {log: tree.compute_root() for log, tree in refold(reading).items()} == {
                log: tree.compute_root() for log, tree in model.trees.items()
            }
            for log in model.trees:
                assert trees.copy(reading, log).compute_root() == model.trees[log].compute_root()


@pytest.mark.parametrize("name", ["", "tianmen\0", "\0", "\ud800", "天门"], ids=ascii)
def test_no_text_of_a_proof_is_too_odd_to_be_unknown(new_database: NewDatabase, name: str) -> None:
    history = History(1)
    history.grow(20)
    replica = Replica(new_database("replica"))
    follower = Follower(history.chain, replica, history.name)
    follower.start()
    follower.step()
    with replica.reading() as reading:
        assert reading.find_log(name) is None
        assert reading.find_anchor(name, 1) is None
        assert reading.find_issuer_log(name, 2**63 - 1) is None
        assert reading.list_grants(bytes(32), name) == ()
        assert reading.find_status(name, 0, 2**53 - 1) is None
    replica.close()


def test_the_histories_contain_what_makes_replicas_differ() -> None:
    kinds: set[int] = set()
    voids = contradictions = unknown_statuses = 0
    for seed in range(6):
        history = History(seed)
        history.grow(60)
        kinds |= {
            found.event.kind
            for found in history.chain.fetch_events(
                history.contract, 0, history.chain.fetch_final_block().number
            )
        }
        model = told(history)
        for log in model.list_logs():
            unknown_statuses += not log.is_status_known
            anchors = [model.find_anchor(log.name, sequence) for sequence in range(1, log.sequence + 1)]
            voids += sum(bool(anchor and anchor.void_reason) for anchor in anchors)
            known = [model.find_status(log.name, position, log.sequence) for position in range(HORIZON)]
            contradictions += sum(bool(status and status.is_contradictory) for status in known)
    assert kinds == set(range(1, 16))
    assert voids > 10
    assert contradictions > 10
    assert unknown_statuses > 0
