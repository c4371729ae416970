"""Following a chain, as tests that run on the fake and on anvil."""

from pathlib import Path

from anchoring.chain import calls
from anchoring.chain.protocol import RegistryName
from anchoring.follower.follower import Follower
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica
from ledger.crypto.suites import SM3
from ledger.registry import acts
from ledger.registry.status import Status, StatusTree, compute_staple_root, encode_changes, read_status
from tests.fakes.nets import Net, act_on, deploy_on


class FollowerBehaviour:
    """Subclasses provide the fixture `net`."""

    def test_a_log_is_followed_from_admission_to_a_revocation(self, net: Net, tmp_path: Path) -> None:
        province, admin, operator = (net.account(name) for name in ("province", "admin", "operator"))
        name = deploy_on(net, province)
        contract = RegistryName.parse(name).contract
        replica = Replica(f"sqlite:///{tmp_path}/replica.db")
        follower, trees = Follower(net.chain, replica, name), StatusTrees()
        follower.start()

        tree = StatusTree(SM3)
        tree.grow(100)
        first = acts.Anchored("tianmen", 1, 100, b"\x01" * 32, tree.compute_root(), b"")
        tree.set(42, Status.REVOKED)
        second = acts.Anchored(
            "tianmen", 2, 100, bytes(32), tree.compute_root(), encode_changes([(42, Status.REVOKED)])
        )
        admitted = acts.LogAdmitted("tianmen", SM3.number, admin.address, ("429006",), acts.Predecessor())
        act_on(net, province, contract, calls.encode_call(admitted))
        act_on(net, admin, contract, calls.encode_call(acts.OperatorSet("tianmen", operator.address)))
        act_on(net, operator, contract, calls.encode_call(first))
        follower.step()
        with replica.reading() as reading:
            assert reading.find_log("tianmen") is None or reading.find_log("tianmen").sequence == 0  # type: ignore[union-attr]
            seen = reading.find_sighting("tianmen", 1)
            assert seen is not None
            assert (seen.act, seen.is_final) == (first, False)
        act_on(net, operator, contract, calls.encode_call(second))
        net.mine(2)
        follower.step()
        with replica.reading() as reading:
            log, anchor, status = (
                reading.find_log("tianmen"),
                reading.find_anchor("tianmen", 2),
                reading.find_status("tianmen", 42, 2),
            )
            assert log is not None
            assert anchor is not None
            assert status is not None
            assert (log.sequence, log.size, log.operator) == (2, 100, operator.address)
            assert (anchor.void_reason, status.status, status.since) == ("", Status.REVOKED, anchor.time)
            assert reading.find_status("tianmen", 42, 1) is None
            staple = trees.make_staple(reading, "tianmen", 42)
            assert staple is not None
            assert read_status(staple.chunk, 42) == Status.REVOKED
            assert compute_staple_root(SM3, anchor.size, 42, staple.chunk, staple.path) == anchor.status_root

    def test_what_a_reorg_takes_back_is_not_pending_any_more(self, net: Net, tmp_path: Path) -> None:
        province = net.account("province")
        name = deploy_on(net, province)
        contract = RegistryName.parse(name).contract
        replica = Replica(f"sqlite:///{tmp_path}/replica.db")
        follower = Follower(net.chain, replica, name)
        follower.start()
        net.mine(3)
        admitted = acts.LogAdmitted("tianmen", 1, province.address, (), acts.Predecessor())
        act_on(net, province, contract, calls.encode_call(admitted))
        follower.step()
        with replica.reading() as reading:
            assert [event.event.event_number for event in reading.list_pending()] == [2]
        net.reorg(1)
        follower.step()
        with replica.reading() as reading:
            assert reading.list_pending() == []
        act_on(net, province, contract, calls.encode_call(admitted))
        net.mine(2)
        follower.step()
        with replica.reading() as reading:
            assert reading.find_log("tianmen") is not None
