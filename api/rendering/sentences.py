"""Sentences of a report that the page and the command line share."""

from typing import Final

from api.words import words
from ledger.verification.reasons import Outcome, Verdict
from ledger.words import Language

MARKS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "–"}


def say_since(state: str, moment: str, language: Language) -> str:
    """Say since when a status is so."""
    return f"{state} ({words(language)['since'].format(moment)})"


def say_signature(verdict: Verdict, told: str, reason: str) -> str:
    """Say what one seal or signature comes to, and why where it is not valid."""
    return told if verdict is Verdict.VALID else f"{told} — {reason}"
