"""Why an endpoint refuses a transaction: asked of the chain, whatever the endpoint's words.

Clients word the same refusal in a dozen ways, and JSON-RPC has no codes for them. What decides is what the chain knows of
the transaction and of its sender.
"""

from typing import Protocol

from anchoring.chain.accounts import TransactionFields
from anchoring.chain.protocol import FeeTerms
from anchoring.errors import GAS_LIMIT, NO_FUNDS, NONCE_TOO_HIGH, NONCE_TOO_LOW, UNDERPRICED


class ChainQuestions(Protocol):
    """What is asked of the chain here; `anchoring.chain.protocol.Chain` answers it."""

    def count_transactions(self, address: str, *, pending: bool = False) -> int: ...

    def fetch_balance(self, address: str) -> int: ...

    def fetch_fee_terms(self) -> FeeTerms: ...


def find_reason(chain: ChainQuestions, transaction: TransactionFields) -> tuple[str, str] | None:
    """Return why a transaction that the chain does not know is refused, as a name in `anchoring.errors` and in words.

    None where nothing is wrong with it, as far as the chain says. Raises: ChainUnavailable.
    """
    if reason := _find_turn(chain, transaction):
        return reason
    terms = chain.fetch_fee_terms()
    if 0 < terms.block_gas_units < transaction.gas:
        gas_text = f"a block of this chain holds {terms.block_gas_units:,} gas, the transaction may use {transaction.gas:,}"
        return GAS_LIMIT, gas_text
    if transaction.cost and (balance := chain.fetch_balance(transaction.sender)) < transaction.cost:
        return NO_FUNDS, f"{transaction.sender} holds {balance:,} wei, and must hold {transaction.cost:,}"
    return _find_price(chain, transaction, terms)


def _find_turn(chain: ChainQuestions, transaction: TransactionFields) -> tuple[str, str] | None:
    mined_count = chain.count_transactions(transaction.sender)
    if transaction.nonce < mined_count:
        return NONCE_TOO_LOW, f"its number is {transaction.nonce}, the account's next is {mined_count}"
    pending_count = max(mined_count, chain.count_transactions(transaction.sender, pending=True))
    if transaction.nonce > pending_count:
        return NONCE_TOO_HIGH, f"its number is {transaction.nonce}, the account's next is {pending_count}"
    return None


def _find_price(
    chain: ChainQuestions, transaction: TransactionFields, terms: FeeTerms
) -> tuple[str, str] | None:
    price = transaction.price
    tip = (
        price.max_wei - terms.base_fee_wei
        if price.tip_wei is None
        else min(price.tip_wei, price.max_wei - terms.base_fee_wei)
    )
    if tip < terms.tip_wei:
        return (
            UNDERPRICED,
            f"it pays {price.max_wei:,} wei for a unit of gas, the chain asks {terms.price_wei:,}",
        )
    if chain.count_transactions(transaction.sender, pending=True) > transaction.nonce:
        return UNDERPRICED, f"another transaction of number {transaction.nonce} waits already"
    return None
