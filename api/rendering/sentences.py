"""Sentences of a report that the page and the command line share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.rendering.visible import make_visible
from api.words import words
from ledger.encoding.canonical import Json
from ledger.verification.reasons import Outcome, Verdict
from ledger.words import Language, Words


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what stands beside it."""

    label: str
    value: str


MARKS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "–"}


def say_since(state: str, moment: str, language: Language) -> str:
    """Say since when a status is so."""
    return f"{state} ({words(language)['since'].format(moment)})"


#: What a seal or signature inside a document comes to. It stands under a verdict and is none itself.
_SIGNATURES: Final = {
    Verdict.VALID: Words(
        "签章完好，签发证书的机构在本市可信名单内",
        "intact, and vouched for by an authority on this city's list",
    ),
    Verdict.INVALID: Words("签章核验不通过", "the seal or signature fails"),
    Verdict.UNVERIFIABLE: Words("签章未能全部核对", "not all of the seal or signature could be looked at"),
}


def say_signature(verdict: Verdict, reason: str, language: Language) -> str:
    """Say what was looked at of one seal or signature, what was not, and why."""
    told = _SIGNATURES[verdict].in_(language)
    return told if verdict is Verdict.VALID else f"{told} — {reason}"


def say_contradictions(evidence: Mapping[str, Json] | None, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the claims that contradict their record, each with what both say; `evidence` is that of step 3."""
    listed = evidence.get("contradictions") if evidence else None
    for contradiction in listed if isinstance(listed, list) else ():
        if isinstance(contradiction, dict) and isinstance(recorded := contradiction["recorded"], dict):
            both = (make_visible(str(contradiction["claimed"])), str(recorded[language]))
            yield str(contradiction["claim"]), words(language)["contradiction"].format(*both)
