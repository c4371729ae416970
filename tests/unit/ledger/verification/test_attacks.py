"""The attacks of docs/threat-model.md that the core can meet: one named test each.

Where the others are met:

    attack                                                       met by
    -----------------------------------------------------------  -----------------------------------------------------
    another city registers my department                         the contract's own tests; what is left of it is below
    the same statement anchored twice by a node's mistake        intake, which takes a root once per log, and the audit
    a snapshot whose keys vouch for itself, a rolled-back one    the tests of snapshots and trust files
    two archives in one OFD, a page replaced in the update       the tests of `ledger/documents`; until they are there, any
    that carries the proof                                       file that is not the registered bytes is a mismatch
    a frozen batch rebuilt after a reorg                         tests/faults: the bytes of a frozen batch never change
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.crypto import p256
from ledger.crypto.keys import decode_signature, encode_signature
from ledger.crypto.trees import CountedTree
from ledger.encoding.times import parse_date, parse_time
from ledger.errors import BrokenHead, MalformedInput
from ledger.limits import MAX_ANCHOR_GROWTH
from ledger.proof.proof import Proof, decode_proof
from ledger.records.claims import SelectiveDisclosure, decode_disclosure
from ledger.records.submissions import VERSION_1_ENDS, Window
from ledger.registry import acts
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import Status
from ledger.registry.trust import MAX_OCCURRENCES
from ledger.verification.occurrences import EntriesCheck
from ledger.verification.reasons import Verdict
from tests.scenes import CLAIMS, DAY, DOCUMENT, START, City, Item, Registry, Submission, credit_code, scene
from tests.sealed import scene as sealing_scene


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


@pytest.mark.parametrize("action", ["suspend", "resume", "revoke", "reinstate"])
def test_a_change_of_status_presented_as_a_certificate(action: str) -> None:
    """A genuine, anchored record that revokes a licence carries the licence's identifier and issuer."""
    city, (licence, *_) = scene()
    change = city.follow(action, licence)
    city.anchor(city.submit(change))
    report = city.verify(city.proof(change), documents=[DOCUMENT])
    assert (report.verdict, report.reason) == (Verdict.INVALID, "not_presentable")


def test_a_batch_that_overlaps_positions() -> None:
    """Two entries of a batch claim the same positions: their counts are committed to, so one of them has no proof."""
    city, _ = scene()
    left, right = city.licence(), city.licence()
    city.anchor(city.submit(left), city.submit(right))
    assert city.position(left) + 1 == city.position(right)
    proof = city.proof(right)
    for count in (0, 2):  # as if nothing, or more, stood to the left
        moved = replace(proof, batch=(replace(proof.batch[0], count=count),))
        assert city.verify(moved).reason == "not_in_batch"
    swapped = replace(proof, batch=(replace(proof.batch[0], side="right"),))
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
    leaves = [submission.entry.leaf() for submission in submissions]
    lying = CountedTree(city.suite, [(2, leaves[0][1]), *leaves[1:]])
    honest = CountedTree(city.suite, leaves)
    city.anchor(*submissions, root=lying.root, size=3 + lying.count)
    positions = []
    for number, submission in enumerate(submissions):
        for tree in (lying, honest):
            item = submission.items[0]
            report = city.verify(city.proof(item, batch=tuple(tree.path(number)), status=None))
            positions += [report.position] if report.position is not None else []
    assert positions == [5, 6]  # 3 and 4 stay empty: nothing can be proven there


def test_an_unauthenticated_tree_size() -> None:
    """A proof cannot say how many records its submission has: the count is signed, and nothing else is asked."""
    city, (licence, *_) = scene(count=5)
    proof = city.proof(licence)
    statement = proof.entry.statement
    for count in (4, 6, 8):
        forged = replace(proof, entry=replace(proof.entry, statement=replace(statement, count=count)))
        report = city.verify(forged)
        assert report.verdict is Verdict.INVALID
        assert report.step(5).reason == "signature_bad"


