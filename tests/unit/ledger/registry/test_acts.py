"""Acts and heads: the encoding that the contract writes, read back exactly.

Whatever else the bytes hold.
"""

from dataclasses import fields
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode

from ledger.crypto.keys import keccak256
from ledger.errors import MalformedInput, NewerFormat
from ledger.registry import acts
from ledger.registry.acts import (
    ACTS,
    Act,
    Event,
    build_registry_name,
    compute_head_zero,
    decode_act,
    extend_head,
)

ADDRESS = "0x" + "ab" * 20
PREDECESSOR = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
EXAMPLES: list[Act] = [
    acts.ProvinceTransferStarted(ADDRESS),
    acts.ProvinceTransferred(ADDRESS),
    acts.LogAdmitted("tianmen", 1, ADDRESS, ("429006", "429004"), acts.Predecessor()),
    acts.LogAdmitted("a" * 32, 2, ADDRESS, (), PREDECESSOR),
    acts.DivisionAssigned("429006", "tianmen"),
    acts.DivisionAssigned("429006", ""),
    acts.AdminTransferStarted("tianmen", ADDRESS),
    acts.AdminTransferred("tianmen", ADDRESS),
    acts.AdminReplaced("tianmen", ADDRESS),
    acts.OperatorSet("tianmen", ADDRESS),
    acts.IssuerAdded("tianmen", "11429006012345671T"),
    acts.IssuerAssigned("tianmen", "340100"),
    acts.KeyRegistered("tianmen", 1, b"\x30" * 91),
    acts.KeyGranted(
        "tianmen", b"\x01" * 32, "11429006012345671T", 15, ("11100000MB0143028R001",), 0, 2**64 - 1
    ),
    acts.KeyRetired(b"\x01" * 32, 2**64 - 1),
    acts.KeyCompromised(b"\x01" * 32, 1),
    acts.Anchored("tianmen", 1, 2**40 - 1, b"\x01" * 32, b"\x02" * 32, bytes(range(60))),
    acts.RegistryClosed("eip155:1:0x00:00"),
]


@pytest.mark.parametrize("act", EXAMPLES)
def test_an_act_comes_back(act: Act) -> None:
    assert decode_act(act.KIND, act.encode()) == act


def test_kinds_are_those_of_the_contract() -> None:
    assert sorted(ACTS) == list(range(1, 17))
    assert {type(act) for act in EXAMPLES} == set(ACTS.values())
    for act in EXAMPLES:
        assert len(act.ABI) == len(fields(act))


def test_payload_is_what_solidity_encodes() -> None:
    anchored = EXAMPLES[-2]
    assert anchored.encode() == abi_encode(
        ["bytes32", "uint64", "uint64", "bytes32", "bytes32", "bytes"],
        [b"tianmen", 1, 2**40 - 1, b"\x01" * 32, b"\x02" * 32, bytes(range(60))],
    )
    assert EXAMPLES[3].encode() == abi_encode(
        ["bytes32", "uint8", "address", "bytes6[]", "(string,bytes32,uint64,bytes32,uint64,bytes32)"],
        [b"a" * 32, 2, ADDRESS, [], ("eip155:1:0x00:00", b"tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)],
    )
    assert EXAMPLES[-1].encode() == abi_encode(["string"], ["eip155:1:0x00:00"])


def test_head_is_what_solidity_hashes() -> None:
    event = Event(
        event_number=3,
        kind=15,
        previous_block_number=8,
        time=1_700_000_000,
        payload=b"payload",
        block_number=9,
    )
    words = abi_encode(
        ["bytes32", "uint64", "uint64", "uint64", "uint8", "bytes32"],
        [b"\x01" * 32, 3, 1_700_000_000, 8, 15, keccak256(b"payload")],
    )
    assert extend_head(b"\x01" * 32, event) == keccak256(words)


def test_head_0_and_the_name_of_a_registry() -> None:
    contract = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
    head = compute_head_zero(31337, contract, b"\x01" * 32)
    words = abi_encode(
        ["string", "uint256", "address", "bytes32"],
        ["shunzheng/registry/1", 31337, "0x" + contract.hex(), b"\x01" * 32],
    )
    assert head == keccak256(words)
    assert build_registry_name(31337, contract, head) == f"eip155:31337:0x{contract.hex()}:{head.hex()[:16]}"
    assert (
        len(
            {
                head,
                compute_head_zero(1, contract, b"\x01" * 32),
                compute_head_zero(31337, contract, b"\x02" * 32),
            }
        )
        == 3
    )


@pytest.mark.parametrize(
    "act",
    [
        acts.OperatorSet("天门", ADDRESS),
        acts.OperatorSet("a" * 33, ADDRESS),
        acts.OperatorSet("tianmen", "0x00"),
        acts.KeyRetired(b"\x01" * 33, 1),
        acts.KeyRetired(b"\x01" * 32, 2**64),
        acts.KeyRetired(b"\x01" * 32, -1),
        acts.KeyRegistered("tianmen", 256, b""),
        acts.RegistryClosed("天门"),
    ],
    ids=repr,
)
def test_values_that_no_field_holds(act: Act) -> None:
    with pytest.raises(MalformedInput, match=type(act).__name__):
        act.encode()


@pytest.mark.parametrize("act", EXAMPLES)
def test_cut_payloads_are_refused(act: Act) -> None:
    payload = act.encode()
    for length in (0, 31, len(payload) - 32):
        if length < len(payload.rstrip(b"\0")):
            with pytest.raises(MalformedInput):
                decode_act(act.KIND, payload[:length])


@pytest.mark.parametrize("kind", [0, 17, 255])
def test_an_unknown_kind_is_newer(kind: int) -> None:
    with pytest.raises(NewerFormat, match="update the program"):
        decode_act(kind, b"")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"A\xff", r"A\xff"),
        (b"A\0B", r"A\x00B"),
        ("中".encode(), r"\xe4\xb8\xad"),
        (b"", ""),
    ],
)
def test_text_that_is_no_name_reads_as_no_name(written: bytes, read: str) -> None:
    kinds: dict[int, tuple[list[str], list[Any]]] = {
        10: (["bytes32", "bytes18"], [b"tianmen", written]),
        16: (["bytes"], [written]),
    }
    for kind, (types, values) in kinds.items():
        act = decode_act(kind, abi_encode(types, values))
        assert read in (getattr(act, "issuer", None), getattr(act, "successor", None))
