"""The state of a registry: collected from the facts of its events, or asked of its contract.

Facts are what everything relies on; the contract's own word is the second opinion. Names that no act mentioned are not
asked for: an act that gave them a state would break the head.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from anchoring.chain.calls import make_selector
from anchoring.chain.protocol import ZERO_ADDRESS, Chain
from anchoring.errors import ChainMisbehaved
from ledger.registry.trust import Division, Fact, Governance, IssuerAssignment, KeyState, LogState

_MAX_NAMED: Final = 10  # differences that are named; the first ones show the pattern


@dataclass(frozen=True, slots=True)
class LogView:
    """A log as `logState` tells it; addresses of nobody are zero."""

    suite: int
    admin: str
    pending_admin: str
    operator: str
    sequence: int
    size: int


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as `keyState` tells it; times of 0 mean never."""

    log: str
    purpose: int
    retired_at: int
    compromised_since: int


@dataclass(frozen=True, slots=True)
class RegistryState:
    """What a registry's views answer; logs, issuers, divisions and keys by their names."""

    province: str
    pending_province: str
    successor: str
    logs: Mapping[str, LogView]
    issuers: Mapping[str, str]
    divisions: Mapping[str, str]
    keys: Mapping[bytes, KeyView]


def collect_state(facts: Iterable[Fact]) -> RegistryState:
    """Return the state that facts make: all of a registry, in any order if none is superseded, else in that of its acts."""
    governance = Governance("")
    logs: dict[str, LogView] = {}
    issuers: dict[str, IssuerAssignment] = {}
    divisions: dict[str, str] = {}
    keys: dict[bytes, KeyView] = {}
    for fact in facts:
        match fact:
            case Governance():
                governance = fact
            case Division():
                divisions[fact.division] = fact.log
            case LogState():
                logs[fact.name] = LogView(
                    fact.suite.number,
                    fact.admin,
                    fact.pending_admin or ZERO_ADDRESS,
                    fact.operator or ZERO_ADDRESS,
                    fact.sequence,
                    fact.size,
                )
            case IssuerAssignment():
                issuers[fact.issuer] = max(
                    issuers.get(fact.issuer, fact), fact, key=lambda assignment: assignment.event_number
                )
            case KeyState():
                retired_at, compromised_since = fact.retired_at or 0, fact.compromised_since or 0
                keys[fact.id] = KeyView(fact.log, fact.purpose, retired_at, compromised_since)
    return RegistryState(
        governance.province,
        governance.pending_province or ZERO_ADDRESS,
        governance.successor,
        logs,
        {name: assignment.log for name, assignment in issuers.items()},
        divisions,
        keys,
    )


def ask_state(chain: Chain, contract: str, known_state: RegistryState) -> RegistryState:
    """Ask the contract for everything that `known_state` names. Raises: ChainMisbehaved, ChainUnavailable."""

    def ask(function: str, answer_types: tuple[str, ...], *argument: bytes) -> tuple[Any, ...]:
        types = [function.partition("(")[2][:-1]] if argument else []
        answer = chain.simulate(ZERO_ADDRESS, contract, make_selector(function) + abi_encode(types, argument))
        try:
            return abi_decode(answer_types, answer)
        except (DecodingError, OverflowError) as error:
            raise ChainMisbehaved(f"{function} answered what does not decode: {error}") from error

    def ask_log(name: str) -> LogView:
        answer_types = ("uint8", "address", "address", "address", "uint64", "uint64")
        suite, admin, pending_admin, operator, *sequence_and_size = ask(
            "logState(bytes32)", answer_types, name.encode("ascii")
        )
        return LogView(suite, admin.lower(), pending_admin.lower(), operator.lower(), *sequence_and_size)

    def ask_key(name: bytes) -> KeyView:
        log_name, *purpose_and_times = ask(
            "keyState(bytes32)", ("bytes32", "uint8", "uint64", "uint64"), name
        )
        return KeyView(_decode_text(log_name), *purpose_and_times)

    def ask_holder(function: str, name: str) -> str:
        return _decode_text(ask(function, ("bytes32",), name.encode("ascii"))[0])

    return RegistryState(
        province=ask("province()", ("address",))[0].lower(),
        pending_province=ask("pendingProvince()", ("address",))[0].lower(),
        successor=_decode_text(ask("successor()", ("bytes",))[0]),
        logs={name: ask_log(name) for name in known_state.logs},
        issuers={name: ask_holder("issuerLog(bytes18)", name) for name in known_state.issuers},
        divisions={name: ask_holder("divisionLog(bytes6)", name) for name in known_state.divisions},
        keys={name: ask_key(name) for name in known_state.keys},
    )


def compare_states(state_by_events: RegistryState, state_by_views: RegistryState) -> list[str]:
    """Name what the two say differently, the first few; none where they agree."""
    differences: list[str] = []
    for field in fields(RegistryState):
        by_events_value, by_views_value = (
            getattr(state_by_events, field.name),
            getattr(state_by_views, field.name),
        )
        if isinstance(by_events_value, Mapping):
            differences += [
                f"{field.name} {_format_name(name)}: {by_events_value.get(name)} by the events, "
                f"{by_views_value.get(name)} by the contract"
                for name in sorted({*by_events_value, *by_views_value})
                if by_events_value.get(name) != by_views_value.get(name)
            ]
        elif by_events_value != by_views_value:
            differences.append(
                f"{field.name}: {by_events_value} by the events, {by_views_value} by the contract"
            )
    return differences[:_MAX_NAMED]


def _format_name(name: str | bytes) -> str:
    return "0x" + name.hex() if isinstance(name, bytes) else name


def _decode_text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("ascii", "backslashreplace")
