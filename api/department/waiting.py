"""Waiting until what was handed in is final, and the exit code where that was in vain."""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import Final

from api.client.answers import ReceiptAnswer, SubmissionAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note

#: Exit code of a command that handed in what it was given, and waited in vain for it to be final.
NOT_FINAL_CODE: Final = 3
#: Exit code of an import that handed in what is good, and gave other rows back.
SOME_CAME_BACK: Final = 5
#: What the description of a command with `--wait` says of it.
EXIT_CODE_WORDS: Final = f"{NOT_FINAL_CODE} handed in, and with --wait not final in that time"
_FINAL_STATE: Final = "final"
_POLL_SECONDS: Final = 1.0


def add_wait(command: argparse.ArgumentParser) -> None:
    """Add `--wait`."""
    command.add_argument(
        "--wait",
        type=int,
        metavar="SECONDS",
        default=0,
        help=f"wait so long for it to be final, exit code {NOT_FINAL_CODE} where it is not by then; default: 0",
    )


def wait_final(
    node: NodeClient, receipt: ReceiptAnswer, seconds: int, sleep: Callable[[float], None] = time.sleep
) -> SubmissionAnswer:
    """Return the receipt with its newest state, at best final.

    It was handed in: a node that does not answer while somebody waits is asked again. Raises: NodeError where it never did.
    """
    deadline, shown_text = time.monotonic() + seconds, ""
    submission: SubmissionAnswer | None = None
    while True:
        state_text = ""
        try:
            submission = {**receipt, **node.submission(receipt["id"])}
            state_text = f"state: {submission['state']}"
        except NodeError as error:
            if time.monotonic() >= deadline and submission is None:
                raise
            state_text = str(error)
        if state_text != shown_text:
            shown_text = state_text
            note(shown_text)
        is_over = time.monotonic() >= deadline
        if submission is not None and (is_over or submission["state"] == _FINAL_STATE):
            return submission
        sleep(_POLL_SECONDS)


def judge_waiting(submissions: Iterable[SubmissionAnswer], seconds: int) -> int:
    """Return the exit code for what was handed in after waiting for `seconds`, and say where that was in vain."""
    late_submissions = [submission for submission in submissions if submission["state"] != _FINAL_STATE]
    if seconds <= 0 or not late_submissions:
        return 0
    first_late = late_submissions[0]
    note(
        f"Handed in, but not final after {seconds} s 已提交，尚未上链定案: {len(late_submissions)} submissions, the first "
        f"{first_late['id']} is {first_late['state']}. Nothing needs to be sent again 无须重新提交; `shunzheng trace` shows "
        "when it is anchored."
    )
    return NOT_FINAL_CODE
