"""Call data and errors against the committed artefact of the contract."""

import json
from contextlib import suppress
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from anchoring.chain import calls
from anchoring.chain.answers import HEAD_EXTENDED
from anchoring.errors import ChainMisbehaved, RegistryAbsent
from ledger.crypto.keys import keccak256
from ledger.registry import acts
from ledger.registry.acts import ACTS, Act

ABI: list[dict[str, Any]] = json.loads(calls.ARTEFACT.read_text())["abi"]


def spelled(field: dict[str, Any]) -> str:
    if field["type"].startswith("tuple"):
        return f"({','.join(spelled(part) for part in field['components'])}){field['type'][5:]}"
    return str(field["type"])


def signatures(kind: str) -> set[str]:
    return {
        f"{item['name']}({','.join(map(spelled, item['inputs']))})" for item in ABI if item["type"] == kind
    }


def test_every_function_that_is_called_is_the_contracts() -> None:
    acceptances = {"acceptProvince()", "acceptAdmin(bytes32)"}
    views = {"head()", "headZero()", "province()", "pendingProvince()", "successor()", "logState(bytes32)"}
    views |= {"issuerLog(bytes18)", "divisionLog(bytes6)", "keyState(bytes32)"}
    assert signatures("function") == set(calls.FUNCTIONS.values()) | acceptances | views


def test_every_act_but_the_acceptances_has_a_function() -> None:
    assert set(calls.FUNCTIONS) == set(ACTS.values()) - {acts.ProvinceTransferred, acts.AdminTransferred}


@pytest.mark.parametrize("act", calls.FUNCTIONS)
def test_the_fields_of_an_act_are_the_arguments_of_its_function(act: type[Act]) -> None:
    types = [codec.abi_type.replace("(bytes,", "(string,") for codec in act.ABI]
    arguments = calls.FUNCTIONS[act].partition("(")[2]
    assert ",".join(types) == arguments[:-1].replace("string", "bytes", arguments.startswith("string"))


def test_the_one_event_is_the_contracts() -> None:
    (event,) = signatures("event")
    assert keccak256(event.encode()) == HEAD_EXTENDED


def test_call_data_is_the_selector_and_the_encoded_arguments() -> None:
    call = calls.encode_call(acts.OperatorSet("tianmen", "0x" + "11" * 20))
    assert call.hex() == (
        calls.make_selector("setOperator(bytes32,address)").hex()
        + b"tianmen".ljust(32, b"\0").hex()
        + "00" * 12
        + "11" * 20
    )


def test_an_error_of_the_contract_is_read_with_its_values() -> None:
    name = b"tianmen".ljust(32, b"\0")
    data = calls.make_selector("WrongSequence(uint64,uint64)") + abi_encode(("uint64", "uint64"), (7, 3))
    error = calls.decode_rejection(data, "execution reverted")
    assert (error.name, error.values) == ("WrongSequence", (7, 3))
    assert str(error) == "the registry refuses: WrongSequence(sequence 7, next 3)"
    data = calls.make_selector("UnknownLog(bytes32)") + name
    assert str(calls.decode_rejection(data, "")) == "the registry refuses: UnknownLog(log tianmen)"


@given(st.binary(max_size=200), st.sampled_from(sorted(signatures("error"))))
def test_whatever_a_revert_carries_becomes_a_rejection(data: bytes, known: str) -> None:
    for content in (data, calls.make_selector(known) + data):
        error = calls.decode_rejection(content, "execution reverted")
        assert error.name == "Reverted" or error.name == known.partition("(")[0]


@given(st.binary(max_size=200))
def test_whatever_head_answers_is_read_or_refused(data: bytes) -> None:
    for read in (calls.decode_head, calls.decode_head_zero):
        with suppress(ChainMisbehaved, RegistryAbsent):
            read(data)


def test_an_address_without_a_contract_is_named() -> None:
    with pytest.raises(RegistryAbsent, match="made anew"):
        calls.decode_head(b"")


def test_a_gas_limit_suffices_and_stays_below_a_block() -> None:
    largest = acts.Anchored("tianmen", 1, 1, bytes(32), bytes(32), b"\xff" * 60_000)
    assert (
        200_000
        < calls.estimate_gas(calls.encode_call(acts.Anchored("t", 1, 1, bytes(32), bytes(32), b"")))
        < 500_000
    )
    assert 2_000_000 < calls.estimate_gas(calls.encode_call(largest)) < 10_000_000
    assert (
        3_000_000 < calls.estimate_gas(calls.encode_deployment("0x" + "11" * 20), deploys=True) < 10_000_000
    )
