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

from anchoring.checkpoints.store import Checkpoints
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.records.erasures import decode_signed_erasure, sign_erasure
from ledger.registry.acts import Event, extend_head
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint, Fork
from ledger.verification.receipts import sign_receipt
from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA, Copy, Stage, list_slugs

OTHER_REGISTRY: Final = "eip155:1:0x" + "0" * 40 + ":" + "0" * 16


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


def test_an_erasure_that_a_restored_register_does_not_know_of_is_found(stage: Stage, tmp_path: Path) -> None:
    """The files of erasures beside the register are not restored with it."""
    copy = stage.copy(tmp_path)
    kept = decode_signed_erasure(bytes(copy.read(REGISTER, "SELECT content FROM erasure")))  # type: ignore[call-overload]
    copy.erasures = [kept]
    assert copy.audit().findings == ()
    unknown = replace(kept.erasure, leaf=bytes(32))
    copy.erasures = [sign_erasure(stage.own_key, unknown)]
    assert [finding.slug for finding in copy.audit().findings] == ["erasure-missing"]
    for altered in (
        replace(kept, erasure=unknown),
        sign_erasure(stage.own_key, replace(unknown, log="wuhan")),
    ):
        copy.erasures = [altered]
        assert [finding.slug for finding in copy.audit().findings] == ["erasure-altered"]


def test_the_report_holds_no_text_that_is_none(stage: Stage, tmp_path: Path) -> None:
    """Bytes that are no text come out as marks that can be written as JSON."""
    copy = stage.copy(tmp_path)
    copy.execute(REGISTER, "UPDATE token SET id = CAST(x'ff' AS TEXT) WHERE id = (SELECT min(id) FROM token)")
    report = copy.audit()
    for finding in report.findings:
        encode_canonical({"where": finding.place, "text": finding.text})
        json.dumps(finding.place).encode()
    assert "value-impossible" in list_slugs(report.findings)
