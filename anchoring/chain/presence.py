"""Whether a chain holds the registry of a name: there, not there yet, or never."""

from typing import Final

from anchoring.chain.protocol import ZERO_ADDRESS, Block, Chain, RegistryName
from anchoring.chain.state import LogView, RegistryState, ask_state
from anchoring.errors import ChainMisbehaved, RegistryAbsent, WrongRegistry
from ledger.encoding.times import format_time

# An endpoint whose newest block is older than this may still be synchronising: what it lacks may come.
_FRESH_SECONDS: Final = 600


def check_registry(chain: Chain, registry: str, now: float) -> bytes:
    """Return head 0 of the registry's contract; `now` in seconds since 1970.

    Raises: WrongRegistry where it is another's or there is none; RegistryAbsent where there may be one yet, because the
    endpoint is synchronising; ChainUnavailable, MalformedInput.
    """
    name, chain_id = RegistryName.parse(registry), chain.fetch_chain_id()
    if chain_id != name.chain_id:
        raise WrongRegistry(f"the endpoint serves chain {chain_id}; {registry} is on chain {name.chain_id}")
    if not chain.fetch_code(name.contract):
        _refuse_absence(chain, f"there is no contract at {name.contract} on chain {chain_id}", now)
    try:
        head_zero = chain.fetch_head_zero(name.contract)
    except ChainMisbehaved as error:  # the endpoint has just answered as it should
        raise WrongRegistry(f"the contract at {name.contract} is no registry: {error}") from error
    if head_zero[:8] != name.head_prefix:
        raise WrongRegistry(f"head 0 of the contract is {head_zero.hex()}, which is not that of {registry}")
    return head_zero


def find_obstacle(chain: Chain, registry: str, log: str, account: str) -> str:
    """Say what keeps an account (an address) from anchoring for a log, by the contract's own word; "" where nothing does.

    Raises: ChainMisbehaved, ChainUnavailable.
    """
    empty_view = LogView(0, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, 0, 0)
    state_to_ask = RegistryState("", "", "", {log: empty_view}, {}, {}, {})
    log_view = ask_state(chain, RegistryName.parse(registry).contract, state_to_ask).logs[log]
    if not log_view.suite:
        return f"the registry has no log {log} yet: check `log`, or ask the province for `shunzheng chain admit-log`"
    if log_view.operator != account.lower():
        return (
            f"{account} may not anchor for the log {log} yet, {log_view.operator} may: check `keystore`, or have the city's "
            "admin name this account (`shunzheng chain set-operator`)"
        )
    return ""


def _refuse_absence(chain: Chain, absence: str, now: float) -> None:
    """Raise what an absent contract means: RegistryAbsent while the endpoint does not know the chain to its end."""
    latest_block = chain.fetch_latest_block()
    if _may_lack_blocks(chain, latest_block, now):
        raise RegistryAbsent(f"{absence} yet: the endpoint is still synchronising")
    raise WrongRegistry(
        f"{absence}, whose newest block is {latest_block.number} of {format_time(latest_block.time)}: the endpoint says "
        "that it is not synchronising, so the contract or the chain is another"
    )


def _may_lack_blocks(chain: Chain, latest_block: Block, now: float) -> bool:
    """Tell whether blocks may come that the chain has already; one that has begun with none may have no peers yet."""
    return now - latest_block.time > _FRESH_SECONDS and (latest_block.number == 0 or chain.is_synchronising())
