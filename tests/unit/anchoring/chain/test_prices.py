"""What is paid: as much as is asked, with room for the base fee, never an auction."""

import pytest

from anchoring.chain.prices import MAX_RAISED, offer_price, raise_price
from anchoring.chain.protocol import FeeTerms, Price
from anchoring.errors import PRICE_LIMIT, TransactionRejected


def terms(base_fee: int, tip: int) -> FeeTerms:
    return FeeTerms(base_fee, tip, 30_000_000)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        (terms(100, 7), Price(207, 7)),
        (terms(100, 0), Price(200, 0)),
        (terms(0, 7), Price(7)),
        (terms(0, 0), Price(0)),
    ],
)
def test_there_is_room_for_the_base_fee_alone(asked: FeeTerms, offered: Price) -> None:
    assert offer_price(asked) == offered


def test_no_more_is_paid_than_was_allowed() -> None:
    assert offer_price(terms(100, 7), 150) == Price(150, 7)
    assert offer_price(terms(100, 7), 107) == Price(107, 7)
    with pytest.raises(TransactionRejected, match="max_gas_price") as caught:
        offer_price(terms(100, 7), 106)
    assert caught.value.name == PRICE_LIMIT
    assert raise_price(Price(150, 7), terms(100, 7), 160) == Price(150, 7)


def test_what_replaces_pays_more_of_everything() -> None:
    assert raise_price(Price(207, 7), terms(100, 7)) == Price(259, 9)
    assert raise_price(Price(20), terms(0, 20)) == Price(26)
    assert raise_price(Price(20), terms(100, 7)) == Price(207, 26)
    assert raise_price(Price(207, 7), terms(400, 90)) == Price(890, 90)


def test_a_price_of_zero_is_never_raised_where_nothing_is_asked() -> None:
    assert raise_price(Price(0), terms(0, 0)) == Price(0)
    assert raise_price(Price(0), terms(0, 5)) == Price(5)


def test_an_auction_against_oneself_ends() -> None:
    price, asked = Price(107, 7), terms(50, 7)
    for _ in range(100):
        price = raise_price(price, asked)
    assert price.max_wei <= MAX_RAISED * offer_price(asked).max_wei
    assert raise_price(price, asked) == price
