"""The traps of other systems of this kind, as far as the core can meet them.

One named test each.
"""

from dataclasses import replace
from hashlib import sha256

import pytest

from ledger.crypto.suites import SHA256
from ledger.crypto.trees import (
    CountedTree,
    MerkleTree,
    compute_root,
    follow_counted_path,
    hash_counted_leaf,
    hash_leaf,
    hash_node,
)
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.knowledge import Knowledge
from ledger.verification.reasons import Verdict
from ledger.verification.verify import Policy, PresentedContent, verify
from tests.scenes import DAY, DOCUMENT, START, City, Registry, scene


def test_leaf_and_node_prefixes() -> None:
    """Without prefixes a node of two leaves is the leaf of their hashes together."""
    left, right = hash_leaf(SHA256, b"left"), hash_leaf(SHA256, b"right")
    assert left == sha256(b"\x00left").digest()
    assert hash_node(SHA256, left, right) == sha256(b"\x01" + left + right).digest()
    assert hash_leaf(SHA256, left + right) != hash_node(SHA256, left, right)
    assert (
        hash_counted_leaf(SHA256, 1, b"left") == sha256(b"\x00" + (1).to_bytes(8, "big") + b"left").digest()
    )


def test_odd_nodes_are_not_doubled() -> None:
    """Doubling the last of three leaves makes a tree of three and a tree of four with one root."""
    leaves = [hash_leaf(SHA256, bytes([number])) for number in range(3)]
    assert MerkleTree(SHA256, leaves).root != MerkleTree(SHA256, [*leaves, leaves[-1]]).root


def test_an_inner_node_passed_off_as_a_leaf() -> None:
    """A shorter path from a node upwards reaches the root, but not in a tree of the signed size."""
    leaves = [hash_leaf(SHA256, bytes([number])) for number in range(4)]
    tree = MerkleTree(SHA256, leaves)
    inner = hash_node(SHA256, *leaves[:2])
    assert (
        compute_root(SHA256, inner, 0, 2, tree.find_path(0)[1:]) == tree.root
    )  # had the proof named the size
    with pytest.raises(MalformedInput):
        compute_root(SHA256, inner, 0, 4, tree.find_path(0)[1:])


def test_an_inner_node_of_a_batch_passed_off_as_an_entry() -> None:
    """The leaf of a batch is hashed from the entry itself, so no node can stand in for it."""
    city, _ = scene()
    licences = [city.licence() for _ in range(4)]
    city.anchor(*(city.submit(licence) for licence in licences))
    proof = city.proof(licences[0])
    assert city.verify(replace(proof, batch_path=proof.batch_path[1:])).reason == "not_in_batch"
    assert city.verify(replace(proof, batch_path=proof.batch_path[:1])).reason == "not_in_batch"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_hashes_that_are_not_32_bytes(length: int) -> None:
    """A path element of another length shifts the bytes that a node hashes."""
    leaves = [hash_leaf(SHA256, bytes([number])) for number in range(2)]
    with pytest.raises(MalformedInput):
        compute_root(SHA256, leaves[0], 0, 2, [bytes(length)])
    with pytest.raises(MalformedInput):
        compute_root(SHA256, bytes(length), 0, 2, [leaves[1]])
    city, items = scene()
    proof = city.proof(items[0])
    text = proof.encode().replace(proof.path[0].hex().encode(), b"00" * length)
    assert city.verify(text).verdict is not Verdict.VALID


def test_trees_of_size_0() -> None:
    """Nothing is in an empty tree, and an anchor that did not grow its log proves no entry."""
    with pytest.raises(MalformedInput):
        MerkleTree(SHA256, [])
    with pytest.raises(MalformedInput):
        CountedTree(SHA256, [])
    with pytest.raises(MalformedInput):
        compute_root(SHA256, bytes(32), 0, 0, [])
    with pytest.raises(MalformedInput):
        follow_counted_path(SHA256, 0, bytes(32), [])
    city, (licence, *_) = scene()
    city.anchor()
    assert city.verify(replace(city.proof(licence), sequence=2)).reason == "not_in_batch"


