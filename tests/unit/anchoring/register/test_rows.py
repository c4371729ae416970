"""What is written of each thing into its table, column by column, and read back the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import RowMapping, Table, create_engine, insert, select

from anchoring.errors import RowError
from anchoring.register.access.looks import Look, make_look_row, read_look
from anchoring.register.access.tallies import Tally, make_tally_row, read_tally
from anchoring.register.access.tokens import Token, make_token_row, read_token
from anchoring.register.batches import Batch, OwnLog, make_batch_row, make_log_row, read_batch, read_log
from anchoring.register.lineages import StoredLineage, make_lineage_row, read_stored_lineage
from anchoring.register.missing import Missing, make_missing_row, read_missing
from anchoring.register.submissions import Acceptance, Submission, make_submission_row, read_submission
from anchoring.register.tables import (
    BATCH,
    LINEAGE,
    LOG,
    LOOK,
    METADATA,
    MISSING,
    SUBMISSION,
    TALLY,
    TOKEN,
    TRANSACTION,
    Row,
)
from anchoring.register.transactions import StoredTransaction, make_transaction_row, read_transaction
from ledger.crypto.suites import SHA256
from ledger.records.lifecycle import Lineage
from ledger.registry.status import Status
from tests.scenes import City, Registry

CITY = City(Registry(), "tianmen")
ENTRY = CITY.submit(CITY.licence()).entry
STATEMENT = ENTRY.statement
ACCEPTANCE = Acceptance(
    id=STATEMENT.root.hex(),
    log=STATEMENT.log,
    issuer="issuer",
    record_count=2,
    first_position=3,
    accepted_at=4,
    warnings=(RowError(5, "odd"),),
    deadline=6,
    signed_receipt=b"receipt",
)
LINEAGE_LED = Lineage("licence", "issuer", "identifier", b"tip", b"current", Status.SUSPENDED)


def submission_back(row: RowMapping) -> Submission:
    return read_submission({**row, "state": "frozen"})  # type: ignore[arg-type]


def submission_written(submission: Submission) -> Row:
    return make_submission_row(submission, change_count=1)


def token_written(token: Token) -> Row:
    return make_token_row(token, b"digest")


PAIRS: list[tuple[Table, object, Callable[[Any], Row], Callable[[RowMapping], object]]] = [
    (LOG, OwnLog("log", "registry", SHA256, 1, 2, 3), make_log_row, read_log),
    (BATCH, Batch(1, b"payload", 2, "frozen"), make_batch_row, read_batch),
    (SUBMISSION, Submission(ACCEPTANCE, ENTRY, "frozen", 7), submission_written, submission_back),
    (
        SUBMISSION,
        Submission(
            replace(ACCEPTANCE, deadline=None, signed_receipt=None, warnings=()), ENTRY, "frozen", None
        ),
        submission_written,
        submission_back,
    ),
    (LINEAGE, StoredLineage(LINEAGE_LED, "name", 1, 2), make_lineage_row, read_stored_lineage),
    (MISSING, Missing(1, 2, 3, b"root", "issuer"), make_missing_row, read_missing),
    (MISSING, Missing(1, 2, 3, None, None), make_missing_row, read_missing),
    (
        TRANSACTION,
        StoredTransaction(b"hash", 1, 2, 3, b"raw", 4, 5),
        make_transaction_row,
        read_transaction,
    ),
    (TOKEN, Token("id", "label", frozenset({"claims", "proofs"}), 1, 2, 3), token_written, read_token),
    (LOOK, Look("token", 1, 2, "proof", "identifier", "shown", "a complaint"), make_look_row, read_look),
    (TALLY, Tally("token", 3, 2, b"key", b"signature"), make_tally_row, read_tally),
    (TALLY, Tally("", 3), make_tally_row, read_tally),
]


@pytest.mark.parametrize(("table", "thing", "row_of", "read"), PAIRS, ids=map(str, range(len(PAIRS))))
def test_what_is_written_is_read_back(
    table: Table, thing: object, row_of: Callable[[Any], Row], read: Callable[[RowMapping], object]
) -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    row = row_of(thing)
    assert set(row) == set(table.c.keys())
    with engine.begin() as connection:
        connection.execute(insert(table), [row])
        stored = connection.execute(select(table)).mappings().one()
        assert dict(stored) == row
        assert read(stored) == thing
    engine.dispose()
