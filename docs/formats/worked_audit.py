"""The report of an audit of Tianmen's node at the end of the worked example."""

from collections.abc import Sequence

from ledger.crypto.keys import decode_signature, encode_signature, generate_key
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_time
from ledger.registry.acts import Event
from ledger.registry.knowledge import Knowledge
from ledger.verification.audits import AuditStatement, Finding, Head, SignedAudit, Standing

AUDITOR_SECRET = b"\x02" * 32
SIGNATURE = "dRaRsiqOlciWFmyLkN53wLZpvLCbg328NVah_k7H12rl_CX31Snr9QHHWYSIJ5wRjncv4pq5fDjvCyc9p0lCnA"
AUDITED_AT = "2022-03-28T10:00:00Z"
LOG = "tianmen"


def make_blocks(registry: str, events: Sequence[Event], head_zero: bytes) -> dict[str, Json]:
    """Return the blocks of the page; `events` are what happened in the registry."""
    key = generate_key("sm2", lambda _: AUDITOR_SECRET)
    knowledge = Knowledge(registry, head_zero)
    for event in events:
        knowledge.apply(event)
    fold, log = knowledge.fold, knowledge.find_log(LOG)
    if log is None:
        raise SystemExit(f"the worked example has no log {LOG}")
    head = Head(fold.event_number, fold.head)
    statement = AuditStatement(
        registry=registry,
        log=LOG,
        time=parse_time(AUDITED_AT),
        standing=Standing(head, fold.block_number, fold.time, log.sequence, log.size, head, (head,)),
        checked_counts={"events": fold.event_number, "records": log.size},
        findings=(
            Finding(
                "disclosure-altered",
                "position 0",
                "what it discloses is not what it claims",
                "register",
                "disclosure",
            ),
        ),
        remarks=(),
        unchecked_findings=(
            Finding("peer-unchecked", "node 1 of wuhan", "it cannot be reached", "checkpoints"),
        ),
        unlisted_count=0,
        spki=key.public.spki,
    )
    signature = SIGNATURE
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(key.sign(statement.encode()))
        print("sign again:", signature)
    signed_audit = SignedAudit(statement, decode_signature(signature))
    if not signed_audit.is_genuine:
        raise SystemExit("the kept signature does not fit the report: replace it by SIGNATURE and run again")
    return {"audit": signed_audit.to_json()}
