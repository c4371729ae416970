"""Check the public entries of one anchor: what was anchored, and who was entitled to it.

Everything is compared with the verifier's own `Trust`; nothing that came with the entries is believed. Kinds and types are
stated by the records, which entries do not show: those are checked with each proof.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger import limits
from ledger.crypto.suites import Suite
from ledger.crypto.trees import CountedTree
from ledger.encoding import times
from ledger.records.submissions import Entry, Statement
from ledger.registry.trust import Anchor, KeyState, Occurrence, Trust
from ledger.verification.entitlement import Moment, Objection, list_objections
from ledger.verification.occurrences import find_timing_fault, is_good, is_signed_by, search_earlier

NOT_IN_BATCH: Final = "not_in_batch"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an entry: a stable reason, the first position of the entry (that of the anchor for all), words."""

    reason: str
    position: int
    text: str


def check_batch(anchor: Anchor, entries: Sequence[Entry], trust: Trust) -> list[Fault]:
    """Return every fault of the entries of `anchor`, in the order of positions; none when all is well.

    1. The counts add up to the growth of the log and the entries fold to the anchor's root. Where they do not, they are
       not what was anchored, and nothing else is looked at.
    2. No root of the issuer was anchored before where it counts, as far as the entries are known here.
    3. Each statement is for this registry and log, in its window and in time.
    4. Each is signed by a key that might speak for its issuer at the anchor.
    """
    log = trust.find_log(anchor.log)
    if log is None:
        return [Fault("log_unknown", anchor.size_before, f"the log {anchor.log} is not known here")]
    if fault := check_fold(anchor, entries, log.suite):  # 1
        return [fault]
    faults: list[Fault] = []
    position, first_positions = anchor.size_before, dict[tuple[str, bytes], int]()
    for entry in entries:
        statement = entry.statement
        issuer_and_root = statement.issuer, statement.root
        batch_position = first_positions.get(issuer_and_root)
        if repeat_text := _describe_repeat(statement, position, anchor, trust, batch_position):  # 2
            faults.append(Fault("entry_repeated", position, repeat_text))
        elif is_good(entry, anchor, trust):
            first_positions.setdefault(issuer_and_root, position)
        statement_faults = [
            *_check_address(entry, anchor, trust),
            *_check_signature(entry, anchor, trust),
        ]  # 3, 4
        faults += [Fault(reason, position, text) for reason, text in statement_faults]
        position += statement.record_count
    return faults


def list_occurrences(anchor: Anchor, entries: Iterable[Entry]) -> Iterator[tuple[bytes, Occurrence]]:
    """Yield root and occurrence of the entries of an anchor, which are in its batch."""
    position = anchor.size_before
    for entry in entries:
        yield entry.statement.root, Occurrence(anchor.sequence, position, entry.encode())
        position += entry.statement.record_count


def _describe_repeat(
    statement: Statement, position: int, anchor: Anchor, trust: Trust, batch_position: int | None
) -> str:
    """Say where the entry at `position` was anchored before; empty where that is not known.

    `batch_position`: where the same root stands in this batch.
    """
    search, root = search_earlier(statement, position, anchor, trust), statement.root.hex()
    if search.earlier_occurrence:
        earlier_place = (
            f"with sequence {search.earlier_occurrence.sequence} at position "
            f"{search.earlier_occurrence.position}"
        )
    elif batch_position is not None:
        earlier_place = f"with sequence {anchor.sequence} at position {batch_position}"
    else:
        return f"{root} is anchored too often to tell which is the first" if search.is_endless else ""
    return f"{root} is anchored with sequence {anchor.sequence}, and was {earlier_place}, which counts"


