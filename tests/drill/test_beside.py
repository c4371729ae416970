"""Damage of whole files, of settings and of what only the chain or another city knows."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from anchoring.audit.findings import AuditReport
from anchoring.chain.protocol import RegistryName
from anchoring.checkpoints.store import Checkpoints
from anchoring.errors import PeerFailed
from anchoring.register.access.tallies import Tally
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.records.erasures import decode_signed_erasure, sign_erasure
from ledger.registry.acts import Event, extend_head
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint, Fork
from ledger.verification.audits import Finding
from ledger.verification.receipts import sign_receipt
from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA, Copy, OtherNode, Stage
from tests.fakes.department import licence
from tests.fakes.issuing import City
from tests.unit.anchoring.follower.followed import Lying

OTHER_REGISTRY: Final = "eip155:1:0x" + "0" * 40 + ":" + "0" * 16
ALWAYS_REMARKED: Final = {"waiting", "not-final", "receipt-pending"}
AUDITS: Final = 20


class Silent:
    """Another city's node that does not answer."""

    name = "node 2 of wuhan"

    def fetch_checkpoint(self) -> bytes | None:
        raise PeerFailed("it cannot be reached")


def forge(copy: Copy, second_key: bool) -> None:
    """Give the node evidence of a fork: signed by the other city's key, or by one that nobody knows."""
    stage = copy.stage
    other = replace(stage.checkpoint, head=bytes(32))
    key = stage.other_key if second_key else generate_key("p256", lambda count: b"\x09" * count)
    cosignature = Cosignature.make(key, other)
    if not second_key:
        cosignature = replace(cosignature, key_id=stage.other_key.public.id)
    own = CosignedCheckpoint(stage.checkpoint, (Cosignature.make(stage.own_key, stage.checkpoint),))
    checkpoints = Checkpoints(f"sqlite:///{copy.folder / CHECKPOINTS}")
    checkpoints.keep_fork(Fork(own, CosignedCheckpoint(other, (cosignature,))))
    checkpoints.close()


def sign_other_history(copy: Copy) -> None:
    """Let this node's own key have signed a head that the chain never had."""
    other = replace(copy.stage.checkpoint, head=bytes(32))
    copy.execute(CHECKPOINTS, "DELETE FROM cosignature")
    checkpoints = Checkpoints(f"sqlite:///{copy.folder / CHECKPOINTS}")
    checkpoints.sign(copy.stage.own_key, other)
    checkpoints.close()


def rewrite_events(copy: Copy) -> None:
    """Change an act of the registry and fold all heads behind it anew, as an owner of the database can."""
    with closing(sqlite3.connect(copy.folder / REPLICA)) as connection, connection:
        connection.execute("UPDATE event SET time = time + 1 WHERE n = 12")
        head = connection.execute("SELECT head FROM event WHERE n = 11").fetchone()[0]
        query = "SELECT n, kind, previous_block, time, payload, block FROM event WHERE n > 11 ORDER BY n"
        for row in connection.execute(query).fetchall():
            head = extend_head(head, Event(*row))
            connection.execute("UPDATE event SET head = ? WHERE n = ?", (head, row[0]))
            connection.execute("UPDATE state SET head = ?, time = ?", (head, row[3]))
        connection.execute("UPDATE anchor SET time = time + 1 WHERE n = 12")
        connection.execute("UPDATE log SET anchored_at = anchored_at + 1 WHERE sequence")
        connection.execute("UPDATE position_status SET since = since + 1 WHERE sequence = 3")
        connection.execute("UPDATE published_anchor SET anchored = anchored + 1 WHERE sequence = 3")
        connection.execute("DELETE FROM pending_event")


def overwrite(copy: Copy, database: str, position: int, content: bytes = b"\xff" * 64) -> None:
    with (copy.folder / database).open("r+b") as file:
        file.seek(position)
        file.write(content)


def append(copy: Copy, database: str, content: bytes) -> None:
    with (copy.folder / database).open("ab") as file:
        file.write(content)


