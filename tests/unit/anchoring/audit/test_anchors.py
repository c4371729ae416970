"""Anchors that keys, grants or earlier anchors contradict are found."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from anchoring.chain.accounts import read_anchor_call, read_transaction
from anchoring.chain.protocol import RegistryName
from anchoring.register.submissions import FINAL, read_batch_entries
from anchoring.register.tables import BATCH
from anchoring.register.transactions import insert_transaction, list_transactions
from ledger.crypto.suites import SM3
from ledger.crypto.trees import CountedTree
from ledger.encoding.canonical import decode
from ledger.records.submissions import decode_entry
from ledger.registry import acts
from ledger.registry.status import StatusTree, encode_changes
from tests.fakes.department import ISSUER, LOG, NOW, Department, licence
from tests.fakes.issuing import City
from tests.unit.anchoring.audit.planting import audited, planted


def test_a_key_that_was_stolen_later_is_remarked_and_one_retired_before_the_anchor_is_found(
    tmp_path: Path,
) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    city.submit(licence(2))
    key = city.department.key.public.id
    city.act(acts.KeyRetired(key, city.chain.now + 1))
    city.settle()
    report = audited(city)
    assert [finding.slug for finding in report.findings] == ["key-retired"]
    city.act(acts.KeyCompromised(key, NOW))
    report = audited(city)
    assert [remark.slug for remark in report.remarks] == ["key-compromised", "key-compromised"]
    city.stop()


def test_a_grant_that_ended_before_the_anchor_is_found(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.department = Department(city.registry, seed=2)
    key = city.department.key.public
    city.act(acts.KeyRegistered(LOG, 1, key.spki))
    city.act(acts.KeyGranted(LOG, key.id, ISSUER, 15, (), 0, city.chain.now + 100))
    city.submit(licence(1))
    city.chain.mine(200)
    city.follow()
    city.settle()
    report = audited(city)
    assert [(finding.slug, finding.place) for finding in report.findings] == [
        ("not-entitled", "position 0"),
        ("not-granted", "position 0"),
    ]
    city.stop()


@pytest.mark.parametrize("whole", [True, False], ids=["the batch", "one entry of it"])
def test_a_second_occurrence_that_the_chain_alone_has_is_named_as_such(tmp_path: Path, whole: bool) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.submit(licence(2))
    city.settle()
    with city.register.reading() as connection:
        entries = [decode_entry(decode(row[2])) for row in read_batch_entries(connection, 1)]
    root = city.anchors()[0].root if whole else CountedTree.compute_root(SM3, [entries[1].hash_leaf()])
    tree = StatusTree(SM3)
    tree.grow(4 if whole else 3)
    size = 4 if whole else 3
    city.act(acts.Anchored(LOG, 2, size, root, tree.compute_root(), b""), "operator")
    told = {finding.slug: finding for finding in audited(city).findings}
    assert "batch-missing" not in told
    repeated = told["entry-repeated"]
    assert repeated.place == "batch 2"
    assert ("the entries of batch 1" if whole else "the entry at position 1 of batch 1") in repeated.text
    city.stop()


def test_a_batch_that_was_signed_again_with_another_nonce_accuses_nobody(tmp_path: Path) -> None:
    """What was never mined leaves its nonce to another batch, as after a reorganisation."""
    city = City(tmp_path)
    for number in (1, 2):
        city.submit(licence(number))
        city.settle()
    with city.register.writing() as connection:
        (first,), (second,) = (list_transactions(connection, sequence) for sequence in (1, 2))
        fields = read_transaction(first.raw_bytes)
        signed = city.operator.sign(
            chain_id=RegistryName.parse(city.registry).chain_id,
            nonce=second.nonce,
            to=city.contract,
            data=read_anchor_call(first.raw_bytes).data,
            gas=fields.gas,
            price=fields.price,
        )
        unmined = replace(first, hash=signed.hash, raw_bytes=signed.raw_bytes, nonce=second.nonce)
        insert_transaction(connection, unmined)
    report = audited(city)
    assert (report.findings, report.remarks) == ((), ())
    city.stop()


def test_the_state_of_a_batch_hides_no_deleted_transaction(city: City, tmp_path: Path) -> None:
    frozen = "UPDATE batch SET state = 'frozen' WHERE sequence = 3"
    with planted(city, tmp_path, frozen, "DELETE FROM signed_transaction WHERE sequence = 3") as register:
        report = audited(city, register)
    assert [(finding.slug, finding.place) for finding in report.findings] == [
        ("transaction-missing", "batch 3")
    ]


def test_anchors_that_somebody_else_made_are_found(tmp_path: Path) -> None:
    """A void anchor, one that contradicts a status, and one that repeats the root of another."""
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    tree = StatusTree(SM3)
    tree.grow(1)
    root = city.anchors()[0].root
    void = acts.Anchored(LOG, 2, 1, bytes(32), b"\1" * 32, b"")
    tree.set(0, 8)
    contradiction = acts.Anchored(LOG, 3, 1, bytes(32), tree.compute_root(), encode_changes([(0, 8)]))
    tree.grow(2)
    repeated = acts.Anchored(LOG, 4, 2, root, tree.compute_root(), b"")
    for act in (void, contradiction, repeated):
        city.act(act, "operator")
    assert {finding.slug for finding in audited(city).findings} >= {"batch-missing", "entry-repeated"}
    with city.register.writing() as connection:
        for act in (void, contradiction, repeated):
            row = {"sequence": act.sequence, "payload": act.encode(), "frozen": NOW, "state": FINAL}
            connection.execute(insert(BATCH), [row])
    found = {finding.slug for finding in audited(city).findings}
    assert {"anchor-void", "status-contradictory", "anchored-twice"} <= found
    city.stop()
