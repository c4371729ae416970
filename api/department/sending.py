"""Hand a signed submission in, and again where the node asks for it: it is taken once, however often it is sent."""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from anchoring.database.files import replace_file
from anchoring.errors import NotFound
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note, progress
from api.department.drafting import Target, draft
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import by_name
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical

PATIENCE_SECONDS: Final = 600  # in all; then a person decides
_POLL_SECONDS: Final = 1.0
_FINAL: Final = "final"
_UNIQUE_DIGITS: Final = 16
_LONGEST_WAIT: Final = 300  # seconds between two attempts, whatever the node says


def hand_in(
    node: NodeClient,
    submission: Path,
    patience: int = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Return the receipt of the submission in a file, after waiting `patience` seconds in all where the node has no room.

    Raises: NodeError, the last one.
    """
    with submission.open("rb") as lines:
        total, waited = sum(1 for _ in lines), 0
        while True:
            lines.seek(0)
            try:
                return node.submit(progress(lines, "handing in", total))
            except NodeError as error:
                if error.retry_after is None:
                    raise
                pause = min(max(1, error.retry_after), _LONGEST_WAIT)
                if waited + pause > patience:
                    raise
                note(f"{error}\nTrying again in {pause} s.")
            sleep(pause)
            waited += pause


def signed(folder: Path, name: str, target: Target, key: PrivateKey, rows: Sequence[dict[str, Json]]) -> Path:
    """Return the file of the signed submission; the same rows after a failure make the same submission, not a second.

    The rows' documents are found from `folder`; the file is put there under a name that begins with `name`.
    """
    lines = [canonical(row) for row in rows]
    digest = hashlib.sha256(target.registry.encode() + b"\n" + b"\n".join(lines)).hexdigest()
    kept = folder / f"{name}.{digest[:_UNIQUE_DIGITS]}.submission"
    if kept.exists():
        note(f"Handing in the submission that was signed before, {kept.name}.")
        return kept
    now = int(time.time())
    with draft(
        lines, target, key, secrets.token_bytes, now, read=lambda path: (folder / path).read_bytes()
    ) as drafted:
        replace_file(kept, drafted.lines(), mode=0o600)
    return kept


def target_of(node: NodeClient) -> Target:
    """Return the registry, the log and the suite for which the node takes submissions. Raises: NotFound."""
    answer = node.logs()
    for log in answer["items"]:
        if log["held"]:
            return Target(answer["registry"], log["name"], by_name(log["suite"]))
    raise NotFound(f"{node.url} issues nothing: hand the records in to the node of the department's own city")


def wait_final(node: NodeClient, receipt: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Return the receipt with its newest state, at best final."""
    until, shown = time.monotonic() + seconds, ""
    while True:
        receipt |= node.submission(receipt["id"])
        if receipt["state"] != shown:
            shown = receipt["state"]
            note(f"state: {shown}")
        if shown == _FINAL or time.monotonic() >= until:
            return receipt
        time.sleep(_POLL_SECONDS)
