"""The fake chain behaves as anvil does: see `tests/integration/test_anvil.py`."""

import pytest

from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import FakeNet


class TestFakeChain(ChainBehaviour):
    @pytest.fixture
    def net(self) -> FakeNet:
        return FakeNet()


class TestFollowingTheFakeChain(FollowerBehaviour):
    @pytest.fixture
    def net(self) -> FakeNet:
        return FakeNet()
