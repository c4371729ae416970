"""Receipts: what a node promises when it accepts a submission, and what became of it.

A receipt names the positions of the records and the moment by which they are anchored, signed by the node's key
(docs/formats/receipt.md). Beside the chain and the public entries it shows a broken promise to anybody: no word of the node
that broke it is needed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ledger import limits
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import Suite
from ledger.encoding import times
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.encoding.signed_files import check_size, join_signature, split_signature
from ledger.errors import MalformedInput
from ledger.records.submissions import Entry, Statement
from ledger.registry.trust import NODE, Anchor, KeyState, Trust
from ledger.verification.occurrences import find_timing_fault, is_signed_by, search_earlier
from ledger.words import Words

TYPE: Final = "shunzheng/receipt/1"
#: Bytes of a receipt file; a signed receipt has some 600.
MAX_BYTES: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """The records of submission `root` stand from position `first_position` on, in an anchor of block time `deadline` or
    before.

    `key_id` is the identifier of the node's key, 32 bytes; times in seconds since 1970.
    """

    registry: str
    log: str
    suite: Suite
    root: bytes
    record_count: int
    first_position: int
    accepted_at: int
    deadline: int
    key_id: bytes

    def __post_init__(self) -> None:
        """Raises: MalformedInput when positions or times cannot be."""
        if not 1 <= self.record_count <= limits.MAX_SUBMISSION_RECORDS:
            raise MalformedInput(f"a submission has 1 to {limits.MAX_SUBMISSION_RECORDS} records")
        if not 0 <= self.first_position <= limits.MAX_LOG_SIZE - self.record_count:
            raise MalformedInput("`first` and `count` lead beyond the largest log")
        if not self.accepted_at < self.deadline:
            raise MalformedInput("`deadline` lies after `accepted`")

    def to_json(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "registry": self.registry,
            "log": self.log,
            "submission": self.suite.format(self.root),
            "count": self.record_count,
            "first": self.first_position,
            "accepted": times.format_time(self.accepted_at),
            "deadline": times.format_time(self.deadline),
            "key": "0x" + self.key_id.hex(),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return encode_canonical(self.to_json())


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt and the signature (64 bytes r‖s) of the node's key over its canonical bytes."""

    receipt: Receipt
    signature: bytes

    def to_json(self) -> dict[str, Json]:
        return join_signature("receipt", self.receipt.to_json(), self.signature)

    def encode(self) -> bytes:
        return encode_canonical(self.to_json())


def sign_receipt(key: PrivateKey, receipt: Receipt) -> SignedReceipt:
    """Sign a receipt that names this key. Raises: MalformedInput where it names another."""
    if receipt.key_id != key.public.id:
        raise MalformedInput("the receipt names another key than the one that is to sign it")
    return SignedReceipt(receipt, key.sign(receipt.encode()))


def decode_signed_receipt(data: bytes) -> SignedReceipt:
    """Read a receipt file. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    check_size(data, "a receipt", MAX_BYTES)
    return SignedReceipt(*split_signature(decode(data), "receipt file", "receipt", _decode_receipt))


def _decode_receipt(value: Json) -> Receipt:
    fields = Fields(value, "receipt")
    fields.take_type(TYPE)
    suite, root = fields.take_digest("submission")
    receipt = Receipt(
        registry=fields.take_text("registry"),
        log=fields.take_text("log"),
        suite=suite,
        root=root,
        record_count=fields.take_integer("count", 1, limits.MAX_SUBMISSION_RECORDS),
        first_position=fields.take_integer("first", 0, limits.MAX_LOG_SIZE),
        accepted_at=fields.take_time("accepted"),
        deadline=fields.take_time("deadline"),
        key_id=fields.take_parsed("key", parse_key_id),
    )
    fields.close()
    return receipt


class PromiseState(StrEnum):
    """What became of the promise. `NOT_GENUINE`: no node of that log promised this; `UNKNOWN`: it cannot be told here."""

    KEPT = "kept"
    PENDING = "pending"
    BROKEN = "broken"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"
    NOT_GENUINE = "not_genuine"


#: What became of the promise, in words.
PROMISE_WORDS: Final = {
    PromiseState.KEPT: Words("承诺已兑现", "The promise was kept"),
    PromiseState.PENDING: Words("尚未到期", "Not due yet"),
    PromiseState.BROKEN: Words("承诺未兑现", "The promise was broken"),
    PromiseState.CONTRADICTED: Words("与公开日志矛盾", "The public entries contradict it"),
    PromiseState.UNKNOWN: Words("无法确认", "It cannot be told here"),
    PromiseState.NOT_GENUINE: Words("不是该日志节点的回执", "No receipt of a node of this log"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a promise, a stable reason, and the evidence in words."""

    state: PromiseState
    reason: str
    text: str


