"""Sign the receipt of a submission, once, and store it in the register.

Signing takes milliseconds, so it is done after the submission is written and no lock is held. After a crash in between, the
next who asks has it signed: what is promised was written with the submission.
"""

from typing import Final

from sqlalchemy import bindparam, select, update

from anchoring.database.stored import reading_row
from anchoring.register.store import Register
from anchoring.register.submissions import Submission, find_submission_of_root
from anchoring.register.tables import SUBMISSION
from ledger.crypto.keys import PrivateKey
from ledger.registry.trust import Trust
from ledger.verification.receipts import (
    SIGNATURE_WORDS,
    Receipt,
    SignedReceipt,
    decode_signed_receipt,
    judge_signature,
    sign_receipt,
)

_KEPT_RECEIPT: Final = select(SUBMISSION.c.receipt).where(SUBMISSION.c.first == bindparam("first_position"))
_KEEP_RECEIPT: Final = (
    update(SUBMISSION)
    .where(SUBMISSION.c.first == bindparam("first_position"), SUBMISSION.c.receipt.is_(None))
    .values(receipt=bindparam("signed_receipt"))
)
_RESTORE_RECEIPT: Final = _KEEP_RECEIPT.values(
    receipt=bindparam("signed_receipt"), deadline=bindparam("promised_deadline")
)


def find_or_sign_receipt(
    register: Register, submission: Submission, key: PrivateKey | None
) -> SignedReceipt | None:
    """Return the signed receipt of a submission; None where none was signed and there is no key, or nothing was promised.

    Raises: RowDamaged.
    """
    acceptance, statement = submission.acceptance, submission.entry.statement
    if acceptance.signed_receipt is not None:
        return _read_receipt(acceptance.first_position, acceptance.signed_receipt)
    if key is None or acceptance.deadline is None:
        return None
    receipt = Receipt(
        registry=statement.registry,
        log=statement.log,
        suite=statement.suite,
        root=statement.root,
        record_count=statement.record_count,
        first_position=acceptance.first_position,
        accepted_at=acceptance.accepted_at,
        deadline=acceptance.deadline,
        key_id=key.public.id,
    )
    signed_receipt = sign_receipt(key, receipt)
    with register.writing() as connection:
        connection.execute(
            _KEEP_RECEIPT,
            {"first_position": acceptance.first_position, "signed_receipt": signed_receipt.encode()},
        )
        stored_receipt: bytes = connection.execute(
            _KEPT_RECEIPT, {"first_position": acceptance.first_position}
        ).scalar_one()
    return _read_receipt(acceptance.first_position, stored_receipt)  # another process may have been first


def _read_receipt(first_position: int, receipt_bytes: bytes) -> SignedReceipt:
    with reading_row(SUBMISSION, f"position {first_position}"):
        return decode_signed_receipt(receipt_bytes)


def bring_back(register: Register, trust: Trust, signed_receipt: SignedReceipt) -> str:
    """Keep a receipt that was lost with the register, as the department has it; return why not, empty where it is kept.

    A node's key of the log must have signed it, and what it says must stand here: so nobody learns of another promise than
    the one that was made.
    """
    receipt = signed_receipt.receipt
    if reason := judge_signature(signed_receipt, trust.find_key(receipt.key_id)):
        return SIGNATURE_WORDS[reason]
    with register.writing() as connection:
        submission = find_submission_of_root(connection, receipt.root)
        if submission is None:
            return "its submission is not registered here"
        acceptance, statement = submission.acceptance, submission.entry.statement
        receipt_terms = (
            receipt.registry,
            receipt.log,
            receipt.suite,
            receipt.record_count,
            receipt.first_position,
            receipt.accepted_at,
        )
        stored_terms = (
            statement.registry,
            statement.log,
            statement.suite,
            acceptance.record_count,
            acceptance.first_position,
            acceptance.accepted_at,
        )
        if receipt_terms != stored_terms or acceptance.deadline not in (None, receipt.deadline):
            return "it promises something else than stands here"
        if acceptance.signed_receipt not in (None, signed_receipt.encode()):
            return "another receipt is kept here"
        parameters = {
            "first_position": acceptance.first_position,
            "signed_receipt": signed_receipt.encode(),
            "promised_deadline": receipt.deadline,
        }
        connection.execute(_RESTORE_RECEIPT, parameters)
    return ""
