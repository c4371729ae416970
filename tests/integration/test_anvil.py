"""The chain adapter against a real development chain, with the body that the fake chain passes too."""

from collections.abc import Iterator

import pytest

from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.nets import AnvilNet

pytestmark = pytest.mark.enable_socket


class TestAnvil(ChainBehaviour):
    @pytest.fixture
    def net(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
        net = AnvilNet(tmp_path_factory.mktemp("devnet"))
        yield net
        net.stop()
