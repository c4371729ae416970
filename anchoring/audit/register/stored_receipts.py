"""Audit of stored receipts: what each promises is what its row and its entry say."""

from typing import Final

from sqlalchemy import RowMapping, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books
from anchoring.register.tables import SUBMISSION
from ledger.encoding.times import format_time
from ledger.errors import LedgerError
from ledger.records.submissions import Entry
from ledger.verification.receipts import (
    SIGNATURE_WORDS,
    SignedReceipt,
    decode_signed_receipt,
    judge_signature,
)

_CHECKED: Final = "stored receipts"
_UNSIGNED: Final = select(func.count(), func.min(SUBMISSION.c.first)).where(
    SUBMISSION.c.receipt.is_(None), SUBMISSION.c.deadline.is_not(None)
)


def check_receipt(books: Books, entry: Entry, row: RowMapping, place: str, findings: Findings) -> None:
    """Compare the stored receipt of a submission with its entry and its row; of a promise without one nothing is known."""
    if row["deadline"] is not None and row["deadline"] <= row["accepted"]:
        findings.add("receipt-altered", place, "its deadline lies before its acceptance")
    if row["receipt"] is None:
        return
    findings.look(_CHECKED)
    try:
        signed_receipt = decode_signed_receipt(row["receipt"])
    except LedgerError as error:
        findings.add("receipt-altered", place, f"its receipt cannot be read: {error}")
        return
    for fault in _find_faults(signed_receipt, entry, row):
        findings.add("receipt-altered", place, fault)
    if books.is_chain_known:
        _check_signature(books, signed_receipt, place, findings)


def note_unsigned(books: Books, findings: Findings) -> None:
    """Say how many promises have no receipt, where the node signs any: nobody asked for them yet, or they were deleted."""
    count, first_position = books.connection.execute(_UNSIGNED).one()
    if count and findings.checked_counts[_CHECKED]:
        text = (
            f"{count:,} submissions from there on were promised a time and have no stored receipt: the node was killed "
            "before it signed, or receipts were deleted; hold the departments' against it (`--receipts`)"
        )
        findings.remark("receipt-unsigned", f"position {first_position}", text)


def _find_faults(signed_receipt: SignedReceipt, entry: Entry, row: RowMapping) -> list[str]:
    receipt, statement, faults = signed_receipt.receipt, entry.statement, []
    if signed_receipt.encode() != row["receipt"]:
        faults.append("its receipt is not in canonical form")
    receipt_terms = (receipt.registry, receipt.log, receipt.suite, receipt.root, receipt.record_count)
    statement_terms = (
        statement.registry,
        statement.log,
        statement.suite,
        statement.root,
        statement.record_count,
    )
    if receipt_terms != statement_terms:
        faults.append("its receipt is of another submission")
    promise = (receipt.first_position, receipt.accepted_at, receipt.deadline)
    if promise != (row["first"], entry.accepted_at, row["deadline"]):
        faults.append(
            f"its receipt promises position {receipt.first_position} by {format_time(receipt.deadline)}, accepted at "
            f"{format_time(receipt.accepted_at)}; its row and its entry say otherwise"
        )
    return faults


def _check_signature(books: Books, signed_receipt: SignedReceipt, place: str, findings: Findings) -> None:
    reason = judge_signature(signed_receipt, books.view.find_key(signed_receipt.receipt.key_id))
    if reason in ("key_of_another", "signature_bad"):
        text = f"its receipt is not one of this node: {SIGNATURE_WORDS[reason]}"
        findings.add("receipt-altered", place, text)
    elif reason:
        findings.remark(f"receipt-{reason.replace('_', '-')}", place, SIGNATURE_WORDS[reason])