def test_the_same_proof_for_every_document() -> None:
    """Every record of a batch has a path of its own, which fits no other."""
    city, items = scene(count=7)
    proofs = [city.proof(item) for item in items]
    assert len({(proof.index, proof.path) for proof in proofs}) == 7
    for proof in proofs:
        for other in proofs:
            taken = replace(proof, index=other.index, path=other.path)
            assert (city.verify(taken).verdict is Verdict.VALID) == (proof is other)


def test_a_root_that_nobody_anchored() -> None:
    """A complete proof under a root of one's own, beside a chain that never saw it."""
    city, _ = scene()
    forger = City(Registry(seed=2), "tianmen")
    licence = forger.licence()
    forger.register(licence)
    proof = forger.proof(licence)
    assert forger.verify(proof).verdict is Verdict.VALID
    assert city.verify(proof).verdict is Verdict.INVALID
    assert city.verify(replace(proof, sequence=99)).get_step(7).reason == "anchor_unknown"


def test_a_root_that_was_merely_not_anchored_yet() -> None:
    """Not yet is not the same as tampered."""
    city, _ = scene()
    licence = city.licence()
    city.register(licence)
    behind = City(Registry(), "tianmen")  # the same registry, by its seed, before that anchor
    report = behind.verify(city.proof(licence))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "anchor_unknown")


def test_a_missing_key_is_not_a_forgery() -> None:
    """A node that does not know the key yet cannot say that the signature is wrong."""
    city, _ = scene()
    key, licence = city.new_key(), city.licence()
    city.registry.act(acts.KeyRegistered("tianmen", 1, key.public.spki))
    city.anchor(city.submit(licence, signer=key))
    report = City(Registry(), "tianmen").verify(city.proof(licence))
    assert report.get_step(5).reason == "key_unknown"
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("index", [3, 4, 7, 2**20 - 1])
def test_an_index_beyond_the_range_of_the_entry(index: int) -> None:
    """An index beyond the signed count would be a position of the next entry."""
    city, (licence, *_) = scene()
    report = city.verify(replace(city.proof(licence), index=index))
    assert (report.verdict, report.get_step(4).reason) == (Verdict.INVALID, "not_in_submission")


def test_a_proof_from_another_log_with_the_same_root() -> None:
    """Two logs anchor the same batch root; each statement names its log, under the signature."""
    city, _ = scene()
    other = City(city.registry, "wuhan")
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission)
    other.anchor(submission)
    proof = other.proof(licence, staple=None)
    assert (
        city.verify(proof).verdict is Verdict.INVALID
    )  # the anchor of that number in the statement's own log
    moved = replace(proof.entry.statement, log="wuhan")
    report = city.verify(replace(proof, entry=replace(proof.entry, statement=moved)))
    assert report.get_step(5).reason == "signature_bad"
    assert report.get_step(8).reason == "issuer_not_in_log"


def test_a_signature_valid_for_another_submission() -> None:
    """A genuine signature of the same key, moved to another statement."""
    city, _ = scene()
    first, second = city.submit(city.licence()), city.submit(licence := city.licence())
    forged = replace(second, entry=replace(second.entry, signature=first.entry.signature))
    city.anchor(forged)
    assert city.verify(city.proof(licence)).reason == "signature_bad"


def test_a_key_that_speaks_for_another_issuer() -> None:
    """Two departments of one log: each key is granted one of them."""
    city, _ = scene()
    issuer = "11429006000000029A"
    city.registry.act(acts.IssuerAssigned("tianmen", issuer))
    licence = city.licence(
        issuer=issuer, identifier=f"1.2.156.3005.2.11100000MB0143028R001.{issuer}.000000016.001.9"
    )
    city.anchor(city.submit(licence))
    assert city.verify(city.proof(licence)).reason == "not_entitled"
    city.give(city.key, issuer)
    again = city.licence(
        issuer=issuer, identifier=f"1.2.156.3005.2.11100000MB0143028R001.{issuer}.000000017.001.9"
    )
    city.anchor(city.submit(again))
    assert city.verify(city.proof(again)).verdict is Verdict.VALID