def lose_receipt(copy: Copy) -> None:
    """Delete a submission that waits, and everything of it, and present its receipt."""
    copy.execute(
        REGISTER,
        "DELETE FROM submission WHERE first = 18",
        "DELETE FROM record WHERE position >= 18",
        "DELETE FROM disclosure WHERE position >= 18",
        "DELETE FROM lineage WHERE first >= 18",
        "UPDATE log SET size = 18",
    )
    copy.receipts = copy.stage.receipts


def change_receipt(copy: Copy) -> None:
    """Present a receipt, signed by the node, of another moment of acceptance than the register has."""
    receipt = copy.stage.receipts[-1].receipt
    copy.receipts = [sign_receipt(copy.stage.own_key, replace(receipt, accepted_at=receipt.accepted_at - 5))]


def promise_later(copy: Copy) -> None:
    """Let the node's own key sign a later promise than it gave, and present the receipt that the department keeps."""
    first_receipt = copy.stage.receipts[1]
    receipt = replace(first_receipt.receipt, deadline=first_receipt.receipt.deadline + 86_400)
    copy.execute(
        REGISTER,
        "UPDATE submission SET receipt = :receipt, deadline = :deadline WHERE first = :first",
        receipt=sign_receipt(copy.stage.own_key, receipt).encode(),
        deadline=receipt.deadline,
        first=receipt.first_position,
    )
    copy.receipts = copy.stage.receipts


def stand_apart(copy: Copy) -> None:
    copy.chain = None
    rewrite_events(copy)
    copy.execute(CHECKPOINTS, "DELETE FROM cosignature")
    copy.peers = copy.stage.peers


def rename(copy: Copy, **members: str) -> None:
    copy.expected = replace(copy.expected, **members)  # type: ignore[arg-type]