def test_the_same_statement_years_later() -> None:
    """A statement that was never anchored is taken from a drawer when its certificate should be long gone."""
    city, _ = scene()
    licence = city.licence(valid_until=None)
    kept = city.submit(licence)
    city.registry.wait(1000 * DAY)
    city.anchor(kept)
    assert city.verify(city.proof(licence)).reason == "statement_expired"


def test_revoked_turned_valid_again() -> None:
    """The operator writes a word that the state machine does not know: the position is contradictory for good."""
    city, (licence, *_) = scene()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.VALID, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
        assert city.verify(city.proof(licence)).verdict is not Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "status_contradictory"


def test_revoked_turned_valid_again_where_a_log_continues_another() -> None:
    """Of such a log no tree is kept; what its own words said before is remembered all the same."""
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
    city = City(Registry(), "tianmen", predecessor=before)
    licence = city.licence()
    city.register(licence)
    assert city.verify(city.proof(licence)).verdict is Verdict.VALID
    for status in (Status.REVOKED, Status.VALID):
        city.anchor(changes=[(city.position(licence), status)])
    assert city.verify(city.proof(licence)).reason == "status_contradictory"


def test_revoked_turned_valid_again_by_allowed_words_alone() -> None:
    """4, 8, 1, 0 are all allowed one after another; without the department's record they do not make it valid."""
    city, (licence, *_) = scene()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.REINSTATED, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
        assert city.verify(city.proof(licence)).verdict is not Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "reinstatement_unproven"


def test_a_reinstatement_of_another_certificate() -> None:
    """The operator revives a licence with the record that revived another, anchored together with its word."""
    city, (licence, other, _) = scene()
    city.register(city.follow("revoke", licence), city.follow("revoke", other))
    revived = city.follow("reinstate", other)
    words = [(city.position(item), Status.REINSTATED) for item in (licence, other)]
    city.anchor(city.submit(revived), changes=sorted(words))
    assert city.verify(city.proof(other, revived)).verdict is Verdict.VALID
    assert city.verify(city.proof(licence, revived)).verdict is Verdict.UNVERIFIABLE


def test_a_reinstatement_of_another_version() -> None:
    """A licence was renewed, the renewal revoked and reinstated: the operator revives the old paper along with it."""
    city, (licence, *_) = scene()
    renewal = city.follow("renew", licence)
    city.register(renewal)
    city.register(city.follow("revoke", renewal))
    revived = city.follow("reinstate", renewal)
    words = [(city.position(item), Status.REINSTATED) for item in (licence, renewal)]
    city.anchor(city.submit(revived), changes=sorted(words))
    assert city.verify(city.proof(renewal, revived)).verdict is Verdict.VALID
    for attached in ([], [revived]):
        assert city.verify(city.proof(licence, *attached)).verdict is Verdict.UNVERIFIABLE


def test_an_older_reinstatement_shown_for_a_newer_one() -> None:
    """A licence was reinstated by record once; revoked again, the operator writes the second 8 on its own."""
    city, (licence, *_) = scene()
    city.register(city.follow("revoke", licence))
    reinstated = city.follow("reinstate", licence)
    city.register(reinstated)
    assert city.verify(city.proof(licence, reinstated)).verdict is Verdict.VALID
    city.register(city.follow("revoke", licence))
    city.anchor(changes=[(city.position(licence), Status.REINSTATED)])
    assert city.verify(city.proof(licence, reinstated)).reason == "reinstatement_unproven"


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
    anchor = city.registry.knowledge.anchor("tianmen", 2)
    assert anchor
    assert anchor.void
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
    renumbered = [*without[:-1], replace(last, n=last.n - 1, previous_block=last.previous_block - 1)]
    other = acts.KeyRetired(city.key.public.id, START)
    masked = [
        replace(event, kind=other.KIND, payload=other.encode()) if event.kind == 14 else event
        for event in events
    ]
    heads = {replay(city.registry, told).fold.head for told in (events, renumbered, masked)}
    assert len(heads) == 3


