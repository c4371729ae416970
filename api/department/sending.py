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
from ledger.crypto.suites import by_name
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical

#: Seconds of waiting for a node that has no room, in all; then a person decides.
PATIENCE_SECONDS: Final = 600
#: Why a node refuses a statement whose records it would take: it was signed for other anchors, or too long ago.
_OUTLIVED_PROBLEMS: Final = frozenset({"outside-window", "statement-expired", "older-format"})


def send(
    node: NodeClient,
    submission: Path,
    make_lines: Callable[[], Iterable[bytes]],
    open_key: Callable[[], Signer],
    input_rows: NumberedRows,
    *,
    patience: int = PATIENCE_SECONDS,
    wait: int = 0,
) -> SubmissionAnswer:
    """Return the node's answer for the submission in a file, whose lines `make_lines` signs where it is not there yet.

    Where it was signed too long ago, the same records are signed again with the key of `open_key`. What the node says of
    single records is said of the `input_rows` of which they were made.

    1. Sign, and keep the signed lines. A crash before leaves nothing; afterwards the same submission is sent, not a second.
    2. Hand it in: `patience` seconds in all while the node has no room. A node that has it answers with the same receipt,
       however old it is. Where it has not, and its time or its window is over, sign the same records again.
    3. Check its receipt and keep it beside.
    4. Wait up to `wait` seconds until it is final.

    Raises: NodeError, MalformedInput, OSError.
    """
    # 1
    if submission.exists():
        note(
            f"Handing in the submission that was signed before, {submission.name}. Delete it to draft and sign anew."
        )
    else:
        for other in find_signed_otherwise(submission):
            note(
                f"{other.name} holds the same records, signed with another key 由另一密钥签名. It is left as it is and not "
                "sent: they are drafted and signed anew with this key."
            )
        replace_file(submission, make_lines())
    # 2
    try:
        receipt = _hand_in_anew(node, submission, open_key, patience)
    except NodeError as error:
        raise renumber_error(error, submission, input_rows) from error
    # 3
    note(keep_receipt(node, submission, receipt))
    if warnings := receipt.get("warnings"):
        renumbered_warnings = renumber(warnings, submission, input_rows)
        receipt = {**receipt, "warnings": renumbered_warnings}
        for row in renumbered_warnings:
            note(f"  row {row['row']}: {row['message']}")
    # 4
    return wait_final(node, receipt, wait)


def _hand_in_anew(
    node: NodeClient, submission: Path, open_key: Callable[[], Signer], patience: int
) -> ReceiptAnswer:
    """Return the receipt of a submission, which is signed again where that was too long ago. Raises: NodeError."""
    try:
        return hand_in(node, submission, patience)
    except NodeError as error:
        if error.problem not in _OUTLIVED_PROBLEMS:
            raise
        note(f"{error}\nSigning the same records again.")
    renew(node, submission, open_key())
    return hand_in(node, submission, patience)


def renew(node: NodeClient, submission: Path, key: Signer) -> None:
    """Sign the records of a kept submission again, as they stand: salts, order and root stay.

    Raises: NodeError, MalformedInput, OSError; the file is then as it was.
    """
    with submission.open("rb") as lines:
        statement, _ = read_statement(next(lines, b""))
        first_line = sign_again(statement, ask_target(node), key, int(time.time()))
        replace_file(submission, chain([first_line], lines))


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """Input rows with their numbers, all that is signed of them, and what names the file of the signed submission."""

    rows: Sequence[tuple[int, bytes]]
    unsigned_draft: UnsignedDraft
    folder: Path
    prefix: str
    digest: str

    def submission(self, key: Signer) -> Path:
        """Return where the submission is kept once this key has signed it."""
        return name_submission(self.folder, self.prefix, self.digest, key)

    def send(self, node: NodeClient, key: Signer, wait: int) -> SubmissionAnswer:
        """Sign and send them. The same rows, documents and key after a failure make the same submission, not a second."""
        return send(
            node,
            self.submission(key),
            lambda: self.unsigned_draft.sign(key).lines(),
            lambda: key,
            lambda: self.rows,
            wait=wait,
        )


def prepare_rows(
    rows: Sequence[tuple[int, dict[str, Json]]],
    target: Target,
    folder: Path,
    prefix: str,
    *,
    today: date | None = None,
    processes: int = 1,
) -> PreparedRows:
    """Judge input rows, whose documents are found from `folder`. Close what is unsigned.

    The signed submission is kept in `folder`, under a name that begins with `prefix`. Raises: SubmissionRefused.
    """
    encoded_rows = [(number, canonical(row)) for number, row in rows]
    digest = digest_rows((line for _, line in encoded_rows), target, folder)
    unsigned_draft = prepare_lines(encoded_rows, target, folder, today=today, processes=processes)
    return PreparedRows(encoded_rows, unsigned_draft, folder, prefix, digest)


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
    processes: int = 1,
) -> UnsignedDraft:
    """Judge input rows of any number, whose documents are found from `folder`; see `prepare`. Raises: SubmissionRefused."""
    return prepare(
        rows,
        target,
        secrets.token_bytes,
        int(time.time()),
        read_file=_DocumentReader(folder),
        today=today,
        processes=processes,
    )


def check_key(node: NodeClient, key: Signer) -> None:
    """Check that the registry knows a key, and that it was neither retired nor declared stolen.

    Which records it may sign, only the node says, when they come. Raises: NodeError.
    """
    key_id = "0x" + key.public.id.hex()
    state = ask_key_state(node, key.public.id)
    if state is None:
        raise NodeError(
            f"the registry does not know the key {key_id}: ask the city's administrator to register it",
            "unknown-key",
        )
    if state.retired_at is not None or state.compromised_since is not None:
        end = "declared stolen" if state.compromised_since is not None else "retired"
        raise NodeError(f"the key {key_id} was {end}: sign with another one", "key-ended")


def hand_in(
    node: NodeClient,
    submission: Path,
    patience: int = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> ReceiptAnswer:
    """Return the receipt of the submission in a file, after waiting `patience` seconds in all where the node has no room or
    is gone: one that took it in answers with the same receipt again.

    Raises: NodeError, the last one.
    """
    with submission.open("rb") as lines:
        line_count = sum(1 for _ in lines)

        def send_lines() -> ReceiptAnswer:
            lines.seek(0)
            return node.submit(progress(lines, "handing in", line_count))

        return ask_patiently(node, send_lines, patience, sleep=sleep)


def ask_target(node: NodeClient) -> Target:
    """Return for which registry, log and suite the node takes submissions, and how far the log is. Raises: NotFound."""
    answer = node.logs()
    for log in answer["items"]:
        if log["held"]:
            return Target(answer["registry"], log["name"], by_name(log["suite"]), log["sequence"])
    raise NotFound(f"{node.url} issues nothing: hand the records in to the node of the department's own city")
