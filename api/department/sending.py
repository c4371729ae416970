"""Sign a submission, keep it, hand it in, keep its receipt, and wait until it is final."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final

from anchoring.database.files import replace_file
from anchoring.errors import NotFound
from anchoring.intake.rows import read_statement
from api.client.answers import ReceiptAnswer, SubmissionAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.client.patience import ask_patiently
from api.console import note, progress
from api.department.drafting import prepare
from api.department.drafts import Target, UnsignedDraft, sign_again
from api.department.receipts import ask_key_state, keep_receipt
from api.department.rows.numbering import NumberedRows, renumber, renumber_error
from api.department.submission_files import digest_rows, find_signed_otherwise, name_submission
from api.department.waiting import wait_final
from ledger.crypto.keys import Signer
from ledger.crypto.suites import get_suite
from ledger.encoding.canonical import Json, encode_canonical

#: Seconds of waiting for a node that has no room, in all; then a person decides.
PATIENCE_SECONDS: Final = 600
#: Why a node refuses a statement whose records it would take: it was signed for other anchors, or too long ago.
_OUTLIVED_PROBLEMS: Final = frozenset({"outside-window", "statement-expired", "older-format"})


def send(
    node: NodeClient,
    submission_path: Path,
    make_lines: Callable[[], Iterable[bytes]],
    open_signer: Callable[[], Signer],
    input_rows: NumberedRows,
    *,
    patience_seconds: int = PATIENCE_SECONDS,
    wait_seconds: int = 0,
) -> SubmissionAnswer:
    """Return the node's answer for the submission in a file, whose lines `make_lines` signs where it is not there yet.

    Where it was signed too long ago, the same records are signed again with the key of `open_signer`. What the node says of
    single records is said of the `input_rows` of which they were made.

    1. Sign, and keep the signed lines. A crash before leaves nothing; afterwards the same submission is sent, not a second.
    2. Hand it in: `patience_seconds` in all while the node has no room. A node that has it answers with the same receipt,
       however old it is. Where it has not, and its time or its window is over, sign the same records again.
    3. Check its receipt and keep it beside.
    4. Wait up to `wait_seconds` until it is final.

    Raises: NodeError, MalformedInput, OSError.
    """
    # 1
    if submission_path.exists():
        note(
            f"Handing in the submission that was signed before, {submission_path.name}. Delete it to draft and sign anew."
        )
    else:
        for other_path in find_signed_otherwise(submission_path):
            note(
                f"{other_path.name} holds the same records, signed with another key 由另一密钥签名. It is left as it is "
                "and not "
                "sent: they are drafted and signed anew with this key."
            )
        replace_file(submission_path, make_lines())
    # 2
    try:
        receipt = _hand_in_anew(node, submission_path, open_signer, patience_seconds)
    except NodeError as error:
        raise renumber_error(error, submission_path, input_rows) from error
    # 3
    note(keep_receipt(node, submission_path, receipt))
    if warnings := receipt.get("warnings"):
        renumbered_warnings = renumber(warnings, submission_path, input_rows)
        receipt = {**receipt, "warnings": renumbered_warnings}
        for row_answer in renumbered_warnings:
            note(f"  row {row_answer['row']}: {row_answer['message']}")
    # 4
    return wait_final(node, receipt, wait_seconds)


def _hand_in_anew(
    node: NodeClient, submission_path: Path, open_signer: Callable[[], Signer], patience_seconds: int
) -> ReceiptAnswer:
    """Return the receipt of a submission, which is signed again where that was too long ago. Raises: NodeError."""
    try:
        return hand_in(node, submission_path, patience_seconds)
    except NodeError as error:
        if error.problem not in _OUTLIVED_PROBLEMS:
            raise
        note(f"{error}\nSigning the same records again.")
    renew(node, submission_path, open_signer())
    return hand_in(node, submission_path, patience_seconds)


def renew(node: NodeClient, submission_path: Path, signer: Signer) -> None:
    """Sign the records of a kept submission again, as they stand: salts, order and root stay.

    Raises: NodeError, MalformedInput, OSError; the file is then as it was.
    """
    with submission_path.open("rb") as submission_file:
        statement, _ = read_statement(next(submission_file, b""))
        first_line = sign_again(statement, ask_target(node), signer, int(time.time()))
        replace_file(submission_path, chain([first_line], submission_file))


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """Input rows with their numbers, all that is signed of them, and what names the file of the signed submission."""

    rows: Sequence[tuple[int, bytes]]
    unsigned_draft: UnsignedDraft
    folder: Path
    file_prefix: str
    rows_digest: str

    def find_submission_path(self, signer: Signer) -> Path:
        """Return where the submission is kept once this key has signed it."""
        return name_submission(self.folder, self.file_prefix, self.rows_digest, signer)

    def send(self, node: NodeClient, signer: Signer, wait_seconds: int) -> SubmissionAnswer:
        """Sign and send them. The same rows, documents and key after a failure make the same submission, not a second."""
        return send(
            node,
            self.find_submission_path(signer),
            lambda: self.unsigned_draft.sign(signer).lines(),
            lambda: signer,
            lambda: self.rows,
            wait_seconds=wait_seconds,
        )


def prepare_rows(
    rows: Sequence[tuple[int, dict[str, Json]]],
    target: Target,
    folder: Path,
    file_prefix: str,
    *,
    today: date | None = None,
    process_count: int = 1,
) -> PreparedRows:
    """Judge input rows, whose documents are found from `folder`. Close what is unsigned.

    The signed submission is kept in `folder`, under a name that begins with `file_prefix`. Raises: SubmissionRefused.
    """
    encoded_rows = [(row_number, encode_canonical(row_members)) for row_number, row_members in rows]
    rows_digest = digest_rows((line for _, line in encoded_rows), target, folder)
    unsigned_draft = prepare_lines(encoded_rows, target, folder, today=today, process_count=process_count)
    return PreparedRows(encoded_rows, unsigned_draft, folder, file_prefix, rows_digest)


@dataclass(frozen=True, slots=True)
class _DocumentReader:
    """Reads documents by their paths from a folder; it can go to other processes."""

    folder: Path

    def __call__(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def prepare_lines(
    rows: Iterable[tuple[int, bytes]],
    target: Target,
    folder: Path,
    *,
    today: date | None = None,
    process_count: int = 1,
) -> UnsignedDraft:
    """Judge input rows of any number, whose documents are found from `folder`; see `prepare`. Raises: SubmissionRefused."""
    return prepare(
        rows,
        target,
        secrets.token_bytes,
        int(time.time()),
        read_file=_DocumentReader(folder),
        today=today,
        process_count=process_count,
    )


def check_key(node: NodeClient, signer: Signer) -> None:
    """Check that the registry knows a key, and that it was neither retired nor declared stolen.

    Which records it may sign, only the node says, when they come. Raises: NodeError.
    """
    key_id = "0x" + signer.public.id.hex()
    key_state = ask_key_state(node, signer.public.id)
    if key_state is None:
        raise NodeError(
            f"the registry does not know the key {key_id}: ask the city's administrator to register it",
            "unknown-key",
        )
    if key_state.retired_at is not None or key_state.compromised_since is not None:
        end_words = "declared stolen" if key_state.compromised_since is not None else "retired"
        raise NodeError(f"the key {key_id} was {end_words}: sign with another one", "key-ended")


def hand_in(
    node: NodeClient,
    submission_path: Path,
    patience_seconds: int = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> ReceiptAnswer:
    """Return the receipt of the submission in a file, after waiting `patience_seconds` in all where the node has no room or
    is gone: one that took it in answers with the same receipt again.

    Raises: NodeError, the last one.
    """
    with submission_path.open("rb") as submission_file:
        line_count = sum(1 for _ in submission_file)

        def send_lines() -> ReceiptAnswer:
            submission_file.seek(0)
            return node.submit(progress(submission_file, "handing in", line_count))

        return ask_patiently(node, send_lines, patience_seconds, sleep=sleep)


def ask_target(node: NodeClient) -> Target:
    """Return for which registry, log and suite the node takes submissions, and how far the log is. Raises: NotFound."""
    answer = node.fetch_logs()
    for log in answer["items"]:
        if log["held"]:
            return Target(answer["registry"], log["name"], get_suite(log["suite"]), log["sequence"])
    raise NotFound(f"{node.url} issues nothing: hand the records in to the node of the department's own city")
