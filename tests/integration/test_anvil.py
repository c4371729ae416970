"""The chain adapter on a real development chain, with the test body of the fake chain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.chain import newest
from anchoring.errors import ChainBehind, Quarantined
from anchoring.follower.follower import Follower
from anchoring.replica.store import Replica
from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.follower_behaviour import FollowerBehaviour
from tests.fakes.nets import AnvilNet, deploy_on

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    net = AnvilNet(tmp_path_factory.mktemp("devnet"))
    yield net
    net.stop()


class TestAnvil(ChainBehaviour):
    pass


class TestFollowingAnvil(FollowerBehaviour):
    def test_a_devnet_that_lost_final_blocks_is_named(
        self, net: AnvilNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = deploy_on(net, net.account("province"))
        replica = Replica(f"sqlite:///{tmp_path}/replica.db")
        follower = Follower(net.chain, replica, name)
        follower.start()
        net.devnet.save()
        saved = net.chain.fetch_latest_block().number
        deploy_on(
            net, net.account("stranger")
        )  # without it the new blocks could be the same as the lost ones
        net.mine(9)
        follower.step()
        net.devnet._kill()
        net.devnet.start()
        monkeypatch.setattr(newest, "GIVEN_UP_AFTER_SECONDS", 0)  # as if they had passed since then
        assert net.chain.fetch_latest_block().number == saved
        with pytest.raises(ChainBehind, match=f"block {saved}.*block {saved + 8}"):
            follower.step()
        net.mine(20)
        with pytest.raises(Quarantined, match=f"block {saved + 8} was final"):
            follower.step()
