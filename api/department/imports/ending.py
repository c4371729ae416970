"""Certificates that ended and that nobody knows: an act on each waits in the queue 待办.

A table may tell of the end of a certificate before another one tells of the certificate. The journal notes the act with the
rows, in one transaction, and forgets it once it stands in the queue: a crash between brings it there again, and it stands
there once.
"""

import time
from typing import Final

from api.client.certificates import NUMBER, Name
from api.console import note
from api.department.imports.journal import Journal
from api.department.imports.judging.judged import SOURCE_STATE_PREFIX
from api.department.rows.queue import WaitingActs
from ledger.encoding.canonical import Json
from ledger.encoding.times import find_civil_date

_ACTS_AT_ONCE: Final = 1_000  # of one transaction of the queue: some milliseconds


def queue_ending_acts(journal: Journal, queue: WaitingActs) -> None:
    """Put the acts that the journal has into the queue, and say so. Raises: MalformedInput, OSError."""
    since, act_count = find_civil_date(int(time.time())).isoformat(), 0
    while numbered_acts := journal.read_ending_acts(_ACTS_AT_ONCE):
        rows_by_action: dict[str, list[tuple[Name, dict[str, Json]]]] = {}
        for _, act in numbered_acts:
            members: dict[str, Json] = {"identifier": act.number, "basis": SOURCE_STATE_PREFIX + act.word}
            rows_by_action.setdefault(act.action, []).append((Name(NUMBER, act.number), members))
        for action, rows in rows_by_action.items():
            queue.add_once(action, rows, since)
        journal.forget_ending_acts(numbered_acts[-1][0])
        act_count += len(numbered_acts)
    if act_count:
        note(
            f"{act_count:,} rows are of certificates that ended and that nobody knows: what was not in the queue 待办 "
            "before waits there, and nothing was handed in of it 未提交. `shunzheng find --waiting` lists it."
        )
