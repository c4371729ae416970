"""The receipt that Tianmen's node gave for the submission of the worked example."""

from ledger.crypto.keys import decode_signature, encode_signature, generate_key
from ledger.encoding.canonical import Json
from ledger.records.submissions import Entry
from ledger.verification.receipts import Receipt, SignedReceipt

NODE_SECRET = b"\x01" * 32
SIGNATURE = "njZMOUXARtNz_1X5IzHrFdAm1huXGa0sIZh1f7pQly7urVG03qvPf7P-Dg69tblKD4h_XK9Fd7mwcmdR9px2nQ"
PROMISE_SECONDS = 3600


def make_blocks(entry: Entry, first: int) -> dict[str, Json]:
    """Return the blocks of the page; the records of `entry` stand from position `first` on."""
    key, statement = generate_key("sm2", lambda _: NODE_SECRET), entry.statement
    receipt = Receipt(
        registry=statement.registry,
        log=statement.log,
        suite=statement.suite,
        root=statement.root,
        record_count=statement.record_count,
        first_position=first,
        accepted_at=entry.accepted_at,
        deadline=min(statement.expires_at, entry.accepted_at + PROMISE_SECONDS),
        key_id=key.public.id,
    )
    signature = SIGNATURE
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(key.sign(receipt.encode()))
        print("sign again:", signature)
    if not key.public.verify(receipt.encode(), decode_signature(signature)):
        raise SystemExit("the kept signature does not fit the receipt: replace it by SIGNATURE and run again")
    signed_receipt = SignedReceipt(receipt, decode_signature(signature))
    return {"receipt": signed_receipt.to_json(), "receipt-signed": receipt.encode().decode()}
