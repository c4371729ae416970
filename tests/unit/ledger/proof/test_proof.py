"""Proofs: decoded completely or not at all, within limits."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.crypto.trees import PathElement
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.limits import MAX_PATH
from ledger.proof.proof import MAX_LINKED, MAX_PROOF_BYTES, Proof, decode_proof, is_proof, read_proof
from tests.scenes import scene

CITY, ITEMS = scene()
PROOF = CITY.proof(ITEMS[0])
BARE = replace(PROOF, disclosure=None, staple=None)


@pytest.mark.parametrize(
    "proof",
    [
        PROOF,
        BARE,
        CITY.proof(ITEMS[0], shown={"ZZMC"}),
        CITY.proof(ITEMS[0], *ITEMS[1:]),
        replace(
            PROOF, batch_path=(PathElement("left", 1, bytes(32)), PathElement("right", 2**40, b"\x01" * 32))
        ),
    ],
)
def test_a_proof_comes_back(proof: Proof) -> None:
    assert decode_proof(proof.encode()) == proof
    assert proof.encode() == encode_canonical(proof.to_json())
    loose = proof.encode().replace(b'":', b'" :\n')
    assert decode_proof(loose) == proof


@pytest.mark.parametrize(
    "altered",
    [
        {"type": "shunzheng/record/1"},
        {"record": []},
        {"disclosure": []},
        {"submission": []},
        {"submission": {"index": -1, "path": []}},
        {"submission": {"index": 2**20, "path": []}},
        {"submission": {"index": 0, "path": ["00"]}},
        {"submission": {"index": 0, "path": ["00" * 32] * (MAX_PATH + 1)}},
        {"submission": {"index": 0, "path": [], "size": 3}},
        {"entry": {}},
        {"batch": {}},
        {"batch": [["left", 1, "00" * 32]] * (MAX_PATH + 1)},
        {"batch": [["up", 1, "00" * 32]]},
        {"batch": [["left", True, "00" * 32]]},
        {"batch": [["left", "1", "00" * 32]]},
        {"batch": [["left", 1, "00" * 31]]},
        {"batch": [["left", 1]]},
        {"batch": [["left", 1, 1]]},
        {"batch": ["left"]},
        {"sequence": 0},
        {"sequence": "1"},
        {"status": {}},
        {"status": {"sequence": 0, "chunk": "00" * 32, "path": []}},
        {"status": {"sequence": 1, "chunk": "00" * 31, "path": []}},
        {"status": {"sequence": 1, "chunk": "00" * 32, "path": [], "size": 1}},
        {"linked": []},
        {"linked": {}},
        {"linked": [{}]},
        {"note": "unknown"},
    ],
)
def test_other_forms_are_refused(altered: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        read_proof(PROOF.to_json() | altered)


@pytest.mark.parametrize("name", ["type", "record", "submission", "entry", "batch", "sequence"])
def test_a_missing_member_is_refused(name: str) -> None:
    body: Any = PROOF.to_json()
    del body[name]
    with pytest.raises(MalformedInput):
        read_proof(body)


def nested(depth: int) -> Proof:
    proof = BARE
    for _ in range(depth):
        proof = replace(BARE, linked_proofs=(proof,))
    return proof


def test_links_are_limited_in_depth() -> None:
    assert decode_proof(nested(3).encode()) == nested(3)
    with pytest.raises(LimitExceeded, match="3 deep"):
        read_proof(nested(4).to_json())


def test_links_are_limited_in_all() -> None:
    most = replace(BARE, linked_proofs=(BARE,) * MAX_LINKED)
    assert read_proof(most.to_json()) == most
    with pytest.raises(MalformedInput):
        read_proof(replace(BARE, linked_proofs=(BARE,) * (MAX_LINKED + 1)).to_json())
    branch = replace(BARE, linked_proofs=(BARE,) * 8)
    with pytest.raises(LimitExceeded, match="16 proofs"):
        read_proof(replace(BARE, linked_proofs=(branch, branch)).to_json())


def test_size_is_limited() -> None:
    assert decode_proof(PROOF.encode().ljust(MAX_PROOF_BYTES)) == PROOF
    with pytest.raises(LimitExceeded, match="262144"):
        decode_proof(PROOF.encode().ljust(MAX_PROOF_BYTES + 1))
    claims = {f"{number:03d}": "字" * 1000 for number in range(200)}
    long = CITY.licence(claims=claims)
    with pytest.raises(LimitExceeded):
        replace(PROOF, disclosure=long.disclosure).encode()


def test_nesting_is_limited() -> None:
    with pytest.raises(LimitExceeded):
        decode_proof(b"[" * 20 + b"]" * 20)


def test_newer_and_other_files() -> None:
    with pytest.raises(NewerFormat):
        decode_proof(b'{"type":"shunzheng/proof/2"}')
    with pytest.raises(MalformedInput):
        decode_proof(b"%PDF-1.7")
    assert is_proof(decode(PROOF.encode()))
    assert is_proof({"type": "shunzheng/proof/9"})
    others: list[Json] = [{"type": "shunzheng/record/1"}, {"type": 1}, {}, [], "shunzheng/proof/1"]
    for value in others:
        assert not is_proof(value)
