"""What the account can pay for is told before it ends."""

import logging

import pytest

from anchoring.anchorer.funds import FEW_ANCHORS, measure_funds
from anchoring.chain.protocol import FeeTerms
from anchoring.processes.measures import ANCHORS_LEFT, BALANCE
from tests.fakes.fake_chain import FakeChain

OPERATOR = "0x" + "12" * 20


def test_few_anchors_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    chain = FakeChain()
    chain.terms_asked = FeeTerms(10**9, 10**9, 30_000_000)
    chain.balances[OPERATOR] = 5 * 10**17
    figures = measure_funds(chain, OPERATOR, "tianmen")
    assert figures[BALANCE] == 5 * 10**8
    assert 500 < figures[ANCHORS_LEFT] < FEW_ANCHORS
    with caplog.at_level(logging.WARNING):
        measure_funds(chain, OPERATOR, "tianmen")
    assert "send it funds" in caplog.text
    chain.balances[OPERATOR] = 10**30
    assert measure_funds(chain, OPERATOR, "tianmen")[ANCHORS_LEFT] == 10**9


def test_a_chain_without_fees_needs_no_funds() -> None:
    chain = FakeChain()
    chain.terms_asked = FeeTerms(0, 0, 30_000_000)
    chain.balances[OPERATOR] = 0
    assert measure_funds(chain, OPERATOR, "tianmen") == {}
