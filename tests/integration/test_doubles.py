"""The chain adapter and the follower on doubles of other chains.

The test bodies are those of the fake chain and of anvil."""

from collections.abc import Iterator

import pytest

from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.doubles import KINDS
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import DoubleNet

pytestmark = pytest.mark.enable_socket
#: Five requests a second are for `make chains`: here it is as many as makes a test wait some seconds.
_RATE = 40.0


@pytest.fixture(params=KINDS)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleNet]:
    options = {"rate": _RATE} if "rate" in KINDS[request.param] else {}
    net = DoubleNet(tmp_path_factory.mktemp("devnet"), request.param, **options)
    yield net
    net.stop()


class TestDoubles(ChainBehaviour):
    pass


class TestFollowingDoubles(FollowerBehaviour):
    pass
