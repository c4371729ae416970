"""Attacks by a second spelling of claims, of a signature, of a proof or of a date."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.crypto import p256
from ledger.crypto.keys import decode_signature, encode_signature
from ledger.encoding.times import parse_date, parse_time
from ledger.errors import MalformedInput
from ledger.proof.proof import decode_proof
from ledger.records.claims import SelectiveDisclosure, decode_disclosure
from ledger.verification.reasons import Verdict
from tests.scenes import scene


def test_four_claims_shown_as_three() -> None:
    """A claim is left out of a disclosure instead of being withheld by name."""
    city, (licence, *_) = scene()
    proof = city.proof(licence, shown={"ZZMC", "CZZT"})
    assert isinstance(proof.disclosure, SelectiveDisclosure)
    for number in range(len(proof.disclosure.withheld_claims)):
        withheld = proof.disclosure.withheld_claims[:number] + proof.disclosure.withheld_claims[number + 1 :]
        forged = replace(proof, disclosure=replace(proof.disclosure, withheld_claims=withheld))
        assert city.verify(forged).reason == "claims_altered"
    fewer = replace(
        proof, disclosure=replace(proof.disclosure, shown_claims=proof.disclosure.shown_claims[:1])
    )
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
    assert report.get_step(5).reason == "signature_bad"
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
