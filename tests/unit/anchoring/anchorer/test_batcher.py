"""Batches freeze what was accepted, in order, when their policy says so and once for ever."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.anchorer.batcher import BatchPolicy, freeze
from anchoring.chain import calls
from anchoring.errors import NotFound, RegisterBehind
from anchoring.processes.loops import POLL_SECONDS
from anchoring.register.batches import Batch, list_open_batches, set_states
from anchoring.register.records import find_causes, find_newest_leaf, find_record
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, find_submission, read_batch_entries
from ledger import limits
from ledger.crypto.suites import SM3
from ledger.crypto.trees import EMPTY_ROOT, CountedTree, hash_counted_leaf
from ledger.registry import acts
from ledger.registry.acts import Anchored
from ledger.registry.status import MAX_ANCHOR_CHANGES, Status, StatusTree, decode_changes, encode_changes
from tests.databases import NewDatabase
from tests.fakes.department import LOG, change, identifier, licence
from tests.fakes.issuing import EAGER, City
from tests.fakes.nets import act_on

STOPPED = threading.Event()
STOPPED.set()


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    made = City(tmp_path, new_database=new_database)
    yield made
    made.stop()


def frozen(
    city: City, *, now: int | None = None, policy: BatchPolicy = EAGER, log: str = LOG
) -> Batch | None:
    with city.replica.reading() as reading:
        return freeze(city.register, reading, city.trees, log, now or city.chain.now, policy)


def open_batches_of(city: City) -> list[Batch]:
    with city.register.reading() as connection:
        return list_open_batches(connection)


def finish(register: Register, batch: Batch | None) -> None:
    """Let a batch count as final without a chain."""
    assert batch
    with register.writing() as connection:
        set_states(connection, [(batch.sequence, FINAL)])


def test_a_batch_takes_submissions_in_the_order_of_acceptance(city: City) -> None:
    acceptances = [city.submit(*(licence(10 * n + m) for m in range(n))) for n in (3, 1, 2)]
    batch = frozen(city)
    assert batch
    with city.register.reading() as connection:
        entries = read_batch_entries(connection, batch.sequence)
        states = {find_submission(connection, acceptance.id).state for acceptance in acceptances}
    assert [(first, count) for first, count, _ in entries] == [(0, 3), (3, 1), (4, 2)]
    assert states == {"frozen"}
    tree = CountedTree(SM3, [(count, hash_counted_leaf(SM3, count, entry)) for _, count, entry in entries])
    anchor = batch.anchor
    assert (anchor.sequence, anchor.size, anchor.root) == (1, 6, tree.root)


def test_the_status_root_is_that_of_all_changes(city: City) -> None:
    first = city.submit(*(licence(n) for n in range(100)))
    finish(city.register, frozen(city))
    second = city.submit(change("suspend", 7), change("renew", 8, 2), licence(200), change("revoke", 200))
    batch = frozen(city)
    assert batch
    tree = StatusTree(SM3)
    tree.grow(first.record_count + second.record_count)
    with city.register.reading() as connection:
        for serial, status in ((7, Status.SUSPENDED), (8, Status.SUPERSEDED), (200, Status.REVOKED)):
            [original] = [
                held
                for held in (find_record(connection, leaf) for leaf in leaves_of(city, serial))
                if held.record.action == "issue"
            ]
            tree.set(original.position, status)
            [cause] = find_causes(connection, original.position)
            assert find_record(connection, cause).record.previous == original.leaf
    assert batch.anchor.status_root == tree.compute_root()
    assert len(decode_changes(batch.anchor.status_changes, batch.anchor.size)) == 3


def leaves_of(city: City, serial: int) -> list[bytes]:
    """Return the leaf hashes of a lineage, from its newest record backwards."""
    found = []
    with city.register.reading() as connection:
        leaf: bytes | None = find_newest_leaf(connection, identifier(serial))
        while leaf:
            found.append(leaf)
            leaf = find_record(connection, leaf).record.previous
    return found


def test_a_position_changes_its_status_once_a_batch(city: City) -> None:
    city.submit(licence(1))
    finish(city.register, frozen(city))
    city.submit(change("suspend", 1))
    city.submit(change("resume", 1))
    city.submit(licence(2))
    for size, words in ((2, 1), (4, 1)):
        batch = frozen(city)
        assert batch
        assert (batch.anchor.size, len(batch.anchor.status_changes) // 6) == (size, words)
        finish(city.register, batch)


def test_a_batch_carries_no_more_changes_than_an_anchor(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchoring.anchorer.batcher.MAX_ANCHOR_CHANGES", 5)
    city.submit(*(licence(n) for n in range(9)))
    finish(city.register, frozen(city))
    for start in (0, 3, 6):
        city.submit(*(change("revoke", n) for n in range(start, start + 3)))
    for size in (12, 15, 18):
        batch = frozen(city)
        assert batch
        assert batch.anchor.size == size
        finish(city.register, batch)


def test_a_batch_grows_no_more_than_an_anchor_may(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchoring.anchorer.batcher.MAX_ANCHOR_GROWTH", 5)
    assert limits.MAX_SUBMISSION_RECORDS <= limits.MAX_ANCHOR_GROWTH, "any submission must fit a batch"
    for start in (0, 10, 20):
        city.submit(*(licence(n) for n in range(start, start + 3)))
    batch = frozen(city)
    assert batch
    assert batch.anchor.size == 3


def test_the_next_batch_waits_until_the_last_is_mined(city: City) -> None:
    city.submit(licence(1))
    first = frozen(city)
    city.submit(licence(2))
    assert frozen(city) is None
    finish(city.register, first)
    second = frozen(city)
    assert second
    assert second.sequence == 2


def test_submissions_wait_for_company(city: City) -> None:
    policy = BatchPolicy(urgent_seconds=1, quiet_seconds=3, full_records=10)
    city.submit(licence(1))
    accepted = city.chain.now
    assert frozen(city, now=accepted + 2, policy=policy) is None
    batch = frozen(city, now=accepted + 3, policy=policy)
    assert batch
    finish(city.register, batch)
    city.submit(change("revoke", 1))
    assert frozen(city, now=accepted, policy=policy) is None
    batch = frozen(city, now=accepted + 1, policy=policy)
    assert batch
    finish(city.register, batch)
    city.submit(*(licence(n) for n in range(10, 20)))
    assert frozen(city, now=accepted, policy=policy)


def test_a_batch_of_many_bytes_waits_no_more(city: City) -> None:
    policy = BatchPolicy(urgent_seconds=1, quiet_seconds=3, full_bytes=2_000)
    accepted = city.chain.now
    city.submit(licence(1))
    assert frozen(city, now=accepted, policy=policy) is None
    for serial in (2, 3, 4):
        city.submit(licence(serial))
    assert frozen(city, now=accepted, policy=policy)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 0.75, 0.99])
def test_a_change_of_status_closes_a_batch_within_five_seconds(city: City, fraction: float) -> None:
    """By the policy and the pace of a node as it is set up, with records that wait for company beside it."""
    city.submit(licence(1))
    city.settle()
    city.policy = BatchPolicy()
    clock = city.chain.now + fraction
    anchorer = city.new_anchorer(lambda: clock)
    city.anchorer.run(STOPPED)
    assert anchorer.step()
    city.submit(licence(2))
    city.submit(change("revoke", 1))
    begun = city.chain.now
    while not open_batches_of(city):
        assert clock - begun < 5
        clock += POLL_SECONDS
        anchorer.step()


def test_a_change_of_status_closes_a_batch_as_soon_as_the_last_is_mined(city: City) -> None:
    city.submit(licence(1))
    batch = frozen(city)
    city.submit(change("revoke", 1))
    accepted = city.chain.now
    assert frozen(city, now=accepted + 60, policy=BatchPolicy()) is None
    finish(city.register, batch)
    assert frozen(city, now=accepted + 60, policy=BatchPolicy())


def test_every_other_policy_leaves_time_for_a_change_of_status() -> None:
    assert BatchPolicy().urgent_seconds + POLL_SECONDS < 5
    assert BatchPolicy().heartbeat_seconds == 600


def test_the_largest_anchor_fits_a_transaction() -> None:
    """Nodes refuse transactions above 128 kB (go-ethereum's txMaxSize, which Besu and others keep to)."""
    changes = encode_changes([(position, 4) for position in range(MAX_ANCHOR_CHANGES)])
    largest = Anchored("a" * 32, 2**63, 2**40, bytes(32), bytes(32), changes)
    assert len(calls.encode_call(largest)) + 500 < 128 * 1024


def test_a_heartbeat_says_that_nothing_is_new(city: City) -> None:
    city.submit(licence(1))
    batch = frozen(city)
    assert batch
    finish(city.register, batch)
    assert frozen(city, now=batch.frozen_at + 599) is None
    heartbeat = frozen(city, now=batch.frozen_at + 600)
    assert heartbeat
    anchor = heartbeat.anchor
    assert (anchor.sequence, anchor.size, anchor.root, anchor.status_changes) == (2, 1, bytes(32), b"")
    assert anchor.status_root == batch.anchor.status_root


def test_a_log_without_any_record_has_a_heartbeat_too(city: City) -> None:
    now = city.chain.now
    assert frozen(city, now=now) is None
    heartbeat = frozen(city, now=now + 600)
    assert heartbeat
    assert (heartbeat.anchor.size, heartbeat.anchor.status_root) == (0, EMPTY_ROOT)


def test_a_frozen_batch_keeps_its_bytes(city: City) -> None:
    city.submit(licence(1))
    batch = frozen(city)
    city.submit(licence(2))
    city.start()
    assert frozen(city) is None
    with city.register.reading() as connection:
        assert batch
        assert read_batch_entries(connection, 1)[0][1] == 1


def test_a_register_behind_the_chain_freezes_nothing(city: City, new_database: NewDatabase) -> None:
    city.submit(licence(1))
    city.settle()
    city.register.close()
    city.register = Register(new_database("yesterday"))
    with pytest.raises(RegisterBehind) as caught:
        frozen(city)
    assert "batches 1 to 1" in str(caught.value)


def test_a_register_behind_what_is_not_final_yet_freezes_nothing(
    city: City, new_database: NewDatabase
) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    city.mine()
    city.register.close()
    city.register = Register(new_database("yesterday"))
    city.submit(licence(2))
    with pytest.raises(RegisterBehind):
        frozen(city)


def test_a_log_that_is_not_admitted_is_not_found(city: City) -> None:
    with pytest.raises(NotFound):
        frozen(city, log="wuhan")


def test_an_admission_that_is_not_final_blames_nobody(city: City) -> None:
    """On a chain that makes blocks on demand it may never become final."""
    admitted = acts.LogAdmitted("xiantao", 1, city.operator.address, ("429004",), acts.Predecessor())
    act_on(city.net, city.net.account("province"), city.contract, calls.encode_call(admitted))
    city.follow()
    with pytest.raises(NotFound, match="final_depth = 0"):
        frozen(city, log="xiantao")
    with pytest.raises(NotFound, match="ask the province"):
        frozen(city, log="qianjiang")
