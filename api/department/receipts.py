"""Check and keep the receipt that a node gave for a submission.

The node is the one that may break its promise later, so its answer is compared with what was sent. Only whether the key is
that of the log's node can it still say as it likes: another city's node, or the chain, tells (`shunzheng receipts check`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from anchoring.database.files import replace_file
from anchoring.intake.rows import read_statement
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.words import write_moment
from ledger.crypto.keys import keccak256
from ledger.encoding.canonical import MAX_INTEGER, Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_hex
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.records.submissions import Statement
from ledger.registry.trust import PURPOSES, KeyState
from ledger.verification.receipts import (
    MAX_BYTES,
    SIGNATURE_WORDS,
    SignedReceipt,
    decode_signed_receipt,
    judge_signature,
)

RECEIPT_SUFFIX = ".receipt.json"


def keep_receipt(node: NodeClient, submission_path: Path, answer: Mapping[str, object]) -> str:
    """Write the receipt in the node's reply beside the submission, and return what to tell the person about it.

    Raises: NodeError where the receipt is not what was to be promised, or another than the one kept before.
    """
    with submission_path.open("rb") as submission_file:
        statement, _ = read_statement(next(submission_file, b""))
    signed_receipt = read_promise(node, statement, answer)
    if signed_receipt is None:
        return "The node signed no receipt: nothing shows what it promised."
    receipt_path, receipt_bytes = submission_path.with_suffix(RECEIPT_SUFFIX), signed_receipt.encode() + b"\n"
    if receipt_path.exists() and receipt_path.read_bytes() != receipt_bytes:
        other_path = receipt_path.with_name(receipt_path.name + ".other")
        replace_file(other_path, [receipt_bytes])
        raise NodeError(
            f"{node.url} gives another receipt for this submission than before: keep both, {receipt_path} and "
            f"{other_path}, and ask "
            "the node's administrator"
        )
    replace_file(receipt_path, [receipt_bytes])
    receipt = signed_receipt.receipt
    deadline = write_moment(format_time(receipt.deadline), "en")
    advice = f"Keep {receipt_path.name}: it shows what the node promised, at the latest {deadline}."
    if ask_key_state(node, receipt.key_id) is None:
        advice += " It is evidence once the city's admin has declared the node's key."
    return advice


def read_promise(
    node: NodeClient, statement: Statement, answer: Mapping[str, object]
) -> SignedReceipt | None:
    """Return the signed receipt in a reply when it promises what was sent; None where the reply has none.

    Raises: NodeError.
    """
    signed_json = answer.get("signed")
    if signed_json is None:
        return None
    try:
        receipt_bytes = encode_canonical(cast(Json, signed_json))
        signed_receipt = decode_signed_receipt(receipt_bytes[: MAX_BYTES + 1])
        receipt = signed_receipt.receipt
        sent_terms = (
            statement.registry,
            statement.log,
            statement.suite,
            statement.root,
            statement.record_count,
        )
        promised_terms = (receipt.registry, receipt.log, receipt.suite, receipt.root, receipt.record_count)
        if promised_terms != sent_terms:
            raise MalformedInput("it is for another submission than the one that was sent")
        if receipt.deadline > statement.expires_at:
            raise MalformedInput(
                "its deadline lies beyond the statement's end, by when nothing can be anchored"
            )
        reason = judge_signature(signed_receipt, ask_key_state(node, receipt.key_id))
        if reason not in ("", "key_unknown"):  # a new node's key may not be declared yet
            raise MalformedInput(SIGNATURE_WORDS[reason])
    except MalformedInput as error:
        raise NodeError(
            f"{node.url} took the submission, but its receipt promises nothing: {error}. Ask the node's administrator"
        ) from error
    return signed_receipt


def ask_key_state(node: NodeClient, key_id: bytes) -> KeyState | None:
    """Return what the node says that the registry holds of a key; the bytes at least cannot be another's."""
    try:
        fields = Fields(decode(node.fetch_key(key_id)), "key")
    except NodeError as error:
        if error.problem == "not-found":
            return None
        raise
    spki = fields.take_parsed("spki", parse_hex)
    if keccak256(spki) != key_id:
        raise MalformedInput("the node shows another key than the one that was asked for")
    return KeyState(
        id=key_id,
        spki=spki,
        purpose=PURPOSES.get(fields.take_text("purpose"), 0),
        log=fields.take_text("log"),
        event_number=fields.take_integer("n", 0, MAX_INTEGER),
        retired_at=fields.take_time("retired_at") if fields.has("retired_at") else None,
        compromised_since=fields.take_time("compromised_since") if fields.has("compromised_since") else None,
    )
