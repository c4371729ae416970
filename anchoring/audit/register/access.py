"""Audit of what opens a register and keeps it: lease, tokens, looks, their tallies."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import Books, walk_rows
from anchoring.register.access.looks import Purpose
from anchoring.register.access.tallies import ERASURES, TOKENS, Tally, read_tally
from anchoring.register.access.tokens import SCOPES
from anchoring.register.tables import LEASE, LOOK, TALLY, TOKEN
from ledger.crypto.keys import PublicKey
from ledger.limits import MAX_CLOCK_LEAD_SECONDS

_TOKENS: Final = select(TOKEN).order_by(TOKEN.c.id)
_LOOKS: Final = select(LOOK).order_by(LOOK.c.token, LOOK.c.ordinal)
_TALLIES: Final = select(TALLY).order_by(TALLY.c.name)
_DIGEST_BYTES: Final = 32


def audit_access(books: Books, keys: Mapping[bytes, PublicKey], findings: Findings) -> None:
    """Check the lease, every token and every look, and that both are there as they were counted and `keys` signed it."""
    for row in walk_rows(books, select(LEASE)):
        if row["log"] != books.log.name:
            findings.add("lease-altered", f"log {row['log']}", f"the register is of {books.log.name}")
    spans = _check_tokens(books, findings)
    token_ids = set(spans)
    ordinal_ends_by_token = _check_looks(books, spans, findings)
    tallies = {row["name"]: read_tally(row) for row in walk_rows(books, _TALLIES)}
    _check_signatures(tallies, keys, findings)
    _compare_tokens(tallies, token_ids, findings)
    for token in sorted(token_ids & tallies.keys()):
        _compare_looks(tallies[token], ordinal_ends_by_token.get(token), findings)


def _check_tokens(books: Books, findings: Findings) -> dict[str, range]:
    """Check the tokens, and return the seconds in which each was in force."""
    spans = {}
    for row in walk_rows(books, _TOKENS):
        findings.look("tokens")
        ends = [end for end in (row["expires"], row["revoked"], books.now) if end is not None]
        spans[row["id"]] = range(row["created"], min(ends) + 1)
        place = f"token {row['id']}"
        scopes = set(row["scopes"].split())
        if (
            not scopes
            or not scopes <= SCOPES
            or row["scopes"] != " ".join(sorted(scopes))
            or len(row["digest"]) != _DIGEST_BYTES
        ):
            findings.add("token-altered", place, "its scopes or its digest are none that a node writes")
        if row["expires"] is not None and row["expires"] <= row["created"]:
            findings.add("token-altered", place, "it ends before it was created")
        if row["created"] > books.now + MAX_CLOCK_LEAD_SECONDS:
            findings.add("token-altered", place, "it is said to be created at a time that is yet to come")
        if row["revoked"] is not None and row["revoked"] < row["created"]:
            findings.add("token-altered", place, "it was revoked before it was created")
    return spans


def _check_looks(books: Books, spans: Mapping[str, range], findings: Findings) -> dict[str, tuple[int, int]]:
    """Check the looks, and return the first and the last number of each token's."""
    token_before, ordinal_before = "", 0
    ordinal_ends_by_token: dict[str, tuple[int, int]] = {}
    for row in walk_rows(books, _LOOKS):
        findings.look("looks")
        token, ordinal = row["token"], row["ordinal"]
        place = f"token {token}, look {ordinal}"
        if token not in spans:
            findings.add("look-stray", place, "there is no such token: it was deleted, or never made")
        elif not _may_be(row["at"], spans[token]):
            text = "it is said to be of a time at which its token was not in force, or that is yet to come"
            findings.add("look-stray", place, text)
        if token == token_before and ordinal != ordinal_before + 1:
            text = f"the looks {ordinal_before + 1} to {ordinal - 1} before it are not there"
            findings.add("look-missing", place, text)
        if row["purpose"] not in set(Purpose) or ordinal < 1:
            findings.add("look-stray", place, f"no node writes the purpose {row['purpose'][:40]!r}")
        token_before, ordinal_before = token, ordinal
        ordinal_ends_by_token[token] = ordinal_ends_by_token.get(token, (ordinal, 0))[0], ordinal
    return ordinal_ends_by_token


def _may_be(moment: int, span: range) -> bool:
    """Tell whether a moment lies in a span of seconds, by clocks that agree as well as nodes require."""
    return span.start - MAX_CLOCK_LEAD_SECONDS <= moment < span.stop + MAX_CLOCK_LEAD_SECONDS


def _check_signatures(
    tallies: Mapping[str, Tally], keys: Mapping[bytes, PublicKey], findings: Findings
) -> None:
    for tally in tallies.values():
        findings.look("tallies")
        place = _name_tally(tally)
        if tally.key is None or tally.signature is None:
            text = "no signature vouches for its count: the node had no key, has another by now, or it was taken away"
            findings.leave("tally-unsigned", place, text)
        elif (key := keys.get(tally.key)) is None:
            text = f"no node of this city is known to have the key 0x{tally.key.hex()} that signed its count"
            findings.leave("key-unknown", place, text, database=REGISTER, table=TALLY.name)
        elif not key.verify(tally.encode(), tally.signature):
            findings.add("tally-altered", place, "its count is not the one that the node signed")


def _compare_tokens(tallies: Mapping[str, Tally], token_ids: set[str], findings: Findings) -> None:
    for token in sorted(tallies.keys() - token_ids - {TOKENS, ERASURES}):
        findings.add(
            "token-missing", f"token {token}", "its looks are counted, and it is not there: it was deleted"
        )
    for token in sorted(token_ids - tallies.keys()):
        findings.add("tally-missing", f"token {token}", "nothing counts its looks: that was deleted")
    tally = tallies.get(TOKENS)
    if tally is None:
        if token_ids:
            findings.add("tally-missing", "tokens", "nothing counts the tokens: that was deleted")
    elif tally.total > len(token_ids):
        text = f"{tally.total} tokens were made, {len(token_ids)} are there: the others were deleted"
        findings.add("token-missing", "tokens", text)
    elif tally.total < len(token_ids):
        text = (
            f"{tally.total} tokens were made, {len(token_ids)} are there: the others were not made by a node"
        )
        findings.add("token-stray", "tokens", text)


def _compare_looks(tally: Tally, ordinal_ends: tuple[int, int] | None, findings: Findings) -> None:
    """Compare the first and the last number of the looks that are there with those that were counted."""
    first_ordinal, last_ordinal = ordinal_ends or (tally.total + 1, tally.total)
    place = _name_tally(tally)
    if first_ordinal > tally.removed + 1:
        text = f"the looks {tally.removed + 1} to {first_ordinal - 1} are not there, and were not taken away for their age"
        findings.add("look-missing", place, text)
    if last_ordinal < tally.total:
        findings.add("look-missing", place, f"the looks {last_ordinal + 1} to {tally.total} are not there")
    if ordinal_ends and (last_ordinal > tally.total or first_ordinal <= tally.removed):
        text = f"the looks {first_ordinal} to {last_ordinal} are there, counted are {tally.removed + 1} to {tally.total}"
        findings.add("look-stray", place, text)


def _name_tally(tally: Tally) -> str:
    return {TOKENS: "tokens", ERASURES: "erasures"}.get(tally.name, f"token {tally.name}")
