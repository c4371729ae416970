"""The attacks of docs/threat-model.md that the core can meet: one named test each.

Those on status, by repetition and by spelling are in the modules beside. Where the others are met:

    attack                                                       met by
    -----------------------------------------------------------  -----------------------------------------------------
    another city registers my department                         the contract's own tests; what is left of it is below
    the same statement anchored twice by a node's mistake        intake, which takes a root once per log, and the audit
    a snapshot whose keys vouch for itself, a rolled-back one    the tests of snapshots and trust files
    two archives in one OFD, a page replaced in the update       the tests of `ledger/documents`; until they are there, any
    that carries the proof                                       file that is not the registered bytes is a mismatch
    a frozen batch rebuilt after a reorg                         tests/faults: the bytes of a frozen batch never change
"""

from dataclasses import replace
from typing import Any

import pytest

from ledger.crypto.trees import CountedTree
from ledger.errors import BrokenHead
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.registry import acts
from ledger.registry.knowledge import Knowledge
from ledger.verification.reasons import Verdict
from tests.scenes import CLAIMS, DAY, START, City, Registry, scene


def test_another_city_registers_my_department() -> None:
    """Wuhan's log anchors a licence of Tianmen's department, signed by a key that Wuhan registered and granted."""
    city, _ = scene()
    thief = City(city.registry, "wuhan")
    thief.give(thief.key, city.issuer)  # the contract refuses this grant; the verifier does not rely on that
    licence = city.licence()
    thief.anchor(thief.submit(licence))
    assert thief.verify(thief.proof(licence)).reason == "issuer_not_in_log"


def test_another_city_signs_into_my_log() -> None:
    """Tianmen's operator anchors what a key of Wuhan's log signed for Tianmen's department."""
    city, _ = scene()
    thief = City(city.registry, "wuhan")
    thief.give(thief.key, city.issuer)
    licence = city.licence()
    city.anchor(city.submit(licence, signer=thief.key))
    assert city.verify(city.proof(licence)).reason == "not_entitled"


def test_a_record_of_b_inside_the_statement_of_a() -> None:
    """A department signs a submission in which a record of another department stands."""
    city, _ = scene()
    other = City(city.registry, "wuhan")
    foreign = other.licence()
    city.anchor(city.submit(city.licence(), foreign, issuer=city.issuer))
    assert city.verify(city.proof(foreign)).reason == "issuer_mismatch"


def test_a_batch_that_overlaps_positions() -> None:
    """Two entries of a batch claim the same positions: their counts are committed to, so one of them has no proof."""
    city, _ = scene()
    left, right = city.licence(), city.licence()
    city.anchor(city.submit(left), city.submit(right))
    assert city.position(left) + 1 == city.position(right)
    proof = city.proof(right)
    for count in (0, 2):  # as if nothing, or more, stood to the left
        moved = replace(proof, batch_path=(replace(proof.batch_path[0], record_count=count),))
        assert city.verify(moved).reason == "not_in_batch"
    swapped = replace(proof, batch_path=(replace(proof.batch_path[0], side="right"),))
    assert city.verify(swapped).reason == "not_in_batch"


def test_a_batch_that_reuses_positions() -> None:
    """A batch counts other than the log grows, so that its positions lie over those of an earlier batch or a later one."""
    for size in (4, 6):
        city, _ = scene()
        licences = [city.licence(), city.licence()]
        city.anchor(city.submit(*licences), size=size)
        assert city.verify(city.proof(licences[0])).reason == "count_mismatch"


def test_a_batch_tree_that_lies_about_its_counts() -> None:
    """The operator builds nodes over counts that its leaves do not have: whatever verifies has positions of its own."""
    city, _ = scene()
    submissions = [city.submit(city.licence()) for _ in range(3)]
    leaves = [submission.entry.hash_leaf() for submission in submissions]
    lying = CountedTree(city.suite, [(2, leaves[0][1]), *leaves[1:]])
    honest = CountedTree(city.suite, leaves)
    city.anchor(*submissions, root=lying.root, size=3 + lying.record_count)
    positions = []
    for number, submission in enumerate(submissions):
        for tree in (lying, honest):
            item = submission.items[0]
            report = city.verify(city.proof(item, batch_path=tuple(tree.find_path(number)), staple=None))
            positions += [report.position] if report.position is not None else []
    assert positions == [5, 6]  # 3 and 4 stay empty: nothing can be proven there


def test_an_unauthenticated_tree_size() -> None:
    """A proof cannot say how many records its submission has: the count is signed, and nothing else is asked."""
    city, (licence, *_) = scene(count=5)
    proof = city.proof(licence)
    statement = proof.entry.statement
    for count in (4, 6, 8):
        forged = replace(proof, entry=replace(proof.entry, statement=replace(statement, record_count=count)))
        report = city.verify(forged)
        assert report.verdict is Verdict.INVALID
        assert report.get_step(5).reason == "signature_bad"


def test_the_same_statement_years_later() -> None:
    """A statement that was never anchored is taken from a drawer when its certificate should be long gone."""
    city, _ = scene()
    licence = city.licence(valid_until=None)
    kept = city.submit(licence)
    city.registry.wait(1000 * DAY)
    city.anchor(kept)
    assert city.verify(city.proof(licence)).reason == "statement_expired"


