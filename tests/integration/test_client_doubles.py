"""The chain adapter on doubles of clients, with the test body of the fake chain."""

from collections.abc import Iterator

import pytest

from tests.fakes.nets import DoubleNet
from tests.integration.double_nets import CLIENT_KINDS, DoubleBehaviour, run_double_net

pytestmark = pytest.mark.enable_socket


@pytest.fixture(params=CLIENT_KINDS)
def net(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleNet]:
    yield from run_double_net(request.param, tmp_path_factory.mktemp("devnet"))


class TestClientDoubles(DoubleBehaviour):
    pass
