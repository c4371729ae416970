"""Whatever an endpoint answers, reading it gives a checked value or `ChainMisbehaved`."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from anchoring.chain import answers
from anchoring.chain.protocol import Block
from anchoring.errors import ChainMisbehaved

CONTRACT = "0x" + "ab" * 20
HASH = "0x" + "01" * 32
BLOCK = {"number": "0x10", "hash": HASH, "parentHash": "0x" + "02" * 32, "timestamp": "0x6000", "extra": None}
LOG: dict[str, Any] = {
    "address": CONTRACT,
    "topics": ["0x" + answers.HEAD_EXTENDED.hex(), "0x" + "00" * 31 + "05", "0x" + "00" * 31 + "0f"],
    "data": "0x" + abi_encode(("uint64", "uint64", "bytes"), (3, 7, b"payload")).hex(),
    "blockNumber": "0x4",
    "blockHash": HASH,
    "transactionHash": HASH,
    "removed": False,
}
RECEIPT = {
    "transactionHash": HASH,
    "blockNumber": "0x4",
    "blockHash": HASH,
    "status": "0x1",
    "gasUsed": "0x5208",
    "contractAddress": None,
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.from_regex(r"0x[0-9a-f]{0,70}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
READERS: list[Callable[[Any], object]] = [
    answers.read_quantity,
    answers.read_data,
    answers.read_address,
    answers.read_block,
    lambda value: answers.read_receipt(value, b"\x01" * 32),
    lambda value: answers.read_events(value, CONTRACT, 0, 10),
]


def test_what_an_honest_endpoint_answers_is_read() -> None:
    assert answers.read_block(BLOCK) == Block(16, b"\x01" * 32, b"\x02" * 32, 0x6000)
    (found,) = answers.read_events([LOG], CONTRACT, 4, 4)
    event = found.event
    assert (event.event_number, event.kind, event.previous_block_number, event.time, event.payload, event.block_number) == (
        5, 15, 3, 7, b"payload", 4,
    )  # fmt: skip
    receipt = answers.read_receipt(RECEIPT, b"\x01" * 32)
    assert (receipt.has_succeeded, receipt.gas_used, receipt.contract) == (True, 21_000, None)


@given(JSON)
def test_anything_else_is_refused_and_nothing_else_is_raised(value: Any) -> None:
    for read in READERS:
        with suppress(ChainMisbehaved):
            read(value)


@given(st.sampled_from(sorted(LOG)), JSON)
def test_one_member_of_a_log_in_another_form(name: str, value: Any) -> None:
    with suppress(ChainMisbehaved):
        answers.read_events([LOG | {name: value}], CONTRACT, 0, 10)


@pytest.mark.parametrize(
    "bent",
    [
        {"address": "0x" + "cd" * 20},
        {"blockNumber": "0xb"},
        {"blockNumber": 4},
        {"blockNumber": "0x04"},
        {"blockNumber": None},
        {"topics": LOG["topics"][:2]},
        {"topics": ["0x" + "00" * 32, *LOG["topics"][1:]]},
        {"topics": [LOG["topics"][0], LOG["topics"][1], "0x" + "00" * 30 + "0100"]},
        {"topics": [LOG["topics"][0], "0x" + "ff" * 32, LOG["topics"][2]]},
        {"data": "0x00"},
        {"data": LOG["data"][:-64]},
        {"data": "0x" + abi_encode(("uint64", "uint64", "bytes"), (2**63, 7, b"")).hex()},
        {"blockHash": "0x01"},
        {"transactionHash": HASH + "00"},
    ],
)
def test_a_log_that_is_not_the_registrys_is_refused(bent: dict[str, Any]) -> None:
    with pytest.raises(ChainMisbehaved):
        answers.read_events([LOG | bent], CONTRACT, 0, 10)


def test_a_receipt_of_another_transaction_is_refused() -> None:
    with pytest.raises(ChainMisbehaved):
        answers.read_receipt(RECEIPT, b"\x02" * 32)


@pytest.mark.parametrize(
    "text", ["", "0x", "0x00", "10", "0xG", "0x" + "f" * 65, "0x8000000000000000", " 0x1", "0x1\n"]
)
def test_a_quantity_has_one_spelling(text: str) -> None:
    with pytest.raises(ChainMisbehaved):
        answers.read_quantity(text)


@pytest.mark.parametrize("text", ["0x7a69", "31337", 31337], ids=["hexadecimal", "decimal", "number"])
def test_a_chain_id_may_be_written_in_decimal(text: str | int) -> None:
    assert answers.read_chain_id(text) == 31337


@pytest.mark.parametrize("text", ["chain0", "", "031337", "-1", True, None, 1.5, "9" * 19 + "9"])
def test_a_chain_id_that_is_no_number_is_refused(text: object) -> None:
    with pytest.raises(ChainMisbehaved):
        answers.read_chain_id(text)


def test_null_is_a_list_of_no_logs() -> None:
    assert answers.read_events(None, "0x" + "11" * 20, 0, 1) == []


def test_logs_of_a_branch_that_was_left_are_none() -> None:
    removed = LOG | {"removed": True, "blockHash": None}
    assert len(answers.read_events([removed, LOG, removed], CONTRACT, 0, 10)) == 1


def test_a_log_that_does_not_name_its_block_is_given_its_hash_once_asked_for() -> None:
    asked: list[int] = []

    def ask_block_hash(number: int) -> bytes:
        asked.append(number)
        return b"\x07" * 32

    nameless = {name: value for name, value in LOG.items() if name != "blockHash"}
    logs = answers.name_blocks([nameless, LOG, LOG | {"blockHash": None}], ask_block_hash)
    events = answers.read_events(logs, CONTRACT, 0, 10)
    assert [event.block_hash[0] for event in events] == [7, 1, 7]
    assert asked == [4]
    for odd in (None, "0x", [5], [nameless | {"blockNumber": None}]):
        with suppress(ChainMisbehaved):
            answers.name_blocks(odd, ask_block_hash)
