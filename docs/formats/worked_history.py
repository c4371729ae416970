"""The history of the suspended certificate of the worked example, signed by its node."""

from collections.abc import Sequence

from ledger.crypto.keys import decode_signature, encode_signature, generate_key
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_time
from ledger.proof.histories import History, SignedHistory
from ledger.proof.proof import Proof
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import NODE
from ledger.verification.completeness import COMPLETENESS_WORDS
from ledger.verification.history import judge_signed_history
from ledger.verification.report import encode_words

NODE_SECRET = b"\x01" * 32
SIGNATURE = "Qdyqb4EpSbAWUG1hHKjn5uaJmL0u08alpL5q9iSEA_dGWorU2vNAqsc-NNkaZj_U0HoRjGqk60o_XJBqHkLqqQ"
REGISTERED_AT = "2022-03-28T09:10:00Z"
SIGNED_AT = "2022-03-28T09:12:00Z"


def make_blocks(proofs: tuple[Proof, ...], events: Sequence[Event], head_zero: bytes) -> dict[str, Json]:
    """Return the blocks of the page; `proofs` are those of the two records, `events` what happened in the registry."""
    key, statement = generate_key("sm2", lambda _: NODE_SECRET), proofs[0].entry.statement
    knowledge = Knowledge(statement.registry, head_zero)
    for event in events:
        knowledge.apply(event)
    n, head = knowledge.fold.event_number, knowledge.fold.head
    history = History(
        statement.registry, statement.log, n, head, proofs, (), parse_time(SIGNED_AT), key.public.id
    )
    signature = SIGNATURE
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(key.sign(history.encode()))
        print("sign again:", signature)
    signed_history = SignedHistory(history, decode_signature(signature))
    key_registration = acts.KeyRegistered(statement.log, NODE, key.public.spki)
    fold, block = knowledge.fold, knowledge.fold.block_number + 1
    event = Event(
        n + 1,
        key_registration.KIND,
        fold.block_number,
        parse_time(REGISTERED_AT),
        key_registration.encode(),
        block,
    )
    knowledge.apply(event)
    judged_history = judge_signed_history(signed_history, knowledge)
    if judged_history.findings:
        raise SystemExit(f"the worked history is {judged_history.completeness}: {judged_history.findings}")
    return {
        "history": signed_history.to_json(),
        "history-key": {
            "n": event.event_number,
            "kind": event.kind,
            "act": "KeyRegistered",
            "previousBlock": event.previous_block_number,
            "time": event.time,
            "payload": "0x" + event.payload.hex(),
            "head": "0x" + knowledge.fold.head.hex(),
        },
        "history-judged": {
            "completeness": judged_history.completeness.value,
            "words": encode_words(COMPLETENESS_WORDS[judged_history.completeness]),
        },
    }
