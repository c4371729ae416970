"""Altered proofs: what still verifies says the same as before, from the same evidence."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_paper, encode_paper
from ledger.proof.proof import Proof, decode_proof, read_proof
from ledger.verification.reasons import Verdict
from tests.mutations import mutated
from tests.scenes import City, Registry, readable


def lived() -> tuple[City, list[Proof], list[Proof]]:
    """A city with several batches; valid proofs of different shapes; everything that is genuine to attach to them."""
    city = City(Registry(), "tianmen")
    licences = [city.licence(documents=[b"%d" % number]) for number in range(5)]
    city.register(*licences)
    others = [city.licence() for _ in range(3)]
    city.anchor(*(city.submit(other) for other in others))
    first, second, *_ = licences
    attached = [city.follow("revoke", first), city.follow("suspend", second)]
    city.register(*attached)
    for action, licence in (("reinstate", first), ("resume", second)):
        attached.append(city.follow(action, licence))
        city.register(attached[-1])
    proofs = [
        city.proof(licences[2]),
        city.proof(licences[3], shown={"ZZMC", "CZZT"}),
        city.proof(others[1]),
        city.proof(first, attached[0], attached[2]),
        city.proof(second, attached[1], attached[3]),
    ]
    bare = [city.proof(item, disclosure=None, staple=None) for item in attached]
    return city, proofs, bare


CITY, PROOFS, ATTACHED = lived()
CORES = [replace(proof, staple=None, linked_proofs=()) for proof in PROOFS]
STAPLES = {proof.staple for proof in PROOFS}
LOG = CITY.registry.knowledge.find_log("tianmen")
TEXTS: list[Json] = [proof.to_json() for proof in PROOFS]


def check(original: Proof, forged: Proof) -> None:
    """A forger presents the forged proof, with the true paper or with one that fits the forgery."""
    assert LOG
    for claims in (readable(original), readable(forged)):
        report = CITY.verify(forged, claims=claims)
        report.to_json()
        if report.verdict is Verdict.VALID:
            assert replace(forged, staple=None, linked_proofs=()) in CORES
            assert all(linked in ATTACHED for linked in forged.linked_proofs)
            assert forged.staple is None or forged.staple in STAPLES or forged.staple.sequence > LOG.sequence


def test_the_proofs_are_valid() -> None:
    for proof in PROOFS:
        assert CITY.verify(proof.encode()).verdict is Verdict.VALID


@settings(max_examples=1500)
@given(st.data())
def test_one_change_anywhere(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(PROOFS) - 1))
    forged = data.draw(mutated(TEXTS[number], TEXTS))
    try:
        text = read_proof(forged)
    except MalformedInput:
        return
    check(PROOFS[number], text)


@settings(max_examples=500)
@given(st.data())
def test_several_changes(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(PROOFS) - 1))
    forged = TEXTS[number]
    for _ in range(data.draw(st.integers(2, 4))):
        forged = data.draw(mutated(forged, TEXTS))
    try:
        text = read_proof(forged)
    except MalformedInput:
        return
    check(PROOFS[number], text)


@settings(max_examples=1000)
@given(st.sampled_from(PROOFS), st.data())
def test_one_bit_of_the_file(original: Proof, data: st.DataObject) -> None:
    text = bytearray(original.encode())
    bit = data.draw(st.integers(0, 8 * len(text) - 1))
    text[bit // 8] ^= 1 << bit % 8
    try:
        forged = decode_proof(bytes(text))
    except MalformedInput:
        return
    check(original, forged)


@settings(max_examples=300)
@given(st.sampled_from(PROOFS), st.data())
def test_one_character_of_the_paper(original: Proof, data: st.DataObject) -> None:
    code = encode_paper(original)
    index = data.draw(st.integers(0, len(code) - 1))
    new = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
    try:
        forged = decode_paper(code[:index] + new + code[index + 1 :])
    except MalformedInput:
        return
    check(original, forged)


@pytest.mark.parametrize("name", ["record", "disclosure", "submission", "entry", "batch", "sequence"])
def test_parts_of_other_proofs(name: str) -> None:
    for original, body in zip(PROOFS, TEXTS, strict=True):
        for other in TEXTS:
            assert isinstance(body, dict)
            assert isinstance(other, dict)
            check(original, read_proof(body | {name: other[name]}))