def replay(registry: Registry, events: list[acts.Event]) -> Knowledge:
    knowledge = Knowledge(
        registry.name, acts.head_zero(31337, bytes.fromhex(registry.name.split(":")[2][2:]), bytes(32))
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


def test_back_dated_sealing_with_a_destroyed_seal() -> None:
    """The sealing declares a time from before the destruction; the anchor of its record tells when it came to light."""
    sealed = sealing_scene(lambda city, seal: city.register(city.follow("cancel", seal)))
    assert sealed.signature.disclosure
    assert str(sealed.signature.disclosure.values["ZZQZSJ"]) < "2026-03-02"
    report = sealed.verify()
    assert (report.verdict, report.reason) == (Verdict.INVALID, "seal_not_in_force")


def test_an_old_staple_against_newer_knowledge() -> None:
    """The holder keeps the proof from before the revocation: what the verifier itself knows decides."""
    city, (licence, *_) = scene()
    old = city.proof(licence)
    city.register(city.follow("revoke", licence))
    assert city.verify(old).reason == "revoked"


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


def test_four_claims_shown_as_three() -> None:
    """A claim is left out of a disclosure instead of being withheld by name."""
    city, (licence, *_) = scene()
    proof = city.proof(licence, shown={"ZZMC", "CZZT"})
    assert isinstance(proof.disclosure, SelectiveDisclosure)
    for number in range(len(proof.disclosure.withheld)):
        withheld = proof.disclosure.withheld[:number] + proof.disclosure.withheld[number + 1 :]
        forged = replace(proof, disclosure=replace(proof.disclosure, withheld=withheld))
        assert city.verify(forged).reason == "claims_altered"
    fewer = replace(proof, disclosure=replace(proof.disclosure, shown=proof.disclosure.shown[:1]))
    assert city.verify(fewer).reason == "claims_altered"


def test_two_claims_of_one_name() -> None:
    """One name with two values, of which each reader takes another."""
    for disclosure in (
        {"master": "00" * 16, "claims": [["a", "1"], ["a", "2"]]},
        {"shown": [["a", "00" * 16, "1"], ["a", "00" * 16, "2"]], "withheld": []},
        {"shown": [["a", "00" * 16, "1"]], "withheld": [["a", "00" * 32]]},
    ):
        with pytest.raises(MalformedInput, match="twice"):
            decode_disclosure(disclosure)  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["p256", "sm2"])
def test_a_second_encoding_of_a_signature(algorithm: str) -> None:
    """(r, n - s), and other spellings of the same numbers: of an entry there is one form only."""
    city, (licence, *_) = scene(algorithm=algorithm)
    proof = city.proof(licence)
    r, s = proof.entry.signature[:32], int.from_bytes(proof.entry.signature[32:], "big")
    twin = r + (p256.ORDER - s).to_bytes(32, "big")
    report = city.verify(replace(proof, entry=replace(proof.entry, signature=twin)))
    assert report.step(5).reason == "signature_bad"
    text = encode_signature(proof.entry.signature)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]  # the last character has four bits to spare
    for other in (loose, text + "==", text.replace("-", "+").replace("_", "/") + " ", text[:-1]):
        with pytest.raises(MalformedInput):
            decode_signature(other)


def test_a_second_spelling_of_a_proof() -> None:
    """Upper-case hex, numbers as text, members twice or unknown: what decodes has one meaning."""
    city, (licence, *_) = scene()
    text = city.proof(licence).encode()
    salt = licence.record.salt.hex().encode()
    for old, new in (
        (salt, salt.upper()),
        (b'"index":', b'"index":0,"index":'),
        (b'"sequence":1', b'"sequence":"1"'),
        (b'"sequence":1', b'"sequence":1.0'),
        (b'"sequence":1', b'"sequence":true'),
        (b'"sequence":1', b'"sequence":1,"note":"x"'),
        (b'"kind":"licence"', b'"kind":"licence","kind":"licence"'),
    ):
        forged = text.replace(old, new)
        assert forged != text
        with pytest.raises(MalformedInput):
            decode_proof(forged)