@pytest.mark.parametrize(
    "altered",
    [
        {"status_root": b"\x07" * 32},
        {"status_changes": b"\x00" * 5},
        {"status_changes": bytes.fromhex("000000000901")},  # a position beyond the log
        {"status_changes": bytes.fromhex("000000000009")},  # a reserved status
        {"status_changes": bytes.fromhex("000000000101000000000001")},  # out of order
        {"status_changes": bytes.fromhex("000000000101000000000101")},  # twice
    ],
)
def test_a_bad_anchor_that_bricks_a_log(altered: dict[str, Any]) -> None:
    """An anchor with impossible words, or a root that does not follow, is void; the log goes on after it."""
    city, (licence, *_) = scene()
    lost = city.licence()
    city.anchor(city.submit(lost), **altered)
    anchor = city.registry.knowledge.find_anchor("tianmen", 2)
    assert anchor
    assert anchor.void_reason
    assert city.verify(city.proof(lost)).reason == "anchor_void"
    again = city.licence()
    city.register(again)
    city.register(city.follow("revoke", licence))
    assert city.verify(city.proof(again)).verdict is Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "revoked"


@pytest.mark.parametrize("junk", [b"\xff" * 21, b"A\0B" + bytes(18), b"\xe4\xb8\xad" + bytes(18)])
def test_an_odd_act_that_bricks_every_replica(junk: bytes) -> None:
    """A city grants a key certificate types that are no text, which the contract does not look at: replicas go on."""
    city, (licence, *_) = scene()
    registry = city.registry
    marker = "11100000MB0143028R999"
    grant = acts.KeyGranted("tianmen", city.key.public.id, city.issuer, 1, (marker,), 0, START + DAY)
    registry.now += 1
    payload = grant.encode().replace(marker.encode(), junk)
    registry.knowledge.apply(replace(registry.event(grant), payload=payload))
    assert city.verify(city.proof(licence)).verdict is Verdict.VALID


def test_growth_that_exhausts_replicas() -> None:
    """An endpoint shows an anchor that grows a log beyond what the contract lets pass: it is not even tried."""
    city, _ = scene()
    for size in (3 + MAX_ANCHOR_GROWTH + 1, 2**40, 2**63):
        with pytest.raises(BrokenHead):
            city.registry.act(acts.Anchored("tianmen", 2, size, b"\x01" * 32, bytes(32), b""))


def test_an_omitted_compromise() -> None:
    """An endpoint leaves out, or alters, the act that a key was compromised: numbers and head show it."""
    city, _ = scene()
    city.registry.act(acts.KeyCompromised(city.key.public.id, START))
    city.anchor()
    events = city.registry.events
    without = [event for event in events if event.kind != acts.KeyCompromised.KIND]
    with pytest.raises(BrokenHead):
        replay(city.registry, without)
    last = without[-1]
    renumbered = [
        *without[:-1],
        replace(
            last, event_number=last.event_number - 1, previous_block_number=last.previous_block_number - 1
        ),
    ]
    other = acts.KeyRetired(city.key.public.id, START)
    masked = [
        replace(event, kind=other.KIND, payload=other.encode()) if event.kind == 14 else event
        for event in events
    ]
    heads = {replay(city.registry, told).fold.head for told in (events, renumbered, masked)}
    assert len(heads) == 3


def replay(registry: Registry, events: list[acts.Event]) -> Knowledge:
    knowledge = Knowledge(
        registry.name,
        acts.compute_head_zero(31337, bytes.fromhex(registry.name.split(":")[2][2:]), bytes(32)),
    )
    for event in events:
        knowledge.apply(event)
    return knowledge


def test_a_genuine_code_on_a_forged_paper() -> None:
    """The proof verifies, and nothing of the paper was compared with it."""
    city, (licence, *_) = scene()
    proof = city.proof(licence)
    assert city.verify(proof, claims={}).reason == "nothing_presented"
    assert city.verify(proof, claims={"ZZMC": CLAIMS["ZZMC"]}).reason == "claims_incomplete"
    assert city.verify(proof, claims={**CLAIMS, "CZZT": "别家公司"}).reason == "claim_mismatch"
    hidden = city.proof(licence, shown=())
    assert city.verify(hidden, claims={}).reason == "nothing_presented"
    assert city.verify(hidden, claims=CLAIMS).reason == "claim_withheld"


def test_an_un_compromised_key() -> None:
    """A compromise is moved later, or washed off by registering the key again."""
    city, (licence, *_) = scene()
    city.registry.act(acts.KeyCompromised(city.key.public.id, START + 2))
    with pytest.raises(BrokenHead):
        city.registry.act(acts.KeyCompromised(city.key.public.id, START + 3))
    with pytest.raises(BrokenHead):
        city.registry.act(acts.KeyRegistered("tianmen", 1, city.key.public.spki))
    city.registry.act(acts.KeyCompromised(city.key.public.id, START + 1))
    assert city.verify(city.proof(licence)).reason == "key_compromised"


def test_milliseconds_for_seconds() -> None:
    """A chain changes to milliseconds: nothing is folded, rather than every statement expired and every grant ended."""
    city, _ = scene()
    event = city.registry.event(acts.KeyRetired(city.key.public.id, START), time=START * 1000)
    before = vars(city.registry.knowledge.fold).copy()
    with pytest.raises(BrokenHead, match="seconds"):
        city.registry.knowledge.apply(event)
    assert vars(city.registry.knowledge.fold) == before


def test_two_trial_chains_with_the_same_address() -> None:
    """The same contract at the same address of a chain with the same id: head 0 tells the two registries apart."""
    city, (licence, *_) = scene()
    other = City(Registry(before=b"\x01" * 32), "tianmen")
    assert other.registry.name.rpartition(":")[0] == city.registry.name.rpartition(":")[0]
    assert other.verify(city.proof(licence)).reason == "other_registry"
    with pytest.raises(BrokenHead):
        Knowledge(city.registry.name, other.registry.knowledge.fold.head)
