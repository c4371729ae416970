"""The chain adapter on doubles of other chains, with the test body of the fake chain."""

from collections.abc import Iterator

import pytest

from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.doubles import KINDS
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
    @pytest.fixture(autouse=True)
    def _skip_what_it_cannot_tell(self, net: DoubleNet, request: pytest.FixtureRequest) -> None:
        of_waiting_ones = any(word in request.node.name for word in ("_waits_", "_waiting_"))
        if of_waiting_ones and (net.double.bare or not net.double.pending):
            pytest.skip("it does not count or show the transactions that wait")