def test_one_spelling_of_a_date_that_flips_the_last_day() -> None:
    """The last day of a licence ends at midnight in Shanghai, and a date has one spelling."""
    for spelling in (
        "2026-3-2",
        "20260302",
        "2026-03-02T00:00:00Z",
        "2026-W10-1",
        " 2026-03-02",
        "２０２６-03-02",
    ):
        with pytest.raises(MalformedInput):
            parse_date(spelling)
    city, _ = scene()
    licence = city.licence(valid_from=None, valid_until=date(2026, 3, 2))
    city.register(licence)
    last = parse_time("2026-03-02T15:59:59Z")
    proof = city.proof(licence)
    verdicts = {}
    for now in (last, last + 1):
        city.registry.wait(now - 1 - city.registry.now)
        city.anchor()
        verdicts[now] = city.verify(proof, now=now).verdict
    assert verdicts == {last: Verdict.VALID, last + 1: Verdict.NOT_CURRENT}


def repeated() -> tuple[City, Item, Proof, Proof]:
    """Return a city whose operator anchored an entry twice: the licence in it, its proof at first and at last."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission)
    first = city.proof(licence)
    city.anchor(submission)
    return city, licence, first, city.proof(licence)


def test_an_entry_anchored_twice_to_escape_a_revocation() -> None:
    """The operator anchors an entry again, and revokes at the first position only: the second was never revoked."""
    city, licence, first, last = repeated()
    city.anchor(changes=[(3, Status.REVOKED)])
    assert city.position(licence) == 4
    assert city.verify(first).reason == "revoked"
    unseen = city.verify(last)  # by whoever has no entries: the report says that nobody looked
    assert (unseen.verdict, unseen.entries) == (Verdict.VALID, EntriesCheck.NOT)
    assert unseen.to_json()["entries"] == "not_checked"
    city.publish()
    seen = city.verify(last)
    assert (seen.verdict, seen.reason, seen.entries) == (
        Verdict.UNVERIFIABLE,
        "entry_repeated",
        EntriesCheck.CHECKED,
    )
    evidence = seen.step(7).evidence or {}
    assert [evidence[name] for name in ("sequence", "earlier", "earlier_position")] == [3, 2, 3]
    assert (city.verify(first).reason, city.verify(first).entries) == ("revoked", EntriesCheck.CHECKED)


def test_an_entry_anchored_again_outside_of_its_window() -> None:
    """The operator waits until nobody looks any more. No entries are needed to see that this was not sanctioned."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence, window=Window(2, 3))
    city.anchor(submission)
    city.anchor()
    first = city.proof(licence)
    city.anchor(submission)
    assert city.verify(first).verdict is Verdict.VALID
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "outside_window")


def test_an_entry_that_stands_twice_in_one_anchor() -> None:
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission, submission)
    city.publish()
    last = city.proof(licence)
    batch = city.places[licence.leaf].batch
    first = replace(last, batch=tuple(batch.path(0)))
    assert (city.verify(first).position, city.verify(first).verdict) == (3, Verdict.VALID)
    assert (city.verify(last).position, city.verify(last).reason) == (4, "entry_repeated")