class EntrySource(Protocol):
    """The entries of a log that fit its anchors, wherever they are held."""

    def find_entry(self, log: str, position: int) -> tuple[int, Entry] | None:
        """Return the entry whose records include `position`, with its own first position; None where it is not held."""


def judge_promise(signed_receipt: SignedReceipt, trust: Trust, entries: EntrySource, now: int) -> Judgement:
    """Say what became of a receipt's promise.

    1. The receipt is one of this registry, signed by a key that the registry knows as that of a node of the log.
    2. The log has not reached the position: the promise is pending, or broken once the chain has passed the deadline.
    3. The log has reached it: too late, or by a void anchor, breaks the promise.
    4. The public entry at the position is that of the receipt, or contradicts it; one that does not count there breaks it.

    The chain's own time decides; `now` only says whether knowledge that ends before the deadline is old.
    """
    receipt = signed_receipt.receipt
    if origin_judgement := _judge_origin(signed_receipt, trust):  # 1
        return origin_judgement
    log = trust.find_log(receipt.log)
    if log is None:
        return _judge_unknown("log_unknown", f"the log {receipt.log} is not known here")
    deadline_text = times.format_time(receipt.deadline)
    if log.size <= receipt.first_position:  # 2
        if trust.time > receipt.deadline:
            text = (
                f"position {receipt.first_position} was promised by {deadline_text}; at {times.format_time(trust.time)} "
                f"the log had only {log.size} records"
            )
            return Judgement(PromiseState.BROKEN, "not_anchored", text)
        if now > receipt.deadline:
            known_until_text = times.format_time(trust.time)
            return _judge_unknown(
                "knowledge_old",
                f"the deadline was {deadline_text}, what is known here ends at {known_until_text}",
            )
        return Judgement(PromiseState.PENDING, "not_due", f"promised by {deadline_text}")
    anchor = find_anchor(trust, receipt.log, receipt.first_position)
    if anchor is None:
        return _judge_unknown(
            "anchor_unknown", f"the anchor of position {receipt.first_position} is not known here"
        )
    return _judge_time(receipt, anchor) or _judge_entry(receipt, anchor, entries, trust)  # 3, 4


def find_anchor(trust: Trust, log: str, position: int) -> Anchor | None:
    """Return the anchor with which the log grew over `position`: sizes never fall, so halving finds it."""
    log_state = trust.find_log(log)
    if log_state is None or position >= log_state.size:
        return None
    low_sequence, high_sequence = 1, log_state.sequence
    while low_sequence < high_sequence:
        middle_sequence = (low_sequence + high_sequence) // 2
        anchor = trust.find_anchor(log, middle_sequence)
        if anchor is not None and anchor.size > position:
            high_sequence = middle_sequence
        else:
            low_sequence = middle_sequence + 1
    anchor = trust.find_anchor(log, low_sequence)
    return anchor if anchor and anchor.size_before <= position < anchor.size else None


def judge_signature(signed_receipt: SignedReceipt, key: KeyState | None) -> str:
    """Return why the signature is not that of a node of the receipt's log, by the registry's `key`; empty where it is."""
    receipt = signed_receipt.receipt
    return judge_node_signature(
        key, receipt.log, receipt.encode(), signed_receipt.signature, receipt.accepted_at
    )


