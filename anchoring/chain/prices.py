"""What is paid for a transaction: as much as the chain asks, never a bid against oneself.

There is room for the base fee to rise, which is not paid where it does not; the tip is as it is asked.
"""

from typing import Final

from anchoring.chain.calls import estimate_gas
from anchoring.chain.protocol import Chain, FeeTerms, Price
from anchoring.errors import GAS_LIMIT, PRICE_LIMIT, TransactionRejected

# times the base fee: six full blocks double it (EIP-1559), and what it does not come to is not paid
BASE_FEE_ROOM: Final = 2
# Nodes want a replacement to pay at least 10 to 12.5 percent more.
REPLACE_PERCENT: Final = 125
# Times what the chain asks: a replacement that pays more waits for something else than money.
MAX_RAISED: Final = 4


def offer_price(terms: FeeTerms, max_price: int | None = None) -> Price:
    """Return what is paid for a unit of gas: the tip as it is asked, and room for the base fee to rise, to `max_price` wei.

    Where no base fee is known all of a price is paid: exactly what is asked. An oracle that follows what was paid thus stays
    where it was. Raises: TransactionRejected where more than `max_price` is asked.
    """
    if max_price is not None and terms.price_wei > max_price:
        raise TransactionRejected(
            PRICE_LIMIT,
            (),
            f"a unit of gas costs {terms.price_wei:,} wei now, and `max_gas_price` is {max_price:,}: nothing is sent until "
            "it costs less, or the setting is raised",
        )
    if not terms.base_fee_wei:
        return Price(terms.tip_wei)
    full_price = BASE_FEE_ROOM * terms.base_fee_wei + terms.tip_wei
    return Price(full_price if max_price is None else min(full_price, max_price), terms.tip_wei)


def raise_price(stuck_price: Price, terms: FeeTerms, max_price: int | None = None) -> Price:
    """Return a price that may replace `stuck_price`, or that itself where paying more helps nobody.

    A price of zero is never raised on a chain that asks for nothing; no price is raised beyond `MAX_RAISED` times
    what is asked, or beyond `max_price` wei. Raises: TransactionRejected where more than `max_price` is asked.
    """
    offered_price = offer_price(terms, max_price)
    if offered_price.tip_wei is None:
        raised_price = Price(max(offered_price.max_wei, _raise(stuck_price.max_wei)))
    else:
        tip = stuck_price.max_wei if stuck_price.tip_wei is None else stuck_price.tip_wei
        raised_price = Price(
            max(offered_price.max_wei, _raise(stuck_price.max_wei)), max(offered_price.tip_wei, _raise(tip))
        )
    is_too_high = raised_price.max_wei > MAX_RAISED * offered_price.max_wei or (
        max_price is not None and raised_price.max_wei > max_price
    )
    return stuck_price if is_too_high else raised_price


def _raise(wei: int) -> int:
    return wei * REPLACE_PERCENT // 100 + 1 if wei else 0


def fit_gas(chain: Chain, sender: str, contract: str | None, data: bytes, terms: FeeTerms) -> int:
    """Return the gas limit of a call that passes without one, within what a block of this chain holds.

    Raises: TransactionRejected where a block does not hold what the call needs; ChainUnavailable.
    """
    gas = estimate_gas(data, deploys=contract is None)
    if not 0 < terms.block_gas_units < gas:
        return gas
    try:
        chain.simulate(sender, contract, data, gas=terms.block_gas_units)
    except TransactionRejected as error:
        raise TransactionRejected(
            GAS_LIMIT,
            (),
            f"a block of this chain holds {terms.block_gas_units:,} gas, and the call needs more ({error})",
        ) from error
    return terms.block_gas_units