def check_fold(anchor: Anchor, entries: Sequence[Entry], suite: Suite) -> Fault | None:
    """Tell why the entries are not those that `anchor` anchored in a log of this suite; None when they are."""
    growth = anchor.size - anchor.size_before
    record_count = sum(entry.statement.record_count for entry in entries)
    if record_count != growth:
        text = f"the entries count {record_count} records, the log grew by {growth}"
        return Fault("count_mismatch", anchor.size_before, text)
    if any(entry.statement.suite is not suite for entry in entries):
        text = f"an entry is hashed under another suite than {suite.name}"
        return Fault(NOT_IN_BATCH, anchor.size_before, text)
    root = CountedTree.compute_root(suite, [entry.hash_leaf() for entry in entries])
    if root != anchor.root:
        text = f"the entries fold to {root.hex()}, anchored is {anchor.root.hex()}"
        return Fault(NOT_IN_BATCH, anchor.size_before, text)
    return None


def _check_address(entry: Entry, anchor: Anchor, trust: Trust) -> Iterator[tuple[str, str]]:
    statement, anchored_at_text = entry.statement, times.format_time(anchor.time)
    if statement.registry != trust.registry:
        yield "other_registry", f"the statement is for the registry {statement.registry[:120]!r}"
    if statement.log != anchor.log:
        yield "other_log", f"the statement is for the log {statement.log[:40]!r}"
    if reason := find_timing_fault(statement, anchor):
        yield (
            reason,
            _TIMING_WORDS[reason].format(
                expires=times.format_time(statement.expires_at),
                time=times.format_time(statement.time),
                at=anchored_at_text,
                sequence=anchor.sequence,
                window=f"{window.first_sequence} to {window.last_sequence}"
                if (window := statement.window)
                else "",
            ),
        )
    if anchor.time + limits.MAX_CLOCK_LEAD_SECONDS < entry.accepted_at:
        yield (
            "acceptance_postdated",
            f"accepted at {times.format_time(entry.accepted_at)}, anchored at {anchored_at_text}",
        )


def _check_signature(entry: Entry, anchor: Anchor, trust: Trust) -> Iterator[tuple[str, str]]:
    statement = entry.statement
    key = trust.find_key(statement.key_id)
    grants, issuer_log = (
        trust.list_grants(statement.key_id, statement.issuer),
        trust.find_issuer_log(statement.issuer, anchor.event_number),
    )
    for objection in list_objections(key, grants, issuer_log, Moment.of_anchor(anchor)):
        yield (
            objection.reason,
            _OBJECTION_WORDS[objection].format(**_describe_objection(statement, anchor, key)),
        )
    if (
        key is not None
        and key.event_number <= anchor.event_number
        and not is_signed_by(key.spki, statement.encode(), entry.signature)
    ):
        yield "signature_bad", f"the signature is not that of the key 0x{statement.key_id.hex()}"


def _describe_objection(statement: Statement, anchor: Anchor, key: KeyState | None) -> dict[str, str]:
    """Return what the words of an objection name."""
    compromised_since, retired_at = (key.compromised_since or 0, key.retired_at or 0) if key else (0, 0)
    return {
        "key": f"the key 0x{statement.key_id.hex()}",
        "issuer": repr(statement.issuer[:40]),
        "log": anchor.log,
        "at": times.format_time(anchor.time),
        "since": times.format_time(compromised_since),
        "retired": times.format_time(retired_at),
    }


_TIMING_WORDS: Final = {
    "statement_expired": "expired at {expires}, anchored at {at}",
    "statement_postdated": "dated {time}, anchored at {at}",
    "older_format": "a statement of version 1, anchored at {at}",
    "outside_window": "stated for the sequences {window}, anchored with {sequence}",
}
_NOT_GRANTED_WORDS: Final = "{key} was not granted {issuer}"
_OBJECTION_WORDS: Final = {
    Objection.ISSUER_NOT_IN_LOG: "{issuer} was no issuer of {log} at {at}",
    Objection.KEY_NOT_REGISTERED: "{key} was not registered",
    Objection.KEY_NOT_DEPARTMENT: _NOT_GRANTED_WORDS,
    Objection.KEY_OF_ANOTHER_LOG: _NOT_GRANTED_WORDS,
    Objection.NOT_GRANTED: _NOT_GRANTED_WORDS,
    Objection.KEY_COMPROMISED: "{key} is stolen since {since}",
    Objection.KEY_RETIRED: "{key} was retired at {retired}",
}