DAMAGES: Final[dict[str, tuple[Callable[[Copy], object], str, str]]] = {
    "register deleted": (lambda copy: (copy.folder / REGISTER).unlink(), "register-empty", "register"),
    "register emptied to no bytes": (
        lambda copy: (copy.folder / REGISTER).write_bytes(b""),
        "schema-altered",
        "register",
    ),
    "register of another program": (
        lambda copy: (copy.folder / REGISTER).write_bytes(b"text, not a database" * 99),
        "unreadable",
        "register",
    ),
    "register cut": (lambda copy: os.truncate(copy.folder / REGISTER, 8192), "unreadable", "register"),
    "register's header overwritten": (lambda copy: overwrite(copy, REGISTER, 0), "unreadable", "register"),
    "register's pages overwritten": (
        lambda copy: overwrite(copy, REGISTER, 20 * 4096, b"\xff" * 4 * 4096),
        "unreadable",
        "register",
    ),
    "replica of another program": (
        lambda copy: (copy.folder / REPLICA).write_bytes(b"text, not a database" * 99),
        "unreadable",
        "replica",
    ),
    "replica's header overwritten": (lambda copy: overwrite(copy, REPLICA, 0), "unreadable", "replica"),
    "checkpoints' header overwritten": (
        lambda copy: overwrite(copy, CHECKPOINTS, 0),
        "unreadable",
        "checkpoints",
    ),
    "bytes behind the register's last page": (
        lambda copy: append(copy, REGISTER, b"a page that nobody reads"),
        "database-damaged",
        "register",
    ),
    "page behind the replica's last page": (
        lambda copy: append(copy, REPLICA, bytes(4096)),
        "database-damaged",
        "replica",
    ),
    "page behind the checkpoints' last page": (
        lambda copy: append(copy, CHECKPOINTS, bytes(4096)),
        "database-damaged",
        "checkpoints",
    ),
    "page of the checkpoints zeroed": (
        lambda copy: overwrite(copy, CHECKPOINTS, 4096, bytes(4096)),
        "unreadable",
        "checkpoints",
    ),
    "databases swapped": (
        lambda copy: shutil.copyfile(copy.folder / REPLICA, copy.folder / REGISTER),
        "schema-altered",
        "register",
    ),
    "node.toml of another registry": (
        lambda copy: rename(copy, registry=OTHER_REGISTRY),
        "other-registry",
        "node",
    ),
    "node.toml of another log": (lambda copy: rename(copy, log="wuhan"), "other-log", "node"),
    "events rewritten with their heads": (rewrite_events, "chain-differs", "replica"),
    "events rewritten where no chain is asked": (stand_apart, "peer-contradicts", "checkpoints"),
    "fork that was forged": (lambda copy: forge(copy, second_key=False), "fork-forged", "checkpoints"),
    "fork that another city signed": (
        lambda copy: forge(copy, second_key=True),
        "registry-forked",
        "checkpoints",
    ),
    "own key signed another history": (sign_other_history, "checkpoint-contradicted", "checkpoints"),
    "submission gone that has a receipt": (lose_receipt, "submission-lost", "register"),
    "receipt signed anew with a later promise": (promise_later, "promise-contradicted", "register"),
    "receipt of another moment": (change_receipt, "promise-contradicted", "register"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_beside_the_rows_is_found(stage: Stage, name: str, tmp_path: Path) -> None:
    damage, slug, database = DAMAGES[name]
    copy = stage.copy(tmp_path)
    damage(copy)
    contents = copy.contents()
    report = copy.audit()
    findings = [(finding.slug, finding.database) for finding in report.findings]
    if name == "databases swapped":  # the register is not one: the log of the chain has none
        assert findings, report
    else:
        assert (slug, database) in findings, "\n".join(str(finding) for finding in report.findings)
    assert copy.contents() == contents
    if database != "register":
        assert report.checked_counts["records"] == 20, "damage beside the register does not hide it"


def describe(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.slug for finding in findings}


def audit_untouched(stage: Stage, folder: Path) -> tuple[Copy, AuditReport]:
    copy = stage.copy(folder)
    copy.peers, copy.receipts = stage.peers, stage.receipts
    return copy, copy.audit()


def test_an_untouched_copy_gives_nothing_and_stays_as_it_is(stage: Stage, tmp_path: Path) -> None:
    copy, report = audit_untouched(stage, tmp_path)
    assert (report.findings, report.unchecked_findings) == ((), ())
    assert describe(report.remarks) == ALWAYS_REMARKED
    assert copy.contents() == stage.copy(tmp_path).contents()


def test_a_promise_without_a_stored_receipt_is_remarked(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE submission SET receipt = NULL WHERE first = 6")
    remarks = {remark.slug: remark for remark in copy.audit().remarks}
    assert remarks["receipt-unsigned"].place == "position 6"
    assert remarks["receipt-unsigned"].table == "submission"


def test_a_read_only_medium_is_audited(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert copy.audit().findings == ()
    finally:
        tmp_path.chmod(0o755)
    assert sorted(copy.contents()) == [CHECKPOINTS, REGISTER, REPLICA]


@pytest.mark.parametrize("with_index", [False, True])
def test_a_copy_taken_with_its_write_ahead_log_is_read_to_its_end(
    stage: Stage, tmp_path: Path, with_index: bool
) -> None:
    """A node that was killed leaves what it wrote last in the log: without it a record more would be missing."""
    (tmp_path / "working").mkdir()
    (tmp_path / "copied").mkdir()
    copy = stage.copy(tmp_path / "working")
    connection = sqlite3.connect(copy.folder / REGISTER)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE record SET leaf = zeroblob(32) WHERE position = 3")
    connection.commit()
    for file in (REGISTER, f"{REGISTER}-wal", REPLICA, CHECKPOINTS):
        shutil.copyfile(copy.folder / file, tmp_path / "copied" / file)
    copied = replace(copy, folder=tmp_path / "copied")
    if with_index:
        shutil.copyfile(copy.folder / f"{REGISTER}-shm", tmp_path / "copied" / f"{REGISTER}-shm")
    contents = copied.contents()
    assert "record-altered" in describe(copied.audit().findings)
    assert copied.contents() == contents
    connection.close()


def test_a_journal_left_beside_is_played_back_in_a_copy(stage: Stage, tmp_path: Path) -> None:
    """A journal takes back what was committed as soon as somebody opens the file to write: the node would."""
    copy = stage.copy(tmp_path)
    file, journal = copy.folder / REGISTER, copy.folder / f"{REGISTER}-journal"
    sound_content = file.read_bytes()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for setting in ("journal_mode = DELETE", "cache_size = 1"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("UPDATE record SET leaf = zeroblob(32) WHERE position = 3")
        connection.execute("BEGIN")
        connection.execute("UPDATE record SET body = body, leaf = randomblob(32)")
        connection.execute("UPDATE disclosure SET content = content")
        journal_content = journal.read_bytes()
        connection.execute("ROLLBACK")
    file.write_bytes(sound_content)
    journal.write_bytes(journal_content)
    contents = copy.contents()
    assert "record-altered" in describe(copy.audit().findings)
    assert copy.contents() == contents
    journal.write_bytes(b"text, not a journal" * 99)
    assert copy.audit().findings == ()


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


def test_an_erasure_that_a_restored_register_does_not_know_of_is_found(stage: Stage, tmp_path: Path) -> None:
    """The files of erasures beside the register are not restored with it."""
    copy = stage.copy(tmp_path)
    kept = decode_signed_erasure(bytes(copy.read(REGISTER, "SELECT content FROM erasure")))  # type: ignore[call-overload]
    copy.erasures = [kept]
    assert copy.audit().findings == ()
    copy.erasures = [sign_erasure(stage.own_key, replace(kept.erasure, leaf=bytes(32)))]
    assert [finding.slug for finding in copy.audit().findings] == ["erasure-missing"]


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


def test_a_deleted_replica_is_replaced_by_what_the_chain_says(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    (tmp_path / REPLICA).unlink()
    report = copy.audit()
    assert report.findings == ()
    assert report.checked_counts["statuses"] == 13
    copy.execute(REGISTER, "DELETE FROM batch WHERE sequence = 3")
    assert "batch-missing" in describe(copy.audit().findings)


def test_an_older_schema_is_told_and_left_as_it_is(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE alembic_version SET version_num = '0003'")
    contents = copy.contents()
    report = copy.audit()
    assert [(unchecked.slug, unchecked.place) for unchecked in report.unchecked_findings] == [
        ("schema-other", "register")
    ]
    assert copy.contents() == contents


def test_a_peer_of_the_same_history_agrees(stage: Stage, tmp_path: Path) -> None:
    copy = stage.copy(tmp_path)
    unsigned = OtherNode(CosignedCheckpoint(stage.checkpoint))
    copy.peers = [*stage.peers, unsigned]
    report = copy.audit()
    assert (report.findings, report.checked_counts["peers' checkpoints"]) == ((), 1)
    assert [unchecked.slug for unchecked in report.unchecked_findings] == ["peer-unchecked"]


def test_a_working_node_gives_no_finding(tmp_path: Path) -> None:
    """Twenty audits while the node takes in, anchors and follows."""
    from anchoring.audit.audit import AuditEvidence, Expected
    from anchoring.audit.node import DatabaseUrls, audit_node

    city = City(tmp_path)
    checkpoints = Checkpoints(f"sqlite:///{tmp_path / CHECKPOINTS}")
    places = DatabaseUrls(city.urls[1], f"sqlite:///{tmp_path / CHECKPOINTS}", city.urls[0])
    expected = Expected(city.registry, "tianmen")
    for number in range(AUDITS):
        city.submit(licence(number))
        city.anchorer.step()
        city.chain.mine(1)
        if number % 3:
            city.follow()
        report = audit_node(places, expected, now=city.chain.now, evidence=AuditEvidence(city.chain))
        assert report.findings == (), report.findings
    checkpoints.close()
    city.stop()


def test_the_report_holds_no_text_that_is_none(stage: Stage, tmp_path: Path) -> None:
    """Bytes that are no text come out as marks that can be written as JSON."""
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE token SET id = CAST(x'ff' AS TEXT) WHERE id = (SELECT min(id) FROM token)")
    report = copy.audit()
    for finding in report.findings:
        encode_canonical({"where": finding.place, "text": finding.text})
        json.dumps(finding.place).encode()
    assert "value-impossible" in describe(report.findings)
