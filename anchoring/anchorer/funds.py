"""What the account that anchors holds, and how many anchors that pays for."""

import logging
from collections.abc import Mapping
from typing import Final

from anchoring.chain.calls import encode_call, estimate_gas
from anchoring.chain.prices import offer_price
from anchoring.chain.protocol import Chain
from anchoring.processes.measures import ANCHORS_LEFT, BALANCE
from ledger.registry.acts import Anchored

# Between two looks: a balance falls by an anchor's price in some seconds at most.
FUNDS_SECONDS: Final = 60
# A week of heartbeats, one every ten minutes: time enough to send funds.
FEW_ANCHORS: Final = 1_000
_WEI_IN_GWEI: Final = 10**9
_MAX_SHOWN_ANCHORS: Final = 10**9  # more than a log can ever need

logger = logging.getLogger(__name__)


def measure_funds(chain: Chain, address: str, log: str) -> Mapping[str, int]:
    """Return balance and anchors left, and warn where these are few; nothing where the chain asks for nothing.

    Raises: ChainUnavailable.
    """
    terms = chain.fetch_fee_terms()
    if not terms.price_wei:
        return {}
    balance = chain.fetch_balance(address)
    heartbeat = encode_call(Anchored(log, 1, 1, bytes(32), bytes(32), b""))
    anchors_left = min(_MAX_SHOWN_ANCHORS, balance // (estimate_gas(heartbeat) * offer_price(terms).max_wei))
    if anchors_left < FEW_ANCHORS:
        logger.warning(
            "the account %s 余额不足 can pay for about %d more anchors: send it funds", address, anchors_left
        )
    return {BALANCE: balance // _WEI_IN_GWEI, ANCHORS_LEFT: anchors_left}
