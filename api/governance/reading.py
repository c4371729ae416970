"""Read a registry from the chain, compare it with the contract's own state, and show it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anchoring.chain.events import read_events
from anchoring.chain.protocol import ZERO_ADDRESS, Chain, RegistryName
from anchoring.chain.state import RegistryState, ask_state, collect_state, compare_states
from anchoring.errors import WrongRegistry
from api.governance.words import describe_scope, format_moment, name_purpose
from ledger.encoding.canonical import Json
from ledger.records.records import KINDS
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import Division, Fact, Governance, Grant, IssuerAssignment, KeyState, LogState

_GOVERNANCE_FACTS: Final = (Division, Governance, Grant, IssuerAssignment, KeyState, LogState)


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry as all its acts make it; `facts` are those of governance."""

    knowledge: Knowledge
    state: RegistryState
    facts: Sequence[Fact]

    def list_grants(self, key_id: bytes) -> list[Grant]:
        """Return what a key was granted, in the order of the acts."""
        return [fact for fact in self.facts if isinstance(fact, Grant) and fact.key_id == key_id]


def check_registry(chain: Chain, registry_name: str) -> None:
    """Check that the chain holds the registry of that name. Raises: WrongRegistry, MalformedInput."""
    parsed_name, chain_id = RegistryName.parse(registry_name), chain.fetch_chain_id()
    if chain_id != parsed_name.chain_id:
        raise WrongRegistry(
            f"the endpoint serves chain {chain_id}, the registry is on {parsed_name.chain_id}: check the URL"
        )
    if not chain.fetch_code(parsed_name.contract):
        raise WrongRegistry(
            f"there is no contract at {parsed_name.contract} on this chain: check the name and the URL"
        )
    if chain.fetch_head_zero(parsed_name.contract)[:8] != parsed_name.head_prefix:
        raise WrongRegistry(
            f"the contract at {parsed_name.contract} is another registry than {registry_name}: check the name"
        )


def read_registry(chain: Chain, registry_name: str) -> Registry:
    """Read every act up to the newest block. Raises: WrongRegistry, ChainUnavailable, LedgerError."""
    check_registry(chain, registry_name)
    contract_address = RegistryName.parse(registry_name).contract
    knowledge, facts = Knowledge(registry_name, chain.fetch_head_zero(contract_address)), list[Fact]()
    for recorded_act in read_events(chain, contract_address):
        facts += [fact for fact in knowledge.apply(recorded_act.event) if isinstance(fact, _GOVERNANCE_FACTS)]
    return Registry(knowledge, collect_state(facts), facts)


def find_disagreements(chain: Chain, registry: Registry) -> list[str] | None:
    """Name what the contract's own state says otherwise than its acts; None where new acts make that unsayable."""
    contract_address = RegistryName.parse(registry.knowledge.registry).contract
    differences = compare_states(registry.state, ask_state(chain, contract_address, registry.state))
    has_moved = chain.fetch_head(contract_address).event_number != registry.knowledge.fold.event_number
    return None if differences and has_moved else differences


def describe_registry(registry: Registry, log_name: str | None = None) -> Iterator[str]:
    """Show what a registry says now, for people; of one log where `log_name` says which."""
    knowledge, state = registry.knowledge, registry.state
    yield knowledge.registry
    yield (
        f"{knowledge.fold.event_number} acts, head 0x{knowledge.fold.head.hex()}, the newest in block "
        f"{knowledge.fold.block_number}"
    )
    yield f"province {state.province}{_describe_offer(state.pending_province)}"
    if state.successor:
        yield f"CLOSED for ever; its successor is {state.successor}"
    for name, log in state.logs.items():
        if log_name not in (None, name):
            continue
        log_state = knowledge.find_log(name)
        yield f"\nlog {name} ({log_state.suite.name if log_state else '?'}): {log.size:,} records in {log.sequence} anchors"
        yield f"  admin      {log.admin}{_describe_offer(log.pending_admin)}"
        yield f"  operator   {_blank_if_nobody(log.operator) or 'none'}"
        yield f"  divisions  {', '.join(_list_names_of_log(state.divisions, name)) or 'none'}"
        yield f"  issuers    {', '.join(_list_names_of_log(state.issuers, name)) or 'none'}"
        for key_id, key_state in state.keys.items():
            if key_state.log == name:
                yield from _describe_key(registry, key_id)


def _describe_key(registry: Registry, key_id: bytes) -> Iterator[str]:
    key_state = registry.state.keys[key_id]
    retired_at, compromised_since = (
        format_moment(key_state.retired_at),
        format_moment(key_state.compromised_since),
    )
    yield (
        f"  key        0x{key_id.hex()} ({name_purpose(key_state.purpose)})"
        f"{f', retired at {retired_at}' if retired_at else ''}"
        f"{f', STOLEN since {compromised_since}' if compromised_since else ''}"
    )
    for grant in registry.list_grants(key_id):
        yield f"             for {grant.issuer}: {describe_scope(grant)}"


def _describe_offer(address: str) -> str:
    return f", offered to {address}" if _blank_if_nobody(address) else ""


def _list_names_of_log(logs_by_name: Mapping[str, str], log_name: str) -> list[str]:
    return sorted(name for name, log_of_name in logs_by_name.items() if log_of_name == log_name)


def make_registry_json(registry: Registry, log_name: str | None = None) -> dict[str, Json]:
    """Return what a registry says now, for programs; of one log where `log_name` says which."""
    knowledge, state = registry.knowledge, registry.state
    return {
        "registry": knowledge.registry,
        "n": knowledge.fold.event_number,
        "head": "0x" + knowledge.fold.head.hex(),
        "province": state.province,
        "pending_province": _blank_if_nobody(state.pending_province),
        "successor": state.successor,
        "logs": [_make_log_json(registry, name) for name in state.logs if log_name in (None, name)],
    }


def _make_log_json(registry: Registry, log_name: str) -> Json:
    state = registry.state
    log, log_state = state.logs[log_name], registry.knowledge.find_log(log_name)
    return {
        "log": log_name,
        "suite": log_state.suite.name if log_state else "",
        "admin": log.admin,
        "pending_admin": _blank_if_nobody(log.pending_admin),
        "operator": _blank_if_nobody(log.operator),
        "sequence": log.sequence,
        "size": log.size,
        "divisions": list(_list_names_of_log(state.divisions, log_name)),
        "issuers": list(_list_names_of_log(state.issuers, log_name)),
        "keys": [
            _make_key_json(registry, key_id)
            for key_id, key_state in state.keys.items()
            if key_state.log == log_name
        ],
    }


def _make_key_json(registry: Registry, key_id: bytes) -> Json:
    key_state = registry.state.keys[key_id]
    grants: list[Json] = [
        {
            "issuer": grant.issuer,
            "kinds": [kind for kind, bit in KINDS.items() if grant.kinds & bit],
            "types": list(grant.types),
            "not_before": format_moment(grant.not_before),
            "not_after": format_moment(grant.not_after),
            "scope": describe_scope(grant),
        }
        for grant in registry.list_grants(key_id)
    ]
    return {
        "key": "0x" + key_id.hex(),
        "purpose": name_purpose(key_state.purpose),
        "retired_at": format_moment(key_state.retired_at),
        "compromised_since": format_moment(key_state.compromised_since),
        "grants": grants,
    }


def _blank_if_nobody(address: str) -> str:
    return "" if address == ZERO_ADDRESS else address