def judge_node_signature(
    key: KeyState | None, log: str, message: bytes, signature: bytes, moment: int
) -> str:
    """Return why `message`, which says that it was signed at `moment`, is not of a node of the log; empty where it is."""
    if key is None:
        return "key_unknown"
    if key.purpose != NODE or key.log != log:
        return "key_of_another"
    if not is_signed_by(key.spki, message, signature):
        return "signature_bad"
    if key.retired_at is not None and moment >= key.retired_at:
        return "key_retired"
    # Whoever stole the key can write any moment into it: nothing that it signed is evidence any more.
    return "key_compromised" if key.compromised_since is not None else ""


#: What each of these reasons means.
SIGNATURE_WORDS: Final = {
    "key_unknown": "the registry does not know the key that it names",
    "key_of_another": "the key that it names is not that of a node of this log",
    "signature_bad": "its signature is not that of the key",
    "key_retired": "the key was retired before the submission is said to be accepted",
    "key_compromised": "the key was stolen: what it signed is evidence of nothing",
}


def _judge_origin(signed_receipt: SignedReceipt, trust: Trust) -> Judgement | None:
    if signed_receipt.receipt.registry != trust.registry:
        return _judge_unknown(
            "other_registry", f"the receipt is of the registry {signed_receipt.receipt.registry}"
        )
    reason = judge_signature(signed_receipt, trust.find_key(signed_receipt.receipt.key_id))
    if not reason:
        return None
    is_certain = reason not in ("key_unknown", "key_compromised")
    return Judgement(
        PromiseState.NOT_GENUINE if is_certain else PromiseState.UNKNOWN, reason, SIGNATURE_WORDS[reason]
    )


def _judge_time(receipt: Receipt, anchor: Anchor) -> Judgement | None:
    if anchor.void_reason:
        text = f"anchor {anchor.sequence}, which covers position {receipt.first_position}, is void: {anchor.void_reason}"
        return Judgement(PromiseState.BROKEN, "anchor_void", text)
    if anchor.time > receipt.deadline:
        deadline_text, anchored_at_text = times.format_time(receipt.deadline), times.format_time(anchor.time)
        text = f"promised by {deadline_text}, anchored at {anchored_at_text} with sequence {anchor.sequence}"
        return Judgement(PromiseState.BROKEN, "anchored_late", text)
    return None


def _judge_entry(receipt: Receipt, anchor: Anchor, entries: EntrySource, trust: Trust) -> Judgement:
    position_and_entry = entries.find_entry(receipt.log, receipt.first_position)
    if position_and_entry is None:
        return _judge_unknown(
            "entries_missing",
            f"the entries of anchor {anchor.sequence} are not held here, so what stands there is unknown",
        )
    first_position, entry = position_and_entry
    statement = entry.statement
    if (first_position, statement.root, statement.record_count) == (
        receipt.first_position,
        receipt.root,
        receipt.record_count,
    ):
        return _judge_place(statement, first_position, anchor, trust)
    promised_root, entry_root = receipt.suite.format(receipt.root), statement.suite.format(statement.root)
    text = (
        f"position {receipt.first_position} was promised to {promised_root} ({receipt.record_count} records); "
        f"anchor {anchor.sequence} has "
        f"{entry_root} there ({statement.record_count} records from {first_position} on)"
    )
    return Judgement(PromiseState.CONTRADICTED, "other_submission", text)


def _judge_place(statement: Statement, first_position: int, anchor: Anchor, trust: Trust) -> Judgement:
    """An entry that counts nowhere keeps no promise."""
    anchoring_words = f"anchored with sequence {anchor.sequence}"
    if reason := find_timing_fault(statement, anchor):
        return Judgement(
            PromiseState.BROKEN, reason, f"{anchoring_words}, where the statement does not count"
        )
    if earlier_occurrence := search_earlier(statement, first_position, anchor, trust).earlier_occurrence:
        sequence, position = earlier_occurrence.sequence, earlier_occurrence.position
        text = f"{anchoring_words}, and before with sequence {sequence} at position {position}, which counts"
        return Judgement(PromiseState.BROKEN, "entry_repeated", text)
    return Judgement(PromiseState.KEPT, "anchored", anchoring_words)


def _judge_unknown(reason: str, text: str) -> Judgement:
    return Judgement(PromiseState.UNKNOWN, reason, text)
