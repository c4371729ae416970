"""What an audit cannot tell is said and accuses nobody: silent peers, chains behind."""

from dataclasses import replace
from pathlib import Path

from anchoring.chain.protocol import RegistryName
from anchoring.errors import PeerFailed
from anchoring.register.access.tallies import Tally
from ledger.records.erasures import decode_signed_erasure, sign_erasure
from ledger.registry.checkpoints import CosignedCheckpoint
from tests.drill.stage import CHECKPOINTS, REGISTER, OtherNode, Stage
from tests.unit.anchoring.follower.followed import Lying


class Silent:
    """Another city's node that does not answer."""

    name = "node 2 of wuhan"

    def fetch_checkpoint(self) -> bytes | None:
        raise PeerFailed("it cannot be reached")


def test_what_is_not_asked_is_said(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.chain, copy.peers = None, [Silent()]
    (tmp_path / CHECKPOINTS).unlink()
    report = copy.audit()
    assert report.findings == ()
    assert [(unchecked.slug, unchecked.database) for unchecked in report.unchecked_findings] == [
        ("database-missing", "checkpoints"), ("peer-unchecked", "checkpoints"), ("chain-not-asked", "chain"),
    ]  # fmt: skip


def test_a_count_whose_signature_was_taken_away_is_not_checked(stage: Stage, tmp_path: Path) -> None:
    """Whoever deletes a look can count anew without a signature: that all looks are there is not said then."""
    copy = stage.copy(tmp_path)
    copy.execute(
        REGISTER,
        "DELETE FROM look WHERE ordinal = 3",
        "UPDATE tally SET total = 2, key = NULL, signature = NULL WHERE name NOT IN ('', 'erasures')",
    )
    report = copy.audit()
    assert report.findings == ()
    assert [(unchecked.slug, unchecked.table) for unchecked in report.unchecked_findings] == [
        ("tally-unsigned", "tally")
    ] * 2
    assert not report.is_whole


def test_a_deletion_that_nobody_vouches_for_is_not_checked(stage: Stage, tmp_path: Path) -> None:
    """Whoever deletes what a record discloses can say, without a signature, that it came so: nobody can tell then."""
    copy = stage.copy(tmp_path)
    copy.execute(
        REGISTER,
        "DELETE FROM term WHERE position = 3",
        "DELETE FROM disclosure WHERE position = 3",
        "INSERT INTO undisclosed (first, count) VALUES (0, 1)",
    )
    report = copy.audit()
    assert report.findings == ()
    assert [unchecked.slug for unchecked in report.unchecked_findings] == ["undisclosed-unsigned"]
    assert not report.is_whole


def test_an_erasure_that_another_citys_node_signed_is_not_checked(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    signed = decode_signed_erasure(bytes(copy.read(REGISTER, "SELECT content FROM erasure")))  # type: ignore[call-overload]
    erasure = replace(signed.erasure, key_id=stage.other_key.public.id)
    copy.execute(
        REGISTER,
        "UPDATE erasure SET content = :content",
        content=sign_erasure(stage.other_key, erasure).encode(),
    )
    report = copy.audit()
    assert [unchecked.slug for unchecked in report.unchecked_findings] == ["key-unknown"]
    assert not report.is_whole


def test_a_count_that_another_citys_node_signed_is_found(stage: Stage, tmp_path: Path) -> None:
    """Whoever is a node's operator elsewhere cannot vouch for the looks of this city."""
    copy = stage.copy(tmp_path)
    token = str(copy.read(REGISTER, "SELECT max(id) FROM token"))
    tally = Tally(token, total=2)
    copy.execute(
        REGISTER,
        "DELETE FROM look WHERE token = :token AND ordinal = 3",
        "UPDATE tally SET total = 2, key = :key, signature = :signature WHERE name = :token",
        token=token,
        key=stage.other_key.public.id,
        signature=stage.other_key.sign(tally.encode()),
    )
    report = copy.audit()
    assert [(unchecked.slug, unchecked.place) for unchecked in report.unchecked_findings] == [
        ("key-unknown", f"token {token}")
    ]
    assert not report.is_whole


def test_what_an_endpoint_leaves_out_of_a_range_is_walked_back_to(stage: Stage, tmp_path: Path) -> None:
    """Of a range some endpoints answer the first blocks without a word; of one block they show what is there."""
    copy = stage.copy(tmp_path)
    chain = stage.chain
    copy.chain = Lying(
        chain, fetch_events=lambda contract, first, last: chain.fetch_events(contract, first, first)
    )
    report = copy.audit()
    assert (report.findings, report.unchecked_findings) == ((), ())
    assert report.is_whole


def test_an_endpoint_that_hides_events_accuses_nobody(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.chain = Lying(stage.chain, fetch_events=lambda contract, first, last: ())
    report = copy.audit()
    assert report.findings == ()
    assert {unchecked.slug for unchecked in report.unchecked_findings} == {"chain-unchecked"}
    assert not report.is_whole


def test_an_endpoint_that_is_behind_accuses_nobody(stage: Stage, tmp_path: Path) -> None:
    """It knows no block from that of act 5 on, and its contract counts as many acts as it had then."""
    copy = stage.copy(tmp_path)
    chain, contract = stage.chain, RegistryName.parse(stage.expected.registry).contract
    known_events = [
        event for event in chain.fetch_events(contract, 0, 2**40) if event.event.event_number <= 5
    ]
    newest, newest_block = known_events[-1].event, known_events[-1].event.block_number
    head = replace(
        chain.fetch_head(contract), event_number=newest.event_number, last_block_number=newest_block
    )
    copy.chain = Lying(
        chain,
        find_block=lambda number: chain.find_block(number) if number <= newest_block else None,
        fetch_events=lambda _, first, last: [
            event for event in known_events if first <= event.event.block_number <= last
        ],
        fetch_head=lambda _: head,
    )
    report = copy.audit()
    assert report.findings == ()
    assert {unchecked.slug for unchecked in report.unchecked_findings} == {"chain-unchecked"}


def test_a_peer_of_the_same_history_agrees(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    unsigned = OtherNode(CosignedCheckpoint(stage.checkpoint))
    copy.peers = [*stage.peers, unsigned]
    report = copy.audit()
    assert (report.findings, report.checked_counts["peers' checkpoints"]) == ((), 1)
    assert [unchecked.slug for unchecked in report.unchecked_findings] == ["peer-unchecked"]