@pytest.mark.parametrize(("since", "verdict"), [(0, Verdict.UNVERIFIABLE), (1, Verdict.VALID)])
def test_a_key_compromised_before_the_anchor(since: int, verdict: Verdict) -> None:
    """At the very second of the anchor the key counts as compromised; a second later the anchor stands."""
    city, (licence, *_) = scene()
    anchored = city.registry.now
    city.registry.wait(DAY)
    city.registry.act(acts.KeyCompromised(city.key.public.id, anchored + since))
    city.anchor()
    assert city.verify(city.proof(licence)).verdict is verdict


def test_a_revoked_certificate_with_a_staple_from_before() -> None:
    """The staple is genuine and says valid, as of then."""
    city, (licence, *_) = scene()
    before = city.proof(licence)
    assert city.verify(before).verdict is Verdict.VALID
    city.register(city.follow("revoke", licence))
    assert city.verify(before).verdict is Verdict.NOT_CURRENT


def test_a_renewed_certificate_shown_as_valid() -> None:
    """The paper of before the renewal has its dates and its signature still."""
    city, (licence, *_) = scene()
    renewal = city.follow("renew", licence)
    city.register(renewal)
    assert city.verify(city.proof(licence)).reason == "superseded"
    assert city.verify(city.proof(renewal)).verdict is Verdict.VALID


@pytest.mark.parametrize("wrong", [-3650 * DAY, -DAY, DAY, 3650 * DAY])
def test_a_clock_that_is_wrong(wrong: int) -> None:
    """A clock behind the chain is found out by it; one ahead makes everything look old. Neither is ever valid."""
    city, (licence, *_) = scene()
    report = city.verify(city.proof(licence), now=city.registry.now + wrong)
    assert report.get_step(12).reason == ("clock_behind" if wrong < 0 else "knowledge_stale")
    assert report.verdict is (Verdict.NOT_CURRENT if wrong > 3000 * DAY else Verdict.UNVERIFIABLE)


def test_a_replica_that_is_behind() -> None:
    """The chain goes on, this node does not: after the age that the policy bears nothing is valid any more."""
    city, (licence, *_) = scene()
    proof, known_at = city.proof(licence), city.registry.now
    assert city.verify(proof, now=known_at + 600, policy=Policy(max_age_seconds=600)).verdict is Verdict.VALID
    stale = city.verify(proof, now=known_at + 601, policy=Policy(max_age_seconds=600))
    assert (stale.verdict, stale.reason) == (Verdict.UNVERIFIABLE, "knowledge_stale")


def test_blocks_alone_do_not_make_knowledge_fresh() -> None:
    """The chain is alive and the city silent: its statuses are as old as its last good anchor."""
    city, (licence, *_) = scene()
    city.registry.wait(DAY)
    assert city.verify(city.proof(licence)).reason == "knowledge_stale"
    city.anchor()
    assert city.verify(city.proof(licence)).verdict is Verdict.VALID


def test_a_chain_whose_id_is_not_the_expected_one() -> None:
    """The same contract, the same acts, another chain."""
    city, (licence, *_) = scene()
    proof: Proof = city.proof(licence)
    other = City(Registry(chain_id=1), "tianmen")
    report = other.verify(proof)
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "other_registry")
    assert other.registry.now > START


@pytest.mark.parametrize("action", [None, "revoke"])
def test_knowledge_that_could_not_be_had_is_no_good_news(action: str | None) -> None:
    """Others showed "not revoked", or took any issuer, where a list could not be read."""
    city, (licence, *_) = scene()
    if action:
        city.register(city.follow(action, licence))
    registry = city.registry
    nothing = Knowledge(registry.name, registry.head_zero)
    report = verify(PresentedContent(documents=(DOCUMENT,)), city.proof(licence), nothing, registry.now)
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "log_unknown")
    for event in registry.events:
        nothing.apply(event)
        known = verify(PresentedContent(documents=(DOCUMENT,)), city.proof(licence), nothing, registry.now)
        assert (known.verdict is Verdict.VALID) <= (
            action is None and nothing.fold.event_number == registry.events[-1].event_number
        )
