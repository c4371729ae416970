"""The demo's first chapter is not lost with the chain's process, and not done twice."""

from pathlib import Path

import pytest

from anchoring.chain.devnet import Devnet
from anchoring.chain.events import read_events
from anchoring.chain.protocol import RegistryName
from api.demo.stage import Stage
from ledger.registry import acts

pytestmark = pytest.mark.enable_socket


def test_acts_outlive_the_chain_and_are_recorded_once(tmp_path: Path) -> None:
    devnet = Devnet(tmp_path / "chain", block_seconds=0.2)
    devnet.start()
    try:
        stage = Stage(tmp_path, devnet.chain, devnet.url, devnet=devnet)
        stage.deploy()
        admin = stage.open_account("tianmen-admin").address
        admitted = acts.LogAdmitted("tianmen", 1, admin, ("429006",), acts.Predecessor())
        stage.record_acts("province", admitted)
        assert devnet._process
        devnet._process.kill()
        devnet._process.wait()
        devnet.stop()
        devnet.start()
        operator = acts.OperatorSet("tianmen", admin)
        for _ in range(2):
            stage.record_acts("province", admitted)
            stage.record_acts("tianmen-admin", operator)
        recorded = read_events(stage.chain, RegistryName.parse(stage.registry).contract)
        assert [item.event.kind for item in recorded[1:]] == [admitted.KIND, operator.KIND]
        assert stage.gas_by_act.keys() == {"LogAdmitted", "OperatorSet"}
    finally:
        devnet.stop()
