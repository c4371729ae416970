"""The erasure of what the licence of the worked example disclosed."""

from ledger.crypto.keys import decode_signature, encode_signature, generate_key
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_time
from ledger.records.erasures import Erasure, SignedErasure
from ledger.records.records import Record
from ledger.records.submissions import Statement

NODE_SECRET = b"\x01" * 32
SIGNATURE = "7G8z_ohSxkS-mmcb7ozKa8T67Ok96sabH5be_RcsHOr_udBAdjQoltAi8hsDLGW1Qpfy-rrLedfvr7nKpwYo7w"


def make_erasure(statement: Statement, record: Record) -> SignedErasure:
    """Return the erasure of what a record of a submission disclosed."""
    key = generate_key("sm2", lambda _: NODE_SECRET)
    erasure = Erasure(
        registry=statement.registry,
        log=statement.log,
        suite=record.suite,
        leaf=record.hash_leaf(),
        order="天网信删〔2022〕3号",
        basis="个人信息保护法 第四十七条",
        time=parse_time("2022-03-28T10:00:00Z"),
        key_id=key.public.id,
    )
    signature = SIGNATURE
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(key.sign(erasure.encode()))
        print("sign again:", signature)
    if not key.public.verify(erasure.encode(), decode_signature(signature)):
        raise SystemExit("the kept signature does not fit the erasure: replace it by SIGNATURE and run again")
    return SignedErasure(erasure, decode_signature(signature))


def make_blocks(statement: Statement, record: Record) -> dict[str, Json]:
    """Return the blocks of the page."""
    signed_erasure = make_erasure(statement, record)
    return {"erasure": signed_erasure.to_json(), "erasure-signed": signed_erasure.erasure.encode().decode()}
