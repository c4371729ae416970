"""Audit of receipts that people kept: were the promises kept, is the submission still here?"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring.audit.findings import Findings
from anchoring.monitor.entries import EntriesByConnection
from anchoring.register.tables import SUBMISSION
from anchoring.replica.reading import ReplicaView
from ledger.encoding.times import format_time
from ledger.verification.receipts import PromiseState, Receipt, SignedReceipt, judge_promise

_BROKEN_SLUGS: Final = {
    PromiseState.BROKEN: "promise-broken",
    PromiseState.CONTRADICTED: "promise-contradicted",
}
_SUBMISSIONS_OF_ROOT: Final = select(
    SUBMISSION.c.first, SUBMISSION.c.count, SUBMISSION.c.accepted, SUBMISSION.c.deadline
).where(SUBMISSION.c.root == bindparam("root"))


def audit_receipts(
    receipts: Iterable[SignedReceipt],
    view: ReplicaView,
    entries: EntriesByConnection,
    now: int,
    findings: Findings,
    *,
    log: str = "",
    connection: Connection | None = None,
) -> None:
    """Say of every receipt what became of its promise: a broken one is a finding, one that cannot be judged a remark.

    Of the own `log` the register, by its `connection`, must also have the submission that was promised: a promise whose
    submission is gone is lost, however far its deadline.
    """
    with view.use_entries(entries):
        for signed_receipt in receipts:
            findings.look("receipts")
            receipt = signed_receipt.receipt
            place = f"receipt {receipt.root.hex()}"
            judgement = judge_promise(signed_receipt, view, entries, now)
            if judgement.state in _BROKEN_SLUGS:
                findings.add(_BROKEN_SLUGS[judgement.state], place, judgement.text)
                continue
            if judgement.state is not PromiseState.KEPT:
                findings.remark(f"receipt-{judgement.state.value.replace('_', '-')}", place, judgement.text)
            is_own = connection is not None and (receipt.registry, receipt.log) == (view.registry, log)
            if is_own and connection is not None and judgement.state is not PromiseState.NOT_GENUINE:
                _find_submission(receipt, connection, place, findings)


def _find_submission(receipt: Receipt, connection: Connection, place: str, findings: Findings) -> None:
    submission_row = connection.execute(_SUBMISSIONS_OF_ROOT, {"root": receipt.root}).mappings().first()
    if submission_row is None:
        text = (
            f"position {receipt.first_position} was promised to it, and the register has no such "
            "submission: hand it in again"
        )
        findings.add("submission-lost", place, text)
        return
    if (receipt.first_position, receipt.record_count, receipt.accepted_at) != (
        submission_row["first"],
        submission_row["count"],
        submission_row["accepted"],
    ):
        text = f"it promises position {receipt.first_position}, the register has the submission at {submission_row['first']}"
        findings.add("promise-contradicted", place, text)
    elif submission_row["deadline"] not in (None, receipt.deadline):
        text = (
            f"it promises an anchor by {format_time(receipt.deadline)}, the register says "
            f"{format_time(submission_row['deadline'])}: the promise was changed after it was given"
        )
        findings.add("promise-contradicted", place, text)
