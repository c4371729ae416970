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
    node: NodeClient, receipt: ReceiptAnswer, wait_seconds: int, sleep: Callable[[float], None] = time.sleep
) -> SubmissionAnswer:
    """Return the receipt with its newest state, at best final.

    It was handed in: a node that does not answer while somebody waits is asked again. Raises: NodeError where it never did.
    """
    deadline, last_text = time.monotonic() + wait_seconds, ""
    answer: SubmissionAnswer | None = None
    while True:
        state_text = ""
        try:
            answer = {**receipt, **node.fetch_submission(receipt["id"])}
            state_text = f"state: {answer['state']}"
        except NodeError as error:
            if time.monotonic() >= deadline and answer is None:
                raise
            state_text = str(error)
        if state_text != last_text:
            last_text = state_text
            note(last_text)
        is_over = time.monotonic() >= deadline
        if answer is not None and (is_over or answer["state"] == _FINAL_STATE):
            return answer
        sleep(_POLL_SECONDS)


def judge_waiting(answers: Iterable[SubmissionAnswer], wait_seconds: int) -> int:
    """Return the exit code for what was handed in after waiting for `wait_seconds`, and say where that was in vain."""
    pending_answers = [answer for answer in answers if answer["state"] != _FINAL_STATE]
    if wait_seconds <= 0 or not pending_answers:
        return 0
    first_pending = pending_answers[0]
    note(
        f"Handed in, but not final after {wait_seconds} s 已提交，尚未上链定案: {len(pending_answers)} submissions, "
        "the first "
        f"{first_pending['id']} is {first_pending['state']}. Nothing needs to be sent again 无须重新提交; "
        "`shunzheng trace` shows "
        "when it is anchored."
    )
    return NOT_FINAL_CODE
