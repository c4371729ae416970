"""Decoders are total: they answer or raise `MalformedInput`, whatever they are given."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.keys import decode_public_key, decode_signature
from ledger.crypto.suites import SM3, parse_digest
from ledger.encoding import canonical, times
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.fields import parse_hex, parse_key_id
from ledger.errors import MalformedInput
from ledger.proof.paper import PREFIX, decode_paper, encode_paper, pack, unpack
from ledger.proof.proof import decode_proof, read_proof
from ledger.records.claims import decode_disclosure, decode_document
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import decode_record, read_lineage
from ledger.records.submissions import decode_entry, decode_statement
from ledger.registry.acts import ACTS, decode_act
from ledger.registry.status import decode_changes
from ledger.verification.reasons import Verdict
from ledger.verification.receipts import Receipt, decode_signed_receipt, sign_receipt
from tests.mutations import JSON, mutated
from tests.scenes import START, scene

CITY, ITEMS = scene()
PROOF = CITY.proof(ITEMS[0], ITEMS[1])
SELECTED = CITY.proof(ITEMS[0], shown={"ZZMC"})
ENTRY = PROOF.entry
PROMISED = Receipt("eip155:1", "tianmen", SM3, bytes(32), 3, 0, START, START + 60, CITY.key.public.id)
SIGNED = sign_receipt(CITY.key, PROMISED)
DISCLOSURE = PROOF.disclosure
assert DISCLOSURE
PAYLOADS = {event.kind: event.payload for event in CITY.registry.events}

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
OF_JSON: list[tuple[Callable[[Any], object], list[Any]]] = [
    (decode_record, [PROOF.record.to_json(), CITY.follow("revoke", ITEMS[0]).record.to_json()]),
    (decode_statement, [ENTRY.statement.to_json()]),
    (decode_entry, [ENTRY.to_json()]),
    (decode_disclosure, [DISCLOSURE.to_json(), SELECTED.disclosure and SELECTED.disclosure.to_json()]),
    (decode_document, [DISCLOSURE.values["document/1"]]),
    (lambda value: decode_signed_receipt(encode_canonical(value)), [SIGNED.to_json()]),
    (read_proof, [PROOF.to_json(), SELECTED.to_json()]),
]
OF_TEXT: list[Callable[[str], object]] = [
    times.parse_time,
    times.parse_date,
    parse_hex,
    parse_key_id,
    parse_digest,
    decode_signature,
    decode_paper,
    read_lineage,
    CertificateIdentifier.parse,
]
OF_BYTES: list[Callable[[bytes], object]] = [
    decode,
    decode_proof,
    decode_signed_receipt,
    unpack,
    decode_public_key,
    lambda data: decode_changes(data, 2**40),
]


def total(read: Callable[[Any], object], value: object) -> None:
    message = "read"
    try:
        read(value)
    except MalformedInput as error:
        message = str(error)
    assert 0 < len(message) < 1000


@pytest.mark.parametrize(("read", "examples"), OF_JSON)
@given(st.data())
@settings(max_examples=200)
def test_of_json(read: Callable[[Any], object], examples: list[Any], data: st.DataObject) -> None:
    for example in examples:
        read(example)
    value = data.draw(st.one_of(ANYTHING, JSON, *(mutated(example) for example in examples)))
    total(read, value)


@pytest.mark.parametrize("read", OF_TEXT)
@given(st.text() | st.from_regex(r"[0-9A-Fa-fx:TZ. -]{1,70}", fullmatch=True))
@settings(max_examples=100)
def test_of_text(read: Callable[[str], object], text: str) -> None:
    total(read, text)


@pytest.mark.parametrize("read", OF_BYTES)
@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_of_bytes(read: Callable[[bytes], object], data: bytes) -> None:
    total(read, data)


@given(JSON | ANYTHING)
def test_of_encoded_json(value: Any) -> None:
    try:
        text = encode_canonical(value)
    except MalformedInput:
        return
    assert decode(text) == value
    total(decode_proof, text)


@given(JSON | ANYTHING)
def test_the_fast_check_of_the_profile_is_the_one_that_names_the_place(value: Any) -> None:
    try:
        canonical._check_profile(value, 1, "$")
    except MalformedInput:
        assert not canonical._fits_profile(value)
    else:
        assert canonical._fits_profile(value)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
def test_of_codes(text: str) -> None:
    total(decode_paper, PREFIX + text)


@given(st.data())
@settings(max_examples=300)
def test_of_damaged_packings(data: st.DataObject) -> None:
    packed = bytearray(pack(decode(PROOF.encode())))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = unpack(bytes(packed))
    except MalformedInput:
        return
    assert pack(value) == bytes(packed)


@given(JSON)
def test_packing_is_a_bijection(value: Json) -> None:
    assert unpack(pack(value)) == value


@given(st.data())
def test_papers_come_back(data: st.DataObject) -> None:
    try:
        proof = read_proof(data.draw(mutated(PROOF.to_json(), [SELECTED.to_json()])))
    except MalformedInput:
        return
    assert decode_paper(encode_paper(proof)) == decode_proof(proof.encode()) == proof


@pytest.mark.parametrize("kind", sorted(ACTS))
@given(st.data())
@settings(max_examples=100)
def test_of_acts(kind: int, data: st.DataObject) -> None:
    words = st.lists(st.binary(min_size=32, max_size=32) | st.integers(0, 2**9).map(_word), max_size=12)
    payload = data.draw(st.binary(max_size=100) | words.map(b"".join))
    total(lambda given: decode_act(kind, given), payload)


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@given(st.sampled_from(sorted(PAYLOADS)), st.data())
@settings(max_examples=300)
def test_of_damaged_acts(kind: int, data: st.DataObject) -> None:
    payload = bytearray(PAYLOADS[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    total(lambda given: decode_act(kind, given), bytes(payload))


@given(st.binary(max_size=300))
def test_verification_never_raises_on_bytes(data: bytes) -> None:
    report = CITY.verify(data)
    assert report.verdict is Verdict.UNVERIFIABLE
    assert encode_canonical(report.to_json())