def test_an_entry_whose_first_occurrence_is_in_a_void_anchor() -> None:
    """A void anchor is none: what was in it is anchored once more, as docs/formats says."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission, status_root=b"\x07" * 32)
    lost = city.proof(licence)
    city.anchor(submission)
    city.publish()
    assert city.verify(lost).reason == "anchor_void"
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries) == (Verdict.VALID, EntriesCheck.CHECKED)


def _forged(city: City, licence: Item, **members: Any) -> Submission:
    """Return a submission whose statement is another than its signature is for."""
    honest = city.submit(licence)
    statement = replace(honest.entry.statement, **members)
    return replace(honest, entry=replace(honest.entry, statement=statement))


def _by_a_key_without_a_grant(city: City, licence: Item) -> Submission:
    thief = city.new_key()
    city.registry.act(acts.KeyRegistered(city.name, 1, thief.public.spki))
    return city.submit(licence, signer=thief)


#: What an operator may anchor before a submission, with its root and without its department's word.
POISONS: dict[str, Callable[[City, Item], Submission]] = {
    "another count": lambda city, licence: _forged(city, licence, count=2),
    "dates that nobody signed": lambda city, licence: _forged(city, licence, expires=city.registry.now + 9),
    "a window that nobody signed": lambda city, licence: _forged(city, licence, window=Window(1, 200)),
    "another issuer": lambda city, licence: city.submit(licence, issuer=credit_code("429006", 7)),
    "another log": lambda city, licence: city.submit(licence, log="wuhan"),
    "another registry": lambda city, licence: city.submit(licence, registry="eip155:1"),
    "a key without a grant": _by_a_key_without_a_grant,
    "a window that begins later": lambda city, licence: city.submit(licence, window=Window(200, 201)),
    "a time that is over": lambda city, licence: city.submit(
        licence, time=city.registry.now - DAY, expires=city.registry.now - 1
    ),
}


@pytest.mark.parametrize("name", POISONS)
def test_a_root_poisoned_by_a_faulty_entry(name: str) -> None:
    """The operator anchors something with the root of a submission before that one: the department's word counts."""
    city, _ = scene()
    licence = city.licence()
    faulty = POISONS[name](city, licence)
    city.anchor(*[faulty] * faulty.entry.statement.count)
    city.anchor(city.submit(licence))
    city.publish()
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries) == (Verdict.VALID, EntriesCheck.CHECKED)


def test_a_root_poisoned_by_an_anchor_that_does_not_fold() -> None:
    """Its entries are nobody's: they are not what was anchored, and what they would be cannot be known."""
    city, _ = scene()
    licence = city.licence()
    city.anchor(city.submit(licence), root=b"\x07" * 32)
    city.anchor(city.submit(licence))
    city.publish()
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries) == (Verdict.VALID, EntriesCheck.PARTLY)


def test_a_root_among_so_many_others_that_nobody_looks_at_all() -> None:
    """Faulty entries hide the first good one, so that what stands behind them cannot be told."""
    city, _ = scene()
    licence = city.licence()
    honest, faulty = city.submit(licence), _forged(city, licence, window=Window(1, 200))
    city.anchor(*[faulty] * MAX_OCCURRENCES)
    city.anchor(honest)
    first = city.proof(licence)
    city.anchor(honest)
    city.publish()
    assert city.verify(first).verdict is Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "entry_repeated"


def test_an_entry_that_is_stated_anew_over_the_same_root() -> None:
    """A department signs its records again because their window is over, and the operator anchors both statements."""
    city, _ = scene()
    licence = city.licence()
    city.anchor(city.submit(licence, window=Window(2, 2)))
    first = city.proof(licence)
    city.anchor(city.submit(licence))
    city.publish()
    assert city.verify(first).verdict is Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "entry_repeated"


def test_an_evasion_by_version_1() -> None:
    """A statement without a window is kept for a time when nobody has the entries any more: then it does not count."""
    city, _ = scene()
    city.registry.wait(VERSION_1_ENDS - DAY - city.registry.now)
    licence = city.licence(valid_until=None)
    old = city.submit(licence, window=None, expires=city.registry.now + 7 * DAY)
    city.anchor(old)
    first = city.proof(licence)
    city.registry.wait(2 * DAY)
    city.anchor(old)
    assert city.verify(first).verdict is Verdict.VALID
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "older_format")


def test_an_entry_anchored_twice_to_use_a_seal_that_was_destroyed() -> None:
    """The operator gives a destroyed seal a second position, and the licence brings the seal's proof for that one."""

    def destroy(city: City, seal: Item) -> None:
        submission = city.places[seal.leaf].submission
        city.register(city.follow("cancel", seal))
        city.anchor(submission)

    sealed = sealing_scene(destroy)
    assert sealed.verify().verdict is Verdict.VALID
    sealed.city.publish()
    report = sealed.verify()
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "linked_unproven")
