"""Sentences of a report that the page and the command line share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words
from ledger.documents.inspection import SIGNATURE_WORDS
from ledger.encoding.canonical import Json
from ledger.verification.reasons import Outcome, Verdict
from ledger.words import Language, Words


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what stands beside it."""

    label: str
    value: str


MARKS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "–"}


SCRIPTS_LABEL: Final = Words("文档脚本", "Scripts")
SCRIPTS_WORDS: Final = Words(
    "文档含脚本（JavaScript），所见内容可能随之改变",
    "The document carries scripts (JavaScript), which may change what is shown",
)

_UNTIL_WORDS: Final = Words("期限", "until")
_OTHER_VERSION_WORDS: Final = Words("针对另一版本 {}", "on another version, {}")
_PART_SEPARATOR: Final = Words("；", "; ")


def say_since(state_text: str, moment_text: str, language: Language) -> str:
    """Say since when a status is so."""
    return f"{state_text} ({choose_words(language)['since'].format(moment_text)})"


def say_signature(verdict: Verdict, reason: str, language: Language) -> str:
    """Say what was looked at of one seal or signature, what was not, and why."""
    verdict_words = SIGNATURE_WORDS[verdict].in_(language)
    return verdict_words if verdict is Verdict.VALID else f"{verdict_words} — {reason}"


def say_note(
    note_words: str,
    title: str,
    text: str | None,
    last_day: str | None,
    version: str | None,
    language: Language,
) -> str:
    """Say what a note is, what it says, its last day; `version` is that which it names, where that is another one."""
    parts = [make_visible(title, MAX_NAME_CHARS)]
    if text:
        parts.append(make_visible(text))
    if last_day:
        parts.append(f"{_UNTIL_WORDS.in_(language)} {last_day}")
    if version:
        parts.append(_OTHER_VERSION_WORDS.in_(language).format(make_visible(version)))
    return f"{note_words}{choose_words(language)['colon']}{_PART_SEPARATOR.in_(language).join(parts)}"


def say_contradictions(evidence: Mapping[str, Json] | None, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the claims that contradict their record, each with what both say; `evidence` is that of step 3."""
    contradictions = evidence.get("contradictions") if evidence else None
    for contradiction in contradictions if isinstance(contradictions, list) else ():
        if isinstance(contradiction, dict) and isinstance(recorded_words := contradiction["recorded"], dict):
            spellings = (make_visible(str(contradiction["claimed"])), str(recorded_words[language]))
            yield str(contradiction["claim"]), choose_words(language)["contradiction"].format(*spellings)


def say_predecessors(evidence: Mapping[str, Json] | None, language: Language) -> Iterator[str]:
    """Yield what a certificate continues, each with its log; `evidence` is that of step 11."""
    predecessors = evidence.get("continues") if evidence else None
    for predecessor in predecessors if isinstance(predecessors, list) else ():
        if isinstance(predecessor, dict) and "identifier" in predecessor:
            yield make_visible(f"{predecessor['identifier']} ({predecessor['log']})")
        else:
            yield choose_words(language)["continues_unknown"]
