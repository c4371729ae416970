"""Sign what intake promised. A submission's receipt is signed once and kept: whoever asks again gets the same bytes.

Signing takes milliseconds, so it is done after the submission is written and no lock is held. After a crash in between, the
next who asks has it signed: what is promised was written with the submission.
"""

from typing import Final

from sqlalchemy import bindparam, select, update

from anchoring.register import Register, submission
from anchoring.register_tables import SUBMISSION
from ledger.keys import PrivateKey
from ledger.receipts import Receipt, SignedReceipt, decode_signed_receipt, sign_receipt

_KEPT: Final = select(SUBMISSION.c.receipt).where(SUBMISSION.c.first == bindparam("of"))
_KEEP: Final = (
    update(SUBMISSION)
    .where(SUBMISSION.c.first == bindparam("of"), SUBMISSION.c.receipt.is_(None))
    .values(receipt=bindparam("signed"))
)


def signed_receipt(register: Register, id: str, key: PrivateKey | None) -> SignedReceipt | None:
    """Return the signed receipt of a submission; None where none was signed and there is no key, or nothing was promised.

    Raises: NotFound.
    """
    with register.reading() as connection:
        found = submission(connection, id)
    promised, statement = found.receipt, found.entry.statement
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
