"""The follower on doubles of other chains, with the test body of the fake chain."""

from collections.abc import Iterator

import pytest

from tests.fakes.doubles import KINDS
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import DoubleNet

pytestmark = pytest.mark.enable_socket
_RATE = 40.0  # requests a second, of the kind that is limited: a test waits some seconds


@pytest.fixture(params=KINDS)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleNet]:
    options = {"rate": _RATE} if "rate" in KINDS[request.param] else {}
    net = DoubleNet(tmp_path_factory.mktemp("devnet"), request.param, **options)
    yield net
    net.stop()


class TestFollowingDoubles(FollowerBehaviour):
    pass
