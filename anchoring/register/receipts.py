"""Sign what intake promised: once, and the receipt is kept.

Signing takes milliseconds, so it is done after the submission is written and no lock is held. After a crash in between, the
next who asks has it signed: what is promised was written with the submission.
"""

from typing import Final

from sqlalchemy import bindparam, select, update

from anchoring.register.store import Register
from anchoring.register.submissions import Submission, find_submission_of_root
from anchoring.register.tables import SUBMISSION
from ledger.crypto.keys import PrivateKey
from ledger.registry.trust import Trust
from ledger.verification.receipts import (
    WORDS,
    Receipt,
    SignedReceipt,
    decode_signed_receipt,
    judge_signature,
    sign_receipt,
)

_KEPT: Final = select(SUBMISSION.c.receipt).where(SUBMISSION.c.first == bindparam("of"))
_KEEP: Final = (
    update(SUBMISSION)
    .where(SUBMISSION.c.first == bindparam("of"), SUBMISSION.c.receipt.is_(None))
    .values(receipt=bindparam("signed"))
)
_KEEP_BACK: Final = _KEEP.values(receipt=bindparam("signed"), deadline=bindparam("by"))


def find_or_sign_receipt(
    register: Register, submission: Submission, key: PrivateKey | None
) -> SignedReceipt | None:
    """Return the signed receipt of a submission; None where none was signed and there is no key, or nothing was promised."""
    promised, statement = submission.acceptance, submission.entry.statement
    if promised.signed is not None:
        return decode_signed_receipt(promised.signed)
    if key is None or promised.deadline is None:
        return None
    receipt = Receipt(
        registry=statement.registry,
        log=statement.log,
        suite=statement.suite,
        root=statement.root,
        count=statement.count,
        first=promised.first,
        accepted=promised.accepted,
        deadline=promised.deadline,
        key=key.public.id,
    )
    signed = sign_receipt(key, receipt)
    with register.writing() as connection:
        connection.execute(_KEEP, {"of": promised.first, "signed": signed.encode()})
        kept: bytes = connection.execute(_KEPT, {"of": promised.first}).scalar_one()
    return decode_signed_receipt(kept)  # another process may have been first


def bring_back(register: Register, trust: Trust, signed: SignedReceipt) -> str:
    """Keep a receipt that was lost with the register, as the department has it; return why not, empty where it is kept.

    A node's key of the log must have signed it, and what it says must stand here: so nobody learns of another promise than
    the one that was made.
    """
    receipt = signed.receipt
    if reason := judge_signature(signed, trust.key(receipt.key)):
        return WORDS[reason]
    with register.writing() as connection:
        stored = find_submission_of_root(connection, receipt.root)
        if stored is None:
            return "its submission is not registered here"
        here, statement = stored.acceptance, stored.entry.statement
        said = (receipt.registry, receipt.log, receipt.suite, receipt.count, receipt.first, receipt.accepted)
        stands = (statement.registry, statement.log, statement.suite, here.count, here.first, here.accepted)
        if said != stands or here.deadline not in (None, receipt.deadline):
            return "it promises something else than stands here"
        if here.signed not in (None, signed.encode()):
            return "another receipt is kept here"
        kept = {"of": here.first, "signed": signed.encode(), "by": receipt.deadline}
        connection.execute(_KEEP_BACK, kept)
    return ""
