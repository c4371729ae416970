"""Call data of the registry contract; its answers and errors read back. No chain is asked.

The arguments of almost every function are the fields of the act that it records, in the same order: the payload of the
act is its call data after the selector.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NotRequired, TypedDict

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from anchoring.chain.protocol import RegistryHead
from anchoring.errors import ChainMisbehaved, RegistryAbsent, TransactionRejected
from ledger.crypto.keys import keccak256
from ledger.registry import acts

ARTEFACT: Final = Path(__file__).resolve().parents[2] / "contracts" / "artefact" / "Registry.json"

#: The function that records each act.
FUNCTIONS: Final[dict[type[acts.Act], str]] = {
    acts.ProvinceTransferStarted: "transferProvince(address)",
    acts.LogAdmitted: "admitLog(bytes32,uint8,address,bytes6[],(string,bytes32,uint64,bytes32,uint64,bytes32))",
    acts.DivisionAssigned: "assignDivision(bytes6,bytes32)",
    acts.AdminTransferStarted: "transferAdmin(bytes32,address)",
    acts.AdminReplaced: "replaceAdmin(bytes32,address)",
    acts.OperatorSet: "setOperator(bytes32,address)",
    acts.IssuerAdded: "addIssuer(bytes32,bytes18)",
    acts.IssuerAssigned: "assignIssuer(bytes32,bytes18)",
    acts.KeyRegistered: "registerKey(bytes32,uint8,bytes)",
    acts.KeyGranted: "grant(bytes32,bytes32,bytes18,uint8,bytes21[],uint64,uint64)",
    acts.KeyRetired: "retireKey(bytes32,uint64)",
    acts.KeyCompromised: "compromiseKey(bytes32,uint64)",
    acts.Anchored: "anchor(bytes32,uint64,uint64,bytes32,bytes32,bytes)",
    acts.RegistryClosed: "close(string)",
}

#: The function with which the one that was named takes over.
_ACCEPTANCES: Final[dict[type[acts.Act], str]] = {
    acts.ProvinceTransferred: "acceptProvince()",
    acts.AdminTransferred: "acceptAdmin(bytes32)",
}

_GAS_BASE: Final = 250_000  # a transaction, and the slots of any one act, several times over
_GAS_A_BYTE: Final = 60  # calldata costs 16 gas a byte, the event 8, copying and hashing the rest
_GAS_A_DIVISION: Final = 50_000  # one new slot for each division of an admitted log
_GAS_A_CODE_BYTE: Final = 400  # deployment: 200 gas for each byte kept, its calldata, the constructor


def make_selector(signature: str) -> bytes:
    """Return the 4 bytes that name a function or an error on the chain."""
    return keccak256(signature.encode("ascii"))[:4]


def name_function(act: acts.Act) -> str:
    """Return the signature of the function that records `act`."""
    return (FUNCTIONS | _ACCEPTANCES)[type(act)]


def encode_call(act: acts.Act) -> bytes:
    """Return the call data that has the contract record `act`. Raises: MalformedInput for a value that does not fit.

    A transfer that is accepted is recorded with its sender, whom the call data does not name.
    """
    match act:
        case acts.ProvinceTransferred():
            return encode_accept_province()
        case acts.AdminTransferred():
            return encode_accept_admin(act.log)
        case _:
            return make_selector(name_function(act)) + act.encode()


def encode_accept_province() -> bytes:
    """Return the call data with which the named successor becomes the province."""
    return make_selector("acceptProvince()")


def encode_accept_admin(log: str) -> bytes:
    """Return the call data with which the named successor becomes the admin of `log`."""
    return make_selector("acceptAdmin(bytes32)") + abi_encode(("bytes32",), (log.encode("ascii"),))


def encode_head() -> bytes:
    """Return the call data that asks where the registry stands."""
    return make_selector("head()")


def encode_head_zero() -> bytes:
    """Return the call data that asks for head 0."""
    return make_selector("headZero()")


def encode_deployment(province: str) -> bytes:
    """Return the data of the transaction that deploys the registry with `province`."""
    return _read_artefact().bytecode + abi_encode(("address",), (province,))


def estimate_gas(data: bytes, *, deploys: bool = False) -> int:
    """Return a gas limit that suffices for `data` with room to spare; what is not used is not paid."""
    if deploys:
        return _GAS_BASE + _GAS_A_CODE_BYTE * len(data)
    word_count = len(data) // 32
    admits_log = data[:4] == make_selector(FUNCTIONS[acts.LogAdmitted])
    return _GAS_BASE + _GAS_A_BYTE * len(data) + (_GAS_A_DIVISION * word_count if admits_log else 0)


def decode_head(answer: bytes) -> RegistryHead:
    """Read the answer of `head()`. Raises: ChainMisbehaved; RegistryAbsent for none, as an address without code gives."""
    if not answer:
        raise RegistryAbsent(
            "there is no contract at the registry's address: the chain was made anew 链已重置 or set back, or the "
            "endpoint is of another chain. Ask who runs it; a chain that was made anew needs a registry of its own"
        )
    try:
        event_number, head, last_block, is_closed = abi_decode(
            ("uint64", "bytes32", "uint64", "bool"), answer
        )
    except DecodingError as error:
        raise ChainMisbehaved(f"head() answered {len(answer)} bytes that do not decode: {error}") from error
    return RegistryHead(event_number, head, last_block, is_closed)


def decode_head_zero(answer: bytes) -> bytes:
    """Read the answer of `headZero()`. Raises: ChainMisbehaved."""
    if len(answer) != 32:
        raise ChainMisbehaved(f"headZero() answered {len(answer)} bytes instead of 32")
    return answer


def decode_rejection(data: bytes, otherwise: str) -> TransactionRejected:
    """Read the contract's error from the data of a revert; `otherwise` says what the endpoint said of it."""
    error = _read_artefact().errors.get(data[:4])
    if error is None:
        return TransactionRejected("Reverted", (data,), otherwise)
    try:
        values = abi_decode(error.parameter_types, data[4:])
    except DecodingError:
        return TransactionRejected("Reverted", (data,), otherwise)
    values_text = ", ".join(
        f"{name} {_show(value)}" for name, value in zip(error.parameter_names, values, strict=True)
    )
    return TransactionRejected(error.name, values, f"the registry refuses: {error.name}({values_text})")


def _show(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    text = value.rstrip(b"\0")
    return text.decode("ascii") if text and text.isalnum() else "0x" + value.hex()


class _Field(TypedDict):
    """A parameter in the artefact's ABI; a tuple has components."""

    name: str
    type: str
    components: NotRequired[list["_Field"]]


@dataclass(frozen=True, slots=True)
class _Error:
    name: str
    parameter_names: tuple[str, ...]
    parameter_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Artefact:
    bytecode: bytes
    errors: Mapping[bytes, _Error]


@cache
def _read_artefact() -> _Artefact:
    content = json.loads(ARTEFACT.read_text())
    errors = {}
    for member in content["abi"]:
        if member["type"] == "error":
            types = tuple(_spell_type(field) for field in member["inputs"])
            names = tuple(field["name"] for field in member["inputs"])
            errors[make_selector(f"{member['name']}({','.join(types)})")] = _Error(
                member["name"], names, types
            )
    return _Artefact(bytes.fromhex(content["bytecode"].removeprefix("0x")), errors)


def _spell_type(field: _Field) -> str:
    if not field["type"].startswith("tuple"):
        return field["type"]
    component_types = ",".join(_spell_type(component) for component in field["components"])
    return f"({component_types}){field['type'].removeprefix('tuple')}"
