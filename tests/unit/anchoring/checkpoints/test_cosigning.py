"""Nodes sign what they followed themselves, once.

They collect each other's signatures, and keep what contradicts.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from anchoring.audit.checkpoints import audit_checkpoints, find_signing_keys
from anchoring.audit.findings import Findings
from anchoring.chain import calls
from anchoring.checkpoints.cities import count_node_cities, find_node_cities
from anchoring.checkpoints.cosigning import find_due_event_number, find_node_keys
from anchoring.checkpoints.store import compare, make_checkpoint
from anchoring.database.engine import open_snapshot
from anchoring.errors import CheckpointRefused, NotFound, PeerFailed, Quarantined
from anchoring.follower.follower import Follower
from anchoring.limits import CHECKPOINT_SECONDS
from anchoring.replica.reading import ReplicaView
from ledger.crypto.keys import generate_key
from ledger.errors import SnapshotRefused
from ledger.registry import acts
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint, find_contradiction
from ledger.registry.trust import NODE
from tests.fakes.nets import act_on
from tests.fakes.nodes import CITIES, FakeNode, Province

TIANMEN, WUHAN, XIANTAO = CITIES


@pytest.fixture
def province() -> Province:
    return Province()


@pytest.fixture
def nodes(province: Province, tmp_path: Path) -> Iterator[dict[str, FakeNode]]:
    found = {name: FakeNode(province, name, tmp_path) for name in CITIES}
    for node in found.values():
        node.peers = [other for other in found.values() if other is not node]
    yield found
    for node in found.values():
        node.stop()


def pass_time(province: Province, nodes: dict[str, FakeNode], seconds: int = CHECKPOINT_SECONDS) -> None:
    province.settle(seconds)
    for node in nodes.values():
        node.follow()


def at(node: FakeNode, n: int | None = None) -> Checkpoint:
    with node.replica.reading() as reading:
        return make_checkpoint(reading, reading.cursor.event_number if n is None else n)


def test_nodes_compute_the_same_checkpoint(nodes: dict[str, FakeNode]) -> None:
    assert len({at(node) for node in nodes.values()}) == 1
    assert at(nodes[TIANMEN]).event_number == 7


def test_all_sign_at_the_same_event_without_asking(province: Province, nodes: dict[str, FakeNode]) -> None:
    pass_time(province, nodes)
    province.act()
    for node in nodes.values():
        node.follow()
        node.cosigner.step()
    signed = {node.checkpoints.find_last_signed() for node in nodes.values()}
    assert signed == {at(nodes[TIANMEN], 7)}
    for node in nodes.values():
        node.cosigner.step()
        with node.replica.reading() as reading:
            newest = node.checkpoints.find_newest_of_cities(find_node_cities(reading), 3)
        assert newest
        assert set(province.trust(3).check(newest)) == set(CITIES)


def test_what_is_due_is_the_last_event_before_the_period(
    province: Province, nodes: dict[str, FakeNode]
) -> None:
    node = nodes[TIANMEN]
    with node.replica.reading() as reading:
        assert find_due_event_number(reading) in (0, 7)
    pass_time(province, nodes, 10 * CHECKPOINT_SECONDS)
    with node.replica.reading() as reading:
        assert find_due_event_number(reading) == 7


def test_below_what_was_signed_nothing_is_signed(province: Province, nodes: dict[str, FakeNode]) -> None:
    node = nodes[TIANMEN]
    province.act()
    node.follow()
    node.cosigner.sign()
    with pytest.raises(CheckpointRefused, match="event 8"):
        node.cosigner.sign(7)
    node.stop()
    node.start()
    with pytest.raises(CheckpointRefused):
        node.cosigner.sign(7)


def test_the_same_again_is_the_same_signature(nodes: dict[str, FakeNode]) -> None:
    node = nodes[TIANMEN]
    assert node.cosigner.sign() == node.cosigner.sign()
    node.stop()
    node.start()
    assert node.cosigner.sign() == node.checkpoints.find_newest()


def test_beside_what_was_signed_nothing_is_signed(province: Province, nodes: dict[str, FakeNode]) -> None:
    """A chain that was set back, and a replica that was made anew from it: the node remembers what it signed."""
    node = nodes[TIANMEN]
    province.act("0x" + "55" * 20)
    node.follow()
    before = node.cosigner.sign().checkpoint
    other = Province()
    other.act("0x" + "66" * 20)
    assert other.registry == province.registry
    node.stop()
    (node.directory / "replica.db").unlink()
    forked = FakeNode(other, TIANMEN, node.directory.parent)
    assert find_contradiction(before, at(forked))
    with pytest.raises(CheckpointRefused, match="was signed before"):
        forked.cosigner.sign()
    other.act("0x" + "77" * 20)
    forked.follow()
    with pytest.raises(CheckpointRefused, match="do not make the head"):
        forked.cosigner.sign()
    assert forked.checkpoints.find_last_signed() == before
    forked.stop()


def test_it_is_stored_before_it_is_given_out(
    nodes: dict[str, FakeNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, made = nodes[TIANMEN], []

    def failing(key: object, checkpoint: Checkpoint) -> Cosignature:
        made.append(checkpoint)
        raise OSError("the power went")

    monkeypatch.setattr(Cosignature, "make", failing)
    with pytest.raises(OSError, match="power"):
        node.cosigner.sign()
    assert made
    assert node.checkpoints.find_last_signed() is None


def test_a_lost_database_learns_from_the_others_what_was_signed(nodes: dict[str, FakeNode]) -> None:
    node, other = nodes[TIANMEN], nodes[WUHAN]
    signed = node.cosigner.sign()
    other.cosigner.take(signed)
    node.stop()
    (node.directory / "checkpoints.db").unlink()
    node.start()
    assert node.checkpoints.find_last_signed() is None
    node.cosigner.step()
    assert node.checkpoints.find_last_signed() == signed.checkpoint


def test_an_event_in_the_middle_of_a_block_is_not_signed(
    province: Province, nodes: dict[str, FakeNode]
) -> None:
    net, node = province.net, nodes[TIANMEN]
    for operator in ("0x" + "55" * 20, "0x" + "66" * 20):
        data = calls.encode_call(acts.OperatorSet(TIANMEN, operator))
        province.chain.submit(net.account(TIANMEN).address, province.contract, data)
    province.settle()
    node.follow()
    with pytest.raises(CheckpointRefused, match="not the last of block"):
        node.cosigner.sign(8)
    assert node.cosigner.sign(9).checkpoint.event_number == 9


def test_what_is_not_final_is_not_signed(nodes: dict[str, FakeNode]) -> None:
    with pytest.raises(NotFound, match="not final"):
        nodes[TIANMEN].cosigner.sign(8)
    with pytest.raises(NotFound):
        nodes[TIANMEN].cosigner.sign(0)


def test_a_node_without_a_key_collects_and_signs_nothing(
    province: Province, nodes: dict[str, FakeNode]
) -> None:
    node = nodes[TIANMEN]
    cosigner = node.cosigner
    cosigner._key = None
    with pytest.raises(CheckpointRefused, match="node_key"):
        cosigner.sign()
    nodes[WUHAN].cosigner.sign()
    cosigner.step()
    newest = node.checkpoints.find_newest()
    assert newest
    assert [one.key_id for one in newest.cosignatures] == [province.keys[WUHAN].public.id]
    assert node.checkpoints.find_last_signed() is None


def test_only_good_signatures_by_keys_of_nodes_are_kept(
    province: Province, nodes: dict[str, FakeNode]
) -> None:
    node, checkpoint = nodes[TIANMEN], at(nodes[TIANMEN])
    stranger = generate_key("p256", lambda length: b"\x05" * length)
    wrong = Cosignature(province.keys[WUHAN].public.id, bytes(63) + b"\x01")
    given = CosignedCheckpoint.of(checkpoint, [Cosignature.make(stranger, checkpoint), wrong])
    assert node.cosigner.take(given) == 0
    assert node.checkpoints.find_newest() is None
    good = Cosignature.make(province.keys[XIANTAO], checkpoint)
    assert node.cosigner.take(CosignedCheckpoint.of(checkpoint, [*given.cosignatures, good])) == 1


def test_another_history_that_nobody_known_signed_is_no_other_release(nodes: dict[str, FakeNode]) -> None:
    node = nodes[TIANMEN]
    stranger = generate_key("p256", Random(1).randbytes)
    altered = replace(node.cosigner.sign().checkpoint, head=b"\x01" * 32)
    assert node.cosigner.take(CosignedCheckpoint.of(altered, [Cosignature.make(stranger, altered)])) == 0
    assert node.checkpoints.list_forks() == []


def test_a_stolen_node_key_counts_no_more(province: Province, nodes: dict[str, FakeNode]) -> None:
    act = acts.KeyCompromised(province.keys[WUHAN].public.id, province.chain.now)
    act_on(province.net, province.net.account(WUHAN), province.contract, calls.encode_call(act))
    province.settle()
    node = nodes[TIANMEN]
    node.follow()
    with node.replica.reading() as reading:
        assert province.keys[WUHAN].public.id not in find_node_keys(reading)
        assert count_node_cities(reading) == 3
        assert set(find_node_cities(reading).values()) == {TIANMEN, XIANTAO, None}
    assert (
        node.cosigner.take(
            CosignedCheckpoint.of(at(node), [Cosignature.make(province.keys[WUHAN], at(node))])
        )
        == 0
    )


def test_two_keys_of_one_city_are_one_vote(province: Province, nodes: dict[str, FakeNode]) -> None:
    """Attack: Wuhan declares a second key, signs with both, and gives that out as the word of two cities."""
    second = generate_key("sm2", Random(99).randbytes)
    act = acts.KeyRegistered(WUHAN, NODE, second.public.spki)
    act_on(province.net, province.net.account(WUHAN), province.contract, calls.encode_call(act))
    province.settle()
    node = nodes[TIANMEN]
    node.follow()
    checkpoint = at(node)
    both = [Cosignature.make(key, checkpoint) for key in (province.keys[WUHAN], second)]
    assert node.cosigner.take(CosignedCheckpoint.of(checkpoint, both)) == 2
    with node.replica.reading() as reading:
        cities = find_node_cities(reading)
        assert count_node_cities(reading) == 3
    assert cities[second.public.id] == WUHAN
    assert node.checkpoints.find_newest_of_cities(cities, 2) is None
    node.cosigner.sign()
    assert node.checkpoints.find_newest_of_cities(cities, 2)


def test_a_key_that_is_none_stops_nobody(province: Province, nodes: dict[str, FakeNode]) -> None:
    """The registry takes any bytes for a key: what one city declares must not stop the others."""
    act = acts.KeyRegistered(XIANTAO, NODE, bytes(91))
    act_on(province.net, province.net.account(XIANTAO), province.contract, calls.encode_call(act))
    province.settle()
    for node in nodes.values():
        node.follow()
    nodes[WUHAN].cosigner.sign()
    nodes[TIANMEN].cosigner.step()
    assert nodes[TIANMEN].checkpoints.find_newest()


def test_two_histories_leave_evidence(province: Province, nodes: dict[str, FakeNode], tmp_path: Path) -> None:
    """A city shows Wuhan another history than Tianmen: whoever asks the other finds out, and can prove it."""
    other = Province()
    province.act("0x" + "55" * 20)
    other.act("0x" + "66" * 20)
    (tmp_path / "other").mkdir()
    misled = FakeNode(other, WUHAN, tmp_path / "other")
    node = nodes[TIANMEN]
    node.follow()
    node.peers, misled.peers = [misled], [node]
    node.cosigner.sign()
    misled.cosigner.sign()
    for one in (node, misled):
        one.cosigner.step()
        [fork] = one.checkpoints.list_forks()
        assert (
            find_contradiction(fork.first_checkpoint.checkpoint, fork.second_checkpoint.checkpoint)
            == "event 8 with different head"
        )
        assert {len(side.cosignatures) for side in (fork.first_checkpoint, fork.second_checkpoint)} == {1}
        newest = one.checkpoints.find_newest()
        assert newest
        assert newest.checkpoint == at(one)
        one.cosigner.step()
        assert len(one.checkpoints.list_forks()) == 1
    misled.stop()


def test_a_checkpoint_of_another_registry_is_refused(nodes: dict[str, FakeNode]) -> None:
    node = nodes[TIANMEN]
    given = CosignedCheckpoint(replace(at(node), registry="eip155:1:0x" + "00" * 20 + ":" + "00" * 8))
    with pytest.raises(CheckpointRefused, match="is of"):
        node.cosigner.take(given)


def test_a_peer_that_fails_or_talks_nonsense_stops_nobody(
    nodes: dict[str, FakeNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, other = nodes[TIANMEN], nodes[WUHAN]
    nodes[XIANTAO].cosigner.sign()
    for answer in (b"{", b"{}", None):
        monkeypatch.setattr(other, "fetch_checkpoint", lambda answer=answer: answer)
        node.cosigner.step()

    def fails() -> bytes:
        raise PeerFailed("it cannot be reached")

    monkeypatch.setattr(other, "fetch_checkpoint", fails)
    node.cosigner.step()
    assert node.checkpoints.find_newest() == nodes[XIANTAO].checkpoints.find_newest()


def test_altered_events_are_not_signed(province: Province, nodes: dict[str, FakeNode]) -> None:
    """Somebody writes into the replica, heads included: what was signed lies in another database."""
    node = nodes[TIANMEN]
    node.cosigner.sign()
    province.act()
    node.follow()
    with node.replica.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE event SET payload = x'00' WHERE n = 8")
    with pytest.raises(CheckpointRefused, match="do not make the head of event 8"):
        node.cosigner.sign()


@pytest.mark.parametrize("n", [4, 7, 8])
def test_attack_a_tree_that_forgets_an_event_is_not_signed(
    province: Province, nodes: dict[str, FakeNode], n: int
) -> None:
    """Somebody writes other nodes into the stored trees, before or after what was signed last."""
    node = nodes[TIANMEN]
    node.cosigner.sign()
    province.act()
    node.follow()
    with node.replica.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE event_node SET sm3 = zeroblob(length(sm3)) WHERE n = {n}")
    with pytest.raises(CheckpointRefused, match="do not hold the events up to event 8"):
        node.cosigner.sign()


def test_what_follows_by_other_rules_is_no_fork(nodes: dict[str, FakeNode], province: Province) -> None:
    """A city runs a release that derives more, another one an older release: neither is accused."""
    node, checkpoint = nodes[TIANMEN], at(nodes[TIANMEN])
    assert checkpoint.roots
    other_roots = replace(checkpoint.roots, facts=bytes(32), rules=checkpoint.roots.rules + 1)
    for other_checkpoint in (replace(checkpoint, roots=other_roots), replace(checkpoint, roots=None)):
        cosignature = Cosignature.make(province.keys[WUHAN], other_checkpoint)
        with pytest.raises(CheckpointRefused, match="another release"):
            node.cosigner.take(CosignedCheckpoint.of(other_checkpoint, [cosignature]))
    assert not node.checkpoints.list_forks()
    assert node.checkpoints.find_newest() is None


def test_attack_two_roots_for_one_event_are_kept_as_evidence(
    nodes: dict[str, FakeNode], province: Province
) -> None:
    node, checkpoint = nodes[TIANMEN], at(nodes[TIANMEN])
    assert checkpoint.roots
    forked = replace(checkpoint, roots=replace(checkpoint.roots, facts=bytes(32)))
    cosignature = Cosignature.make(province.keys[WUHAN], forked)
    assert node.cosigner.take(CosignedCheckpoint.of(forked, [cosignature])) == 0
    [fork] = node.checkpoints.list_forks()
    assert fork.second_checkpoint.checkpoint == forked
    assert find_contradiction(checkpoint, forked) == "event 7 with different facts"


def audited(view: ReplicaView, node: FakeNode) -> Findings:
    found = Findings()
    with open_snapshot(node.checkpoints.engine) as connection:
        audit_checkpoints(view, connection, find_signing_keys(view, None), found)
    return found


def test_a_replica_that_is_not_what_was_signed_is_quarantined(
    province: Province, nodes: dict[str, FakeNode], tmp_path: Path
) -> None:
    """The refold compares with what was cosigned: a replica of another history folds into its own head."""
    node = nodes[TIANMEN]
    province.act("0x" + "55" * 20)
    node.follow()
    node.cosigner.sign()
    other = Province()
    other.act("0x" + "66" * 20)
    (tmp_path / "other").mkdir()
    forked = FakeNode(other, TIANMEN, tmp_path / "other")
    for held, differs in ((node, False), (forked, True)):
        follower = Follower(other.chain, held.replica, other.registry, checkpoints=node.checkpoints)
        with held.replica.reading() as reading:
            assert bool(compare(reading, node.checkpoints)) == differs
            found = audited(reading, node)
            assert [one.slug for one in found.make_report().findings] == ["checkpoint-contradicted"] * differs
        if differs:
            with pytest.raises(Quarantined, match="event 8 with different head"):
                follower.refold()
        else:
            follower.refold()
    forked.stop()


def test_an_audit_reports_forks(province: Province, nodes: dict[str, FakeNode]) -> None:
    node = nodes[TIANMEN]
    other = replace(at(node), head=bytes(32))
    node.cosigner.take(CosignedCheckpoint.of(other, [Cosignature.make(province.keys[WUHAN], other)]))
    with node.replica.reading() as reading:
        found = audited(reading, node)
    assert [(one.slug, one.place) for one in found.make_report().findings] == [("registry-forked", "event 7")]


def test_one_city_alone_is_below_every_threshold(province: Province, nodes: dict[str, FakeNode]) -> None:
    with pytest.raises(SnapshotRefused, match="2 of the 3 cities"):
        province.trust().check(nodes[TIANMEN].cosigner.sign())
