"""The follower on doubles of other chains, with the test body of the fake chain."""

from collections.abc import Iterator

import pytest

from tests.fakes.doubles import KINDS
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import DoubleNet
from tests.integration.double_nets import run_double_net

pytestmark = pytest.mark.enable_socket


@pytest.fixture(params=KINDS)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleNet]:
    yield from run_double_net(request.param, tmp_path_factory.mktemp("devnet"))


class TestFollowingDoubles(FollowerBehaviour):
    pass
