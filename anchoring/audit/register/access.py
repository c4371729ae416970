"""Audit of what opens a register and keeps it: lease, tokens, looks."""

from typing import Final

from sqlalchemy import select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books, walk_rows
from anchoring.register.looks import Purpose
from anchoring.register.tables import LEASE, LOOK, TOKEN
from anchoring.register.tokens import SCOPES

_TOKENS: Final = select(TOKEN).order_by(TOKEN.c.id)
_LOOKS: Final = select(LOOK).order_by(LOOK.c.token, LOOK.c.ordinal)
_DIGEST_BYTES: Final = 32


def audit_access(books: Books, findings: Findings) -> None:
    """Check the lease, every token, and that the looks of each token are counted without a gap."""
    for row in walk_rows(books, select(LEASE)):
        if row["log"] != books.log.name:
            findings.add("lease-altered", f"log {row['log']}", f"the register is of {books.log.name}")
    token_ids = _check_tokens(books, findings)
    _check_looks(books, token_ids, findings)


def _check_tokens(books: Books, findings: Findings) -> set[str]:
    token_ids = set()
    for row in walk_rows(books, _TOKENS):
        findings.look("tokens")
        token_ids.add(row["id"])
        where = f"token {row['id']}"
        scopes = set(row["scopes"].split())
        if not scopes or not scopes <= SCOPES or len(row["digest"]) != _DIGEST_BYTES:
            findings.add("token-altered", where, "its scopes or its digest are none that a node writes")
        if row["expires"] is not None and row["expires"] <= row["created"]:
            findings.add("token-altered", where, "it ends before it was created")
        if row["revoked"] is not None and row["revoked"] < row["created"]:
            findings.add("token-altered", where, "it was revoked before it was created")
    return token_ids


def _check_looks(books: Books, token_ids: set[str], findings: Findings) -> None:
    token_before, ordinal_before = "", 0
    for row in walk_rows(books, _LOOKS):
        findings.look("looks")
        where = f"token {row['token']}, look {row['ordinal']}"
        if row["token"] not in token_ids:
            findings.add("look-stray", where, "there is no such token: it was deleted, or never made")
        if row["token"] == token_before and row["ordinal"] != ordinal_before + 1:
            text = f"the looks {ordinal_before + 1} to {row['ordinal'] - 1} before it are not there"
            findings.add("look-missing", where, text)
        if row["purpose"] not in set(Purpose) or row["ordinal"] < 1:
            findings.add("look-stray", where, f"no node writes the purpose {row['purpose'][:40]!r}")
        token_before, ordinal_before = row["token"], row["ordinal"]
