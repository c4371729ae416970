"""Sign a submission, keep it, hand it in, keep its receipt, and wait until it is final."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from anchoring.database.files import replace_file
from anchoring.errors import NotFound
from anchoring.intake.rows import read_statement
from api.client.answers import ReceiptAnswer, SubmissionAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note, progress
from api.department.drafting import Target, draft, sign_again
from api.department.receipts import keep_receipt
from api.department.submission_files import digest_rows, find_signed_otherwise, name_submission
from api.department.waiting import wait_final
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import by_name
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical

#: Seconds of waiting for a node that has no room, in all; then a person decides.
PATIENCE_SECONDS: Final = 600
#: Seconds between two attempts at the most, whatever the node says.
_LONGEST_WAIT_SECONDS: Final = 300
#: Why a node refuses a statement whose records it would take: it was signed for other anchors, or too long ago.
_OUTLIVED_PROBLEMS: Final = frozenset({"outside-window", "statement-expired", "older-format"})


def send(
    node: NodeClient,
    submission: Path,
    make_lines: Callable[[], Iterable[bytes]],
    open_key: Callable[[], PrivateKey],
    *,
    patience: int = PATIENCE_SECONDS,
    wait: int = 0,
) -> SubmissionAnswer:
    """Return the node's answer for the submission in a file, whose lines `make_lines` signs where it is not there yet.

    Where it was signed too long ago, the same records are signed again with the key of `open_key`.

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
        receipt = hand_in(node, submission, patience)
    except NodeError as error:
        if error.problem not in _OUTLIVED_PROBLEMS:
            raise
        note(f"{error}\nSigning the same records again.")
        renew(node, submission, open_key())
        receipt = hand_in(node, submission, patience)
    # 3
    note(keep_receipt(node, submission, receipt))
    # 4
    answer = wait_final(node, receipt, wait)
    for row in receipt.get("warnings") or ():
        note(f"  row {row['row']}: {row['message']}")
    return answer


def renew(node: NodeClient, submission: Path, key: PrivateKey) -> None:
    """Sign the records of a kept submission again, as they stand: salts, order and root stay.

    Raises: NodeError, MalformedInput, OSError; the file is then as it was.
    """
    with submission.open("rb") as lines:
        statement, _ = read_statement(next(lines, b""))
        first_line = sign_again(statement, target_of(node), key, int(time.time()))
        replace_file(submission, chain([first_line], lines))


def sign_lines(lines: Iterable[bytes], target: Target, key: PrivateKey, folder: Path) -> Iterable[bytes]:
    """Yield the lines of the signed submission of input rows, whose documents are found from `folder`."""
    now = int(time.time())
    with draft(
        lines, target, key, secrets.token_bytes, now, read=lambda path: (folder / path).read_bytes()
    ) as signed_draft:
        yield from signed_draft.lines()


def send_rows(
    node: NodeClient,
    folder: Path,
    prefix: str,
    key: PrivateKey,
    rows: Sequence[dict[str, Json]],
    wait: int,
) -> tuple[Path, SubmissionAnswer]:
    """Send input rows, and return where the signed submission is kept: in `folder`, under a name that begins with `prefix`.

    The same rows, documents and key after a failure make the same submission, not a second.
    """
    target = target_of(node)
    lines = [canonical(row) for row in rows]
    submission = name_submission(folder, prefix, digest_rows(lines, target, folder), key)
    return submission, send(
        node, submission, lambda: sign_lines(lines, target, key, folder), lambda: key, wait=wait
    )


def hand_in(
    node: NodeClient,
    submission: Path,
    patience: int = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> ReceiptAnswer:
    """Return the receipt of the submission in a file, after waiting `patience` seconds in all where the node has no room.

    Raises: NodeError, the last one.
    """
    with submission.open("rb") as lines:
        line_count, waited_seconds = sum(1 for _ in lines), 0
        while True:
            lines.seek(0)
            try:
                return node.submit(progress(lines, "handing in", line_count))
            except NodeError as error:
                if error.retry_after is None:
                    raise
                pause_seconds = min(max(1, error.retry_after), _LONGEST_WAIT_SECONDS)
                if waited_seconds + pause_seconds > patience:
                    raise
                note(f"{error}\nTrying again in {pause_seconds} s.")
            sleep(pause_seconds)
            waited_seconds += pause_seconds


def target_of(node: NodeClient) -> Target:
    """Return for which registry, log and suite the node takes submissions, and how far the log is. Raises: NotFound."""
    answer = node.logs()
    for log in answer["items"]:
        if log["held"]:
            return Target(answer["registry"], log["name"], by_name(log["suite"]), log["sequence"])
    raise NotFound(f"{node.url} issues nothing: hand the records in to the node of the department's own city")
