"""What is paid for a transaction: as much as the chain asks, never a bid against oneself.

There is room for the base fee to rise, which is not paid where it does not; the tip is as it is asked.
"""

from typing import Final

from anchoring.chain.calls import estimate_gas
from anchoring.chain.protocol import Chain, Price, Terms
from anchoring.errors import GAS_LIMIT, PRICE_LIMIT, TransactionRejected

# times the base fee: six full blocks double it (EIP-1559), and what it does not come to is not paid
BASE_FEE_ROOM: Final = 2
# Nodes want a replacement to pay at least 10 to 12.5 percent more.
REPLACE_PERCENT: Final = 125
# Times what the chain asks: a replacement that pays more waits for something else than money.
MAX_RAISED: Final = 4


def offer_price(terms: Terms, most: int | None = None) -> Price:
    """Return what is paid for a unit of gas: the tip as it is asked, and room for the base fee to rise, up to `most` wei.

    Where no base fee is known all of a price is paid: exactly what is asked. An oracle that follows what was paid thus stays
    where it was. Raises: TransactionRejected where more than `most` is asked.
    """
    if most is not None and terms.price > most:
        raise TransactionRejected(
            PRICE_LIMIT,
            (),
            f"a unit of gas costs {terms.price:,} wei now, and `max_gas_price` is {most:,}: nothing is sent until it costs "
            "less, or the setting is raised",
        )
    if not terms.base_fee:
        return Price(terms.tip)
    wanted = BASE_FEE_ROOM * terms.base_fee + terms.tip
    return Price(wanted if most is None else min(wanted, most), terms.tip)


def raise_price(stuck: Price, terms: Terms, most: int | None = None) -> Price:
    """Return a price that may replace `stuck`, or `stuck` itself where paying more helps nobody.

    A price of zero is never raised on a chain that asks for nothing; no price is raised beyond `MAX_RAISED` times
    what is asked, or beyond `most` wei. Raises: TransactionRejected where more than `most` is asked.
    """
    asked = offer_price(terms, most)
    if asked.tip is None:
        raised = Price(max(asked.most, _raise(stuck.most)))
    else:
        tip = stuck.most if stuck.tip is None else stuck.tip
        raised = Price(max(asked.most, _raise(stuck.most)), max(asked.tip, _raise(tip)))
    too_much = raised.most > MAX_RAISED * asked.most or (most is not None and raised.most > most)
    return stuck if too_much else raised


def _raise(wei: int) -> int:
    return wei * REPLACE_PERCENT // 100 + 1 if wei else 0


def fit_gas(chain: Chain, sender: str, contract: str | None, data: bytes, terms: Terms) -> int:
    """Return the gas limit of a call that passes without one, within what a block of this chain holds.

    Raises: TransactionRejected where a block does not hold what the call needs; ChainUnavailable.
    """
    gas = estimate_gas(data, deploys=contract is None)
    if not 0 < terms.block_gas < gas:
        return gas
    try:
        chain.simulate(sender, contract, data, gas=terms.block_gas)
    except TransactionRejected as error:
        raise TransactionRejected(
            GAS_LIMIT,
            (),
            f"a block of this chain holds {terms.block_gas:,} gas, and the call needs more ({error})",
        ) from error
    return terms.block_gas
