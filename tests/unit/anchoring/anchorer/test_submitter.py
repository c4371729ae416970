"""Frozen batches come onto the chain once each, whatever the chain and the endpoints do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from anchoring.anchorer.submitter import REPLACE_SECONDS, RESEND_SECONDS, Submitter, reconcile
from anchoring.chain import calls
from anchoring.chain.prices import MAX_RAISED, offer_price
from anchoring.chain.protocol import FeeTerms
from anchoring.errors import (
    NO_FUNDS,
    NONCE_TOO_HIGH,
    REFUSED,
    UNDERPRICED,
    AnchorContradicted,
    ChainUnavailable,
    RegisterBehind,
    TransactionRejected,
    WrongRegistry,
)
from anchoring.register.batches import list_open_batches
from anchoring.register.submissions import find_submission
from anchoring.register.transactions import StoredTransaction, list_transactions
from ledger.registry import acts
from ledger.registry.acts import Anchored
from tests.databases import NewDatabase
from tests.fakes.department import LOG, change, licence
from tests.fakes.fake_chain import FakeChain
from tests.fakes.issuing import City

REFUSED_CALL = calls.encode_accept_province()  # what the operator must not do: mined, and refused


@pytest.fixture
def city(tmp_path: Path, new_database: NewDatabase) -> Iterator[City]:
    made = City(tmp_path, new_database=new_database)
    yield made
    made.stop()


def sent(city: City, sequence: int = 1) -> list[StoredTransaction]:
    with city.register.reading() as connection:
        return list_transactions(connection, sequence)


def state(city: City, id: str) -> str:
    with city.register.reading() as connection:
        return find_submission(connection, id).state


def test_a_submission_becomes_final_step_by_step(city: City) -> None:
    acceptance = city.submit(licence(1))
    states = [state(city, acceptance.id)]
    for _ in range(3):
        city.anchorer.step()
        states.append(state(city, acceptance.id))
        city.mine()
    city.anchorer.step()
    states.append(state(city, acceptance.id))
    assert states == ["accepted", "submitted", "mined", "mined", "final"]
    assert len(sent(city)) == 1


def test_a_mined_transaction_says_nothing_before_the_replica_does(city: City) -> None:
    acceptance = city.submit(licence(1))
    city.anchorer.step()
    city.chain.mine()
    city.anchorer.step()
    assert state(city, acceptance.id) == "submitted"
    assert len(sent(city)) == 1
    city.follow()
    city.anchorer.step()
    assert state(city, acceptance.id) == "mined"


def test_batches_follow_one_another(city: City) -> None:
    for serial in range(4):
        city.submit(licence(serial))
        city.anchorer.step()
        city.mine()
    city.settle()
    anchors = city.anchors()
    assert [anchor.sequence for anchor in anchors] == list(range(1, len(anchors) + 1))
    assert anchors[-1].size == 4
    with city.register.reading() as connection:
        assert list_open_batches(connection) == []


def test_the_chain_is_down_at_submit_time(city: City) -> None:
    acceptance = city.submit(licence(1))
    city.chain.refuse("find_receipt", ChainUnavailable("no answer"), times=1)
    city.chain.refuse("simulate", ChainUnavailable("no answer"), times=2)
    for _ in range(2):
        with pytest.raises(ChainUnavailable):
            city.anchorer.step()
    assert state(city, acceptance.id) == "frozen"
    city.chain.faults.clear()
    city.settle()
    assert state(city, acceptance.id) == "final"
    assert [anchor.size for anchor in city.anchors()] == [1]


def test_a_lost_reply_is_looked_up_before_anything_is_sent_again(city: City) -> None:
    city.submit(licence(1))
    city.chain.refuse("send", ChainUnavailable("timed out"), persisted=True)
    with pytest.raises(ChainUnavailable):
        city.anchorer.step()
    city.chain.mine()
    city.chain.refuse("send", AssertionError("it was mined: nothing is to be sent"))
    city.anchorer.step()
    assert [transaction.sent_at for transaction in sent(city)] == [None]
    city.chain.faults.clear()
    city.settle()
    assert len(city.anchors()) == 1


def test_a_transaction_that_got_lost_is_handed_in_again(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    city.chain.drop(first.hash)
    city.chain.now += RESEND_SECONDS
    city.anchorer.step()
    assert [transaction.hash for transaction in sent(city)] == [first.hash]
    assert first.hash in city.chain.waiting


def test_a_stuck_transaction_is_replaced_with_the_same_payload(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    city.chain.delay(first.hash, 1000)
    city.chain.now += REPLACE_SECONDS
    city.anchorer.step()
    [_, second] = sent(city)
    assert (second.nonce, second.gas_price_wei > first.gas_price_wei) == (first.nonce, True)
    assert list(city.chain.waiting) == [second.hash]
    data = city.chain.waiting[second.hash].data
    city.mine()
    city.settle()
    [anchor] = city.anchors()
    assert data == calls.encode_call(anchor)


def test_a_fee_that_is_too_low_is_raised(city: City) -> None:
    city.submit(licence(1))
    city.chain.refuse("send", TransactionRejected(UNDERPRICED))
    city.anchorer.step()
    first, second = sent(city)
    assert second.gas_price_wei > first.gas_price_wei
    city.settle()
    assert len(city.anchors()) == 1


def test_the_first_of_two_transactions_may_win(city: City) -> None:
    acceptance = city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    won = city.chain.waiting[first.hash]
    city.chain.now += REPLACE_SECONDS
    city.anchorer.step()
    city.chain.waiting = {first.hash: won}
    city.settle()
    assert state(city, acceptance.id) == "final"
    assert len(city.anchors()) == 1


def test_a_number_that_another_transaction_took_is_left(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    city.chain.drop(first.hash)
    named = city.chain.submit(city.operator.address, city.contract, REFUSED_CALL)
    city.chain.mine()
    taken = city.chain.find_receipt(named)
    assert taken
    assert not taken.has_succeeded
    city.chain.now += RESEND_SECONDS
    city.anchorer.step()
    assert sent(city)[-1].nonce == first.nonce + 1
    city.settle()
    assert len(city.anchors()) == 1


def test_a_gap_before_the_transaction_is_filled(city: City) -> None:
    ahead = city.chain.submit(city.operator.address, city.contract, REFUSED_CALL)
    city.submit(licence(1))
    city.anchorer.step()
    city.chain.drop(ahead)
    city.mine(2)
    city.chain.now += REPLACE_SECONDS
    city.anchorer.step()
    first, second = sent(city)
    assert second.nonce == first.nonce - 1
    city.settle()
    assert len(city.anchors()) == 1


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("keep", [True, False], ids=["waits-again", "lost"])
def test_a_reorganisation_sends_the_same_bytes_again(city: City, depth: int, keep: bool) -> None:
    acceptance = city.submit(licence(1))
    city.anchorer.step()
    city.mine(depth)
    city.anchorer.step()
    [before] = city.anchors()
    city.submit(licence(2))
    city.chain.reorg(depth, keep=keep)
    city.follow()
    with city.replica.reading() as reading:
        reconcile(city.register, reading, LOG)
    assert state(city, acceptance.id) == "submitted"
    city.chain.now += RESEND_SECONDS
    city.settle()
    first, second = city.anchors()
    assert first == before
    assert (second.sequence, second.size) == (2, 2)


def test_two_batches_are_taken_back_together(city: City) -> None:
    for serial in (1, 2):
        city.submit(licence(serial))
        city.anchorer.step()
        city.mine()
    city.anchorer.step()
    before = city.anchors()
    assert len(before) == 2
    city.chain.reorg(2, keep=False)
    city.follow()
    city.chain.now += RESEND_SECONDS
    city.settle(20)
    assert city.anchors() == before


def test_two_anchorers_by_mistake_anchor_once(city: City) -> None:
    other = city.new_anchorer()
    for serial in range(3):
        city.submit(licence(serial), *([change("revoke", serial - 1)] if serial else []))
        city.anchorer.step()
        other.step()
        city.mine()
        other.step()
        city.mine()
    city.settle()
    assert [anchor.sequence for anchor in city.anchors()] == [1, 2, 3]
    assert all(len(sent(city, sequence)) == 1 for sequence in (1, 2, 3))


def test_an_operator_without_the_right_is_told(city: City) -> None:
    acceptance = city.submit(licence(1))
    city.act(acts.OperatorSet(LOG, city.net.account("somebody").address))
    with pytest.raises(TransactionRejected) as caught:
        city.anchorer.step()
    assert caught.value.name == "NotOperator"
    assert sent(city) == []
    city.act(acts.OperatorSet(LOG, city.operator.address))
    city.settle()
    assert state(city, acceptance.id) == "final"


def test_another_anchor_under_our_sequence_stops_everything(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    city.chain.drop(first.hash)
    foreign = Anchored(LOG, 1, 5, b"\x01" * 32, b"\x02" * 32, b"")
    city.chain.submit(city.operator.address, city.contract, calls.encode_call(foreign))
    city.chain.mine()
    city.chain.now += RESEND_SECONDS
    with pytest.raises(AnchorContradicted):
        city.anchorer.step()  # the contract says so
    city.follow()
    with pytest.raises(AnchorContradicted, match="somebody else anchors"):
        city.anchorer.step()  # … and so does the replica
    assert city.anchors() == [foreign]


def test_a_void_anchor_stops_everything(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ledger.registry.status.StatusTree.compute_root", lambda _: b"\x05" * 32)
        city.submit(licence(1))
        city.anchorer.step()
    city.mine(5)
    with pytest.raises(AnchorContradicted, match="is void"):
        city.anchorer.step()


def test_a_restored_register_refuses_to_anchor(city: City, new_database: NewDatabase) -> None:
    city.submit(licence(1))
    city.settle()
    city.stop()
    city.urls[0] = new_database("restored")
    city.start()
    with pytest.raises(RegisterBehind, match="restored from a backup"):
        city.anchorer.step()
    with pytest.raises(RegisterBehind):
        city.submit(licence(2))


def test_nothing_is_sent_to_another_chain(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    elsewhere = Submitter(city.register, FakeChain(), city.operator, city.registry)
    with pytest.raises(WrongRegistry):
        elsewhere.step(city.chain.now)


def test_an_anchor_that_is_refused_again_and_again_is_given_to_a_person(city: City) -> None:
    city.submit(licence(1))
    for _ in range(3):
        city.anchorer.step()
        waiting = city.chain.waiting
        city.chain.waiting = {name: replace(tx, data=REFUSED_CALL) for name, tx in waiting.items()}
        city.chain.mine()  # it refuses what it said it would take
    with pytest.raises(TransactionRejected) as caught:
        city.anchorer.step()
    assert caught.value.name == REFUSED
    assert len(sent(city)) == 3


def test_where_nothing_is_paid_nothing_is_raised(city: City) -> None:
    city.chain.terms_asked = FeeTerms(0, 0, 30_000_000)
    city.submit(licence(1))
    city.anchorer.step()
    [first] = sent(city)
    city.chain.delay(first.hash, 10)
    for _ in range(5):
        city.chain.now += REPLACE_SECONDS
        city.anchorer.step()
    assert [(transaction.hash, transaction.gas_price_wei) for transaction in sent(city)] == [(first.hash, 0)]
    city.mine(11)
    city.settle()
    assert len(city.anchors()) == 1


def test_an_older_transaction_is_handed_in_where_the_newer_is_refused(city: City) -> None:
    """A release before raised a price of zero to 1 wei, which an account without funds cannot pay."""
    city.chain.terms_asked = FeeTerms(0, 0, 30_000_000)
    city.submit(licence(1))
    city.anchorer.step()
    [free] = sent(city)
    city.chain.drop(free.hash)
    city.chain.terms_asked = FeeTerms(0, 1, 30_000_000)
    city.chain.refuse("send", TransactionRejected(NO_FUNDS), times=1)
    city.chain.now += REPLACE_SECONDS
    city.anchorer.step()
    assert [transaction.gas_price_wei for transaction in sent(city)] == [0, 1]
    assert list(city.chain.waiting) == [free.hash]
    city.settle()
    assert len(city.anchors()) == 1


def test_a_stuck_chain_is_no_auction(city: City) -> None:
    city.submit(licence(1))
    city.anchorer.step()
    for _ in range(100):
        for waiting in city.chain.waiting:
            city.chain.delay(waiting, 10**6)
        city.chain.now += REPLACE_SECONDS
        city.anchorer.step()
    prices = [transaction.gas_price_wei for transaction in sent(city)]
    assert len(prices) < 10
    assert max(prices) <= MAX_RAISED * offer_price(city.chain.terms_asked).max_wei


def test_a_number_that_is_too_high_is_drawn_anew(city: City) -> None:
    city.submit(licence(1))
    city.chain.refuse("send", TransactionRejected(NONCE_TOO_HIGH))
    city.anchorer.step()
    city.settle()
    assert len(city.anchors()) == 1


def test_nothing_is_sent_above_the_highest_price(city: City) -> None:
    city.submit(licence(1))
    city.anchorer = city.new_anchorer(max_gas_price=9)
    with pytest.raises(TransactionRejected, match="max_gas_price"):
        city.anchorer.step()
    assert sent(city) == []
    city.chain.terms_asked = FeeTerms(7, 2, 30_000_000)
    city.settle()
    assert {transaction.gas_price_wei for transaction in sent(city)} == {9}
    assert len(city.anchors()) == 1
