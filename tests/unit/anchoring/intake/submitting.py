"""Submissions for the tests of intake, well and badly made, and what became of them."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from anchoring.errors import SubmissionRefused
from anchoring.intake.intake import accept
from anchoring.register.store import Register
from anchoring.register.tables import METADATA
from ledger.crypto.keys import encode_signature
from ledger.crypto.trees import MerkleTree
from ledger.records.submissions import Window, sign_statement
from tests.fakes.department import ISSUER, LOG, NOW, SETTINGS, World


def rows_held(register: Register) -> int:
    """Count everything that is held."""
    with register.reading() as connection:
        tables = METADATA.sorted_tables
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        )


def refusal(world: World, register: Register, lines: list[bytes], now: int = NOW) -> SubmissionRefused:
    """Return why `lines` are refused, after checking that nothing was kept."""
    before = rows_held(register)
    with pytest.raises(SubmissionRefused) as caught:
        accept(register, world.trust, lines, now, SETTINGS)
    assert rows_held(register) == before
    return caught.value


def signed(
    world: World, rows: list[dict[str, Any]], *, count: int | None = None, **members: Any
) -> list[bytes]:
    """Return a submission of exactly these decoded rows, with a good signature over whatever they are."""
    department = world.department
    tree = MerkleTree(department.target.suite, [bytes.fromhex(row.pop("leaf")) for row in rows])
    statement, signature = sign_statement(
        department.key,
        members.get("registry", world.registry),
        members.get("log", LOG),
        members.get("issuer", ISSUER),
        tree,
        record_count=count or len(rows),
        time=NOW,
        expires_at=NOW + 86_400,
        window=Window.after(0),
    )
    head = {"statement": statement.to_json(), "signature": encode_signature(signature)}
    return [json.dumps(line).encode() for line in (head, *rows)]


def merged(world: World, *rows: dict[str, Any]) -> list[bytes]:
    """Return a submission of rows that were drafted one by one: no draft takes two that begin the same certificate."""
    drafted = [row for single in rows for row in decoded(world, single)]
    return signed(world, sorted(drafted, key=lambda row: str(row["leaf"])))


def decoded(world: World, *rows: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Return drafted rows, each with its leaf hash under `leaf`."""
    with world.department.draft(rows, **options) as drafted:
        lines = list(drafted.lines())[1:]
        return [
            json.loads(line) | {"leaf": leaf.hex()} for line, leaf in zip(lines, drafted.leaves, strict=True)
        ]
