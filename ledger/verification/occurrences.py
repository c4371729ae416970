"""Where an entry may stand, and whether it stands somewhere before.

Whoever anchors can anchor an entry again, and every record would have a second position with a status of its own. So
the first good occurrence of an issuer's root counts (docs/decisions/0019-an-entry-counts-once.md). Good is what steps
5, 7 and 8 would let pass at its anchor: an entry of a void anchor is none, nor is one that somebody altered, else a
root could be poisoned.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from ledger import limits
from ledger.crypto.keys import decode_public_key
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.submissions import VERSION_1_ENDS, Entry, Statement, decode_entry
from ledger.registry.trust import MAX_OCCURRENCES, Anchor, Occurrence, Trust
from ledger.verification.entitlement import Moment, list_objections
from ledger.words import Words


class EntriesCheck(StrEnum):
    """Whether the verifier looked for an earlier occurrence in the log's entries, up to the anchor."""

    CHECKED = "checked"
    PARTLY = "partly_checked"
    NOT = "not_checked"


ENTRIES_WORDS: Final = {
    EntriesCheck.CHECKED: Words(
        "已在该日志此前的全部条目中查对是否重复上链",
        "All entries of the log up to the anchor were looked through for an earlier anchoring",
    ),
    EntriesCheck.PARTLY: Words(
        "仅在该日志此前的部分条目中查对是否重复上链",
        "Only some entries of the log are known here; those were looked through for an earlier anchoring",
    ),
    EntriesCheck.NOT: Words(
        "未查对是否重复上链：此处没有该日志的条目",
        "Not looked for an earlier anchoring: the entries of the log are not known here",
    ),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What the search for an earlier occurrence came to.

    `earlier_occurrence` is the first good one before the entry. `is_endless`: so many others state the root that not all
    are looked at.
    """

    entries_check: EntriesCheck
    earlier_occurrence: Occurrence | None = None
    is_endless: bool = False


def search_earlier(statement: Statement, position: int, anchor: Anchor, trust: Trust) -> Search:
    """Look for a good occurrence of the statement's issuer and root before `position`, where its own entry begins.

    Whoever does not know even that one does not know all.
    """
    root_occurrences = trust.find_occurrences(anchor.log, statement.root, anchor.sequence)
    if root_occurrences is None:
        return Search(EntriesCheck.NOT)
    is_known_here = any(occurrence.position == position for occurrence in root_occurrences.first_occurrences)
    is_complete = root_occurrences.is_complete and (
        is_known_here or len(root_occurrences.first_occurrences) > MAX_OCCURRENCES
    )
    entries_check = EntriesCheck.CHECKED if is_complete else EntriesCheck.PARTLY
    earlier_occurrences = [
        occurrence for occurrence in root_occurrences.first_occurrences if occurrence.position < position
    ]
    for occurrence in earlier_occurrences[:MAX_OCCURRENCES]:
        if _is_good(occurrence, statement, anchor.log, trust):
            return Search(entries_check, earlier_occurrence=occurrence)
    return Search(entries_check, is_endless=len(earlier_occurrences) > MAX_OCCURRENCES)


def _is_good(occurrence: Occurrence, statement: Statement, log: str, trust: Trust) -> bool:
    """Tell whether an occurrence is of the same issuer, and good where it is anchored."""
    anchor = trust.find_anchor(log, occurrence.sequence)
    try:
        entry = decode_entry(decode(occurrence.entry_bytes))
    except MalformedInput:
        return False
    other_statement = entry.statement
    is_same = (other_statement.issuer, other_statement.suite, other_statement.root) == (
        statement.issuer,
        statement.suite,
        statement.root,
    )
    return is_same and anchor is not None and is_good(entry, anchor, trust)


def is_good(entry: Entry, anchor: Anchor, trust: Trust) -> bool:
    """Tell whether an entry counts at an anchor: addressed to its log, in time, signed, and by who was entitled to."""
    statement = entry.statement
    if anchor.void_reason or (statement.registry, statement.log) != (trust.registry, anchor.log):
        return False
    key, grants = trust.find_key(statement.key_id), trust.list_grants(statement.key_id, statement.issuer)
    issuer_log = trust.find_issuer_log(statement.issuer, anchor.event_number)
    if key is None or find_timing_fault(statement, anchor):
        return False
    if any(list_objections(key, grants, issuer_log, Moment.of_anchor(anchor))):
        return False
    return is_signed_by(key.spki, statement.encode(), entry.signature)


def find_timing_fault(statement: Statement, anchor: Anchor) -> str:
    """Return the reason why a statement may not be anchored by this anchor; empty where it may."""
    if anchor.time > statement.expires_at:
        return "statement_expired"
    if anchor.time + limits.MAX_CLOCK_LEAD_SECONDS < statement.time:
        return "statement_postdated"
    if statement.window is None:
        return "older_format" if anchor.time >= VERSION_1_ENDS else ""
    return "" if anchor.sequence in statement.window else "outside_window"


@lru_cache(maxsize=4096)
def is_signed_by(spki: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` (64 bytes) of `message` is good; a statement is checked once for all its records."""
    try:
        return decode_public_key(spki).verify(message, signature)
    except MalformedInput:
        return False
