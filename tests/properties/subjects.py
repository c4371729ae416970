"""Proofs of every shape, and the cities in which they are presented.

What forgers and damage start from.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any, Final

from ledger.crypto.keys import encode_signature
from ledger.crypto.suites import SHA256
from ledger.crypto.trees import CountedTree, hash_counted_leaf, hash_leaf
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.records.claims import is_document
from ledger.records.records import Link
from ledger.registry import acts
from ledger.registry.status import encode_changes
from tests import sealed
from tests.properties.damage import draw_edit
from tests.scenes import CLAIMS, CONTRACT, DAY, City, Item, Registry

#: Records that a restated submission says it has, so that one anchor takes them all.
MOST_COUNTED: Final = 1000


@dataclass(frozen=True)
class Subject:
    """A proof as JSON, with the city in which it is presented."""

    name: str
    city: City
    proof: Any

    @classmethod
    def of(cls, name: str, city: City, proof: Proof) -> "Subject":
        return cls(name, city, json.loads(encode_canonical(proof.to_json())))


def paper(proof: Any) -> dict[str, Any]:
    """Return what a person reads from a paper that says what the JSON of a proof discloses, whatever that is."""
    try:
        disclosure = proof["disclosure"]
        rows = disclosure["claims"] if "claims" in disclosure else disclosure["shown"]
        return {row[0]: row[-1] for row in rows if isinstance(row[0], str) and not is_document(row[0])}
    except (TypeError, KeyError, IndexError):
        return {}


def subjects() -> list[Subject]:
    """Return proofs of two registries, two suites, both algorithms and every status."""
    scene = sealed.scene()
    city = scene.city
    said = [
        Subject.of("sealed", city, scene.proof()),
        Subject.of("sealing", city, scene.sealing(staple=city.staple(scene.signature))),
        Subject.of("seal", city, city.proof(scene.seal)),
    ]
    said += [*_lived(city), *_keys(city), *_seals(), *_statements(), *_continued()]
    other = City(city.registry, "wuhan", SHA256)
    licences = [other.licence() for _ in range(70)]
    other.register(*licences)
    said += [Subject.of("sha256", other, other.proof(licence)) for licence in licences[64:66]]
    elsewhere = City(Registry(chain_id=1))
    foreign = elsewhere.licence()
    elsewhere.register(foreign)
    said.append(Subject.of("of another registry", city, elsewhere.proof(foreign)))
    return [*said, *_noted()]


def sm2_subjects() -> list[Subject]:
    """Return a proof signed with SM2, which takes the second verifier long."""
    city = City(Registry(), algorithm="sm2")
    licence = city.licence()
    city.register(licence)
    return [Subject.of("sm2", city, city.proof(licence))]


def _lived(city: City) -> Iterator[Subject]:
    """One licence or more of every status, with the records that explain it."""
    plain, selective, revoked, reinstated, resumed, renewed, lapsed, bare = licences = [
        city.licence(valid_until=None if number % 2 else date(2031, 3, 1)) for number in range(8)
    ]
    city.register(*licences)
    alone = city.licence(documents=[b"front", b"back"], valid_from=None)
    city.anchor(*(city.submit(item) for item in (city.licence(), alone, city.licence())))

    def follow(action: str, item: Item) -> Item:
        record = city.follow(action, item)
        city.register(record)
        return record

    revocation, first = follow("revoke", revoked), follow("revoke", reinstated)
    revival, pause = follow("reinstate", reinstated), follow("suspend", resumed)
    resumption, renewal = follow("resume", resumed), follow("renew", renewed)
    follow("suspend", lapsed)
    yield Subject.of("plain", city, city.proof(plain))
    yield Subject.of("selective", city, city.proof(selective, shown={"ZZMC", "document/1"}))
    yield Subject.of("of three submissions", city, city.proof(alone))
    yield Subject.of("revoked", city, city.proof(revoked, revocation))
    yield Subject.of("reinstated", city, city.proof(reinstated, first, revival))
    yield Subject.of("reinstated without its record", city, city.proof(reinstated, first))
    yield Subject.of("resumed", city, city.proof(resumed, pause, resumption))
    yield Subject.of("renewed", city, city.proof(renewed, renewal))
    yield Subject.of("renewal", city, city.proof(renewal))
    yield Subject.of("suspended", city, city.proof(lapsed, staple=None))
    differing = city.licence(claims={**CLAIMS, "ZZYXQJZRQ": "2099-12-31"})
    city.register(differing)
    yield Subject.of("contradictory claims", city, city.proof(differing))
    yield Subject.of("without claims", city, city.proof(bare, disclosure=None, staple=None))


def _keys(city: City) -> Iterator[Subject]:
    """What a stolen key, a retired key and a void anchor made."""
    for what in ("stolen", "retired"):
        key = city.new_key()
        city.registry.act(acts.KeyRegistered(city.name, 1, key.public.spki))
        city.give(key, city.issuer)
        item = city.licence()
        city.anchor(city.submit(item, signer=key))
        now = city.registry.now
        ended = (
            acts.KeyCompromised(key.public.id, now - 1)
            if what == "stolen"
            else acts.KeyRetired(key.public.id, now)
        )
        city.registry.act(ended)
        yield Subject.of(what, city, city.proof(item))
    item = city.licence()
    city.anchor(city.submit(item), status_root=b"\1" * 32)
    yield Subject.of("void", city, city.proof(item))


def _seals() -> Iterator[Subject]:
    """Sealings with something wrong about them."""

    def cancel(city: City, seal: Item) -> None:
        city.register(city.follow("cancel", seal))

    def revive(city: City, seal: Item) -> None:
        """Do what an honest city refuses: a seal that has ended stays ended."""
        cancel(city, seal)
        revival = city.submit(city.follow("reinstate", seal))
        city.anchor(revival, changes=[(city.position(seal), 8)])

    for name, scene in {
        "sealed with a seal that was destroyed": sealed.scene(cancel),
        "sealed with a seal that was revived": sealed.scene(revive),
        "sealed with a seal of next year": sealed.scene(seal={"valid_from": date(2027, 1, 1)}),
        "sealed on another document": sealed.scene(licence={"documents": [b"another"]}),
        "sealed by another": sealed.scene(signature={"claims": {"KZ_QZRDM": "x"}}),
        "sealed by nobody": sealed.scene(signature={"claims": {"ZZQZSJ": "x"}}),
    }.items():
        yield Subject.of(name, scene.city, scene.proof())
    scene = sealed.scene()
    city = scene.city
    to_seal = city.licence(links=(Link("sealed-by", scene.seal.leaf),))
    city.register(to_seal)
    yield Subject.of(
        "linked to a seal", city, city.proof(to_seal, linked_proofs=(city.proof(scene.seal, staple=None),))
    )
    city.register(city.follow("void", scene.signature))
    yield Subject.of("sealed, and the sealing void", city, scene.proof())


def _noted() -> Iterator[Subject]:
    """Licences with notes that are attached: good ones, a settled one, one that is not on them."""
    city = City(Registry())
    licence, other = city.licence(), city.licence()
    city.register(licence, other)
    check, dispute, settled, astray = (
        city.note(licence),
        city.note(licence, "disputes"),
        city.note(licence, "disputes"),
        city.note(other),
    )
    city.register(check, dispute, settled, astray)
    city.register(city.follow("cancel", settled))
    check_proof, dispute_proof, settled_proof, astray_proof = (
        city.proof(note, staple=None) for note in (check, dispute, settled, astray)
    )
    notes = (check_proof, dispute_proof, settled_proof)
    yield Subject.of("annotated and disputed", city, city.proof(licence, linked_proofs=notes))
    yield Subject.of("with a note on another", city, city.proof(licence, linked_proofs=(astray_proof,)))
    yield Subject.of("a note alone", city, check_proof)


def _statements() -> Iterator[Subject]:
    """Statements of the wrong time or key, and a staple from beyond what is known."""
    city = City(Registry())
    late, ahead, ungranted, tomorrow = (city.licence(valid_from=date(2026, 3, day)) for day in (2, 2, 2, 6))
    waiting = city.submit(late)
    city.registry.wait(2 * DAY)
    city.anchor(waiting)
    city.anchor(city.submit(ahead, time=city.registry.now + 700, expires_at=city.registry.now + DAY))
    key = city.new_key()
    city.registry.act(acts.KeyRegistered(city.name, 1, key.public.spki))
    city.anchor(city.submit(ungranted, signer=key))
    city.register(tomorrow)
    revocation = city.follow("revoke", tomorrow)
    city.register(revocation)
    for name, item in {
        "late": late,
        "ahead": ahead,
        "ungranted": ungranted,
        "tomorrow": tomorrow,
        "revocation": revocation,
    }.items():
        yield Subject.of(name, city, city.proof(item))
    beyond = replace(city.staple(ahead), sequence=city.sequence + 1, chunk=b"\x44" * 32)
    yield Subject.of("stapled beyond", city, city.proof(late, staple=beyond))
    yield Subject.of("without its document", city, city.proof(tomorrow, shown=set(CLAIMS)))


def _continued() -> Iterator[Subject]:
    """Licences of a log that continues one of another registry."""
    predecessor = acts.Predecessor(
        "eip155:1:0x" + CONTRACT.hex() + ":" + "0" * 16, "old", 7, b"\1" * 32, 100, b"\2" * 32
    )
    city = City(Registry(), predecessor=predecessor)
    first, second = city.licence(), city.licence()
    city.register(first, second)
    city.register(city.follow("suspend", second))
    yield Subject.of("continued", city, city.proof(first))
    yield Subject.of("continued and suspended", city, city.proof(second))
    yield Subject.of("continued without staple", city, city.proof(first, staple=None))


def restate(random: Random, bases: Sequence[Subject], count: int) -> list[Subject]:
    """Let the city of `bases` state altered records: signed and anchored as if they were its own, in one batch."""
    city = bases[0].city
    stated: list[tuple[Any, int]] = []
    while len(stated) < count:
        base = random.choice(bases)
        try:
            stated.append(_restated(random, city, base, [one.proof for one in bases]))
        except (MalformedInput, TypeError, KeyError, AttributeError):
            continue  # what cannot be written in canonical form cannot be signed
    counts = [counted for _, counted in stated]
    leaves = [
        (counted, hash_counted_leaf(city.suite, counted, encode_canonical(proof["entry"])))
        for proof, counted in stated
    ]
    tree = CountedTree(city.suite, leaves)
    city.sequence += 1
    before, after = city.statuses.size, city.statuses.size + sum(counts)
    fault = random.choice(("none", "none", "none", "counts", "void"))
    city.statuses.grow(after + (fault == "counts"))
    root = b"\1" * 32 if fault == "void" else city.statuses.compute_root()
    city.registry.act(acts.Anchored(city.name, city.sequence, city.statuses.size, tree.root, root, b""))
    places = random.sample(range(before, after), min(after - before, count // 5))
    words = [(place, random.randrange(9)) for place in sorted(places)]
    for place, status in words:
        city.statuses.set(place, status)
    city.sequence += 1
    city.registry.act(
        acts.Anchored(
            city.name,
            city.sequence,
            city.statuses.size,
            bytes(32),
            city.statuses.compute_root(),
            encode_changes(words),
        )
    )
    for index, (proof, _) in enumerate(stated):
        proof["batch"] = [[one.side, one.record_count, one.hash.hex()] for one in tree.find_path(index)]
        proof["sequence"] = city.sequence - 1
    return [Subject("restated", city, proof) for proof, _ in stated]


def _restated(random: Random, city: City, base: Subject, others: Sequence[Any]) -> tuple[Any, int]:
    record = base.proof["record"]
    statement = dict(base.proof["entry"]["statement"])
    statement |= {
        "time": format_time(city.registry.now),
        "expires": format_time(city.registry.now + DAY),
        "count": 1,
    }
    for _ in range(random.randrange(3)):
        record = draw_edit(random, record, [other["record"] for other in others]).apply(record)
    statement["root"] = f"{city.suite.name}:{hash_leaf(city.suite, encode_canonical(record)).hex()}"
    if random.random() < 0.3:
        statement = draw_edit(random, statement, [other["entry"]["statement"] for other in others]).apply(
            statement
        )
    signature = encode_signature(city.key.sign(encode_canonical(statement)))
    entry = {
        "type": "shunzheng/entry/1",
        "statement": statement,
        "signature": signature,
        "accepted": format_time(city.registry.now),
    }
    proof = base.proof | {"record": record, "entry": entry, "submission": {"index": 0, "path": []}}
    if random.random() < 0.8:
        proof.pop("status", None)
    counted = statement["count"]
    fits = type(counted) is int and 0 < counted <= MOST_COUNTED
    return proof, counted if fits else 1
