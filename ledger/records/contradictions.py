"""Claims that say something else than the record: type, identifier, issuer, dates.

A verdict rests on the record. Claims under the standard names of GB/T 36903 repeat parts of it, and a person reads the
claims: where the two differ, no verdict may stand above them without a word. Another spelling of the same code or date
is no contradiction; a value that cannot be read as one is. Claims of seals and sealings have no type to compare.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from ledger.encoding.canonical import Json
from ledger.encoding.normal_forms import to_nfkc
from ledger.encoding.times import SHANGHAI, find_civil_date
from ledger.records.identifiers import ROOT, VENDOR_ROOT
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.words import Words

# Characters of a claim that are compared and repeated: the longest identifier has 93; longer text is none of its spellings.
MAX_COMPARED_CHARS: Final = 200
#: What certificates without end say instead of a last day, in lowercase and without spaces.
ENDLESS_SPELLINGS: Final = frozenset(
    {
        "长期",
        "长期有效",
        "永久",
        "永久有效",
        "无期限",
        "无固定期限",
        "99991231",
        "long-term",
        "permanent",
        "withoutend",
    }
)
_NUMERALS: Final = str.maketrans("〇零○一二三四五六七八九元", "0001234567891")
_TENS_NUMERAL: Final = re.compile("([一二三])?十([一二三四五六七八九])?")
_DATE: Final = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DASHES: Final = re.compile("[-\u2010-\u2015]")  # an organisation code has one before its check digit
_OVERLONG_TEXT: Final = "?"  # stands for text that no code and no date is as long as


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The claim `name` says `claimed_text` (cut to MAX_COMPARED_CHARS), and the record says `recorded_words`."""

    name: str
    claimed_text: str
    recorded_words: Words

    def to_json(self) -> dict[str, Json]:
        return {
            "claim": self.name,
            "claimed": self.claimed_text,
            "recorded": {"zh": self.recorded_words.zh, "en": self.recorded_words.en},
        }


def find_contradictions(record: Record, values: Mapping[str, Json]) -> tuple[Contradiction, ...]:
    """Return the claims among `values` (name to value) that contradict the record, in the order of the standard.

    What is not claimed, or claimed as empty, contradicts nothing. Of several values each must agree.
    """
    contradictions = []
    for name, compare in _COMPARISONS.items():
        for claimed_text in _list_texts(values[name]) if name in values else []:
            recorded_words = compare(
                record, claimed_text if len(claimed_text) <= MAX_COMPARED_CHARS else _OVERLONG_TEXT
            )
            if recorded_words is not None:
                contradictions.append(Contradiction(name, claimed_text[:MAX_COMPARED_CHARS], recorded_words))
                break
    return tuple(contradictions)


@lru_cache(maxsize=1024)  # the certificates of a submission share many days
def read_date(text: str) -> date | None:
    """Return the civil date in Asia/Shanghai that a text names in one of the usual spellings, or None."""
    text = to_nfkc(text).strip()
    if not _TIMESTAMP.fullmatch(text):
        return read_day(text)
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(SHANGHAI).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):  # no day of the calendar
        return None


def read_day(text: str) -> date | None:
    """Return the civil date that a text names by year, month and day alone, or None. `text` is in NFKC."""
    try:
        date_match = _DATE.fullmatch(
            _TENS_NUMERAL.sub(_write_tens_as_digits, text.replace(" ", "")).translate(_NUMERALS)
        )
        return date(*(int(digits) for digits in date_match.groups() if digits)) if date_match else None
    except (ValueError, OverflowError):  # no day of the calendar
        return None


def _list_texts(value: Json) -> list[str]:
    """Return what a claim says, one text for each of its values; empty ones say nothing."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := str(item).strip())]


def _compare_type(record: Record, claimed_text: str) -> Words | None:
    if record.kind not in CERTIFICATE_KINDS:
        return None
    return _compare_text(claimed_text, record.certificate.type)


def _compare_identifier(record: Record, claimed_text: str) -> Words | None:
    return _compare_text(claimed_text, record.identifier)


def _compare_issuer(record: Record, claimed_text: str) -> Words | None:
    """Compare with the credit code, the organisation code (GB 11714) inside it, and what the identifier says."""
    spellings = [record.issuer, record.issuer[8:17]]
    if record.kind in CERTIFICATE_KINDS:
        spellings.append(record.certificate.issuer)
    return _compare_text(claimed_text, *spellings)


def _compare_issued(record: Record, claimed_text: str) -> Words | None:
    return _compare_first_day(record, record.issued, claimed_text)


def _compare_valid_from(record: Record, claimed_text: str) -> Words | None:
    return _compare_first_day(record, record.valid_from, claimed_text)


def _compare_valid_until(record: Record, claimed_text: str) -> Words | None:
    is_endless = _fold_text(claimed_text) in ENDLESS_SPELLINGS
    day = None if is_endless else read_date(claimed_text)
    is_endless = is_endless or day == date.max
    if record.valid_until is None:
        return None if is_endless else Words("长期", "without end")
    return None if day == record.valid_until else _repeat_in_both_languages(record.valid_until.isoformat())


def _compare_first_day(record: Record, recorded_day: date | None, claimed_text: str) -> Words | None:
    """Compare a first day. A record without it speaks of the day on which it was made, or of one before."""
    claimed_day = read_date(claimed_text)
    if recorded_day is not None:
        return None if claimed_day == recorded_day else _repeat_in_both_languages(recorded_day.isoformat())
    record_day = find_civil_date(record.time)
    if claimed_day is not None and claimed_day <= record_day:
        return None
    return Words(f"不晚于 {record_day.isoformat()}", f"not after {record_day.isoformat()}")


def _compare_text(claimed_text: str, *spellings: str) -> Words | None:
    """Return what the record says, its first spelling, unless the claim is one of them."""
    if claimed_text in spellings:  # as nearly all are
        return None
    claimed_code = _fold_code(claimed_text)
    return (
        None
        if any(claimed_code == _fold_code(spelling) for spelling in spellings)
        else _repeat_in_both_languages(spellings[0])
    )


def _fold_code(text: str) -> str:
    """Return a code without what its spellings differ by: width, case, spaces, dashes, the root of identifiers."""
    code = _DASHES.sub("", _fold_text(text)).upper()
    for root in (ROOT, VENDOR_ROOT):
        code = code.removeprefix(f"{root}.")
    return code


def _fold_text(text: str) -> str:
    return "".join(to_nfkc(text).lower().split())


def _write_tens_as_digits(tens_match: re.Match[str]) -> str:
    """Write 十, 十二, 三十一 in digits of the decimal system."""
    return f"{tens_match[1] or '一'}{tens_match[2] or '〇'}"


def _repeat_in_both_languages(text: str) -> Words:
    return Words(text, text)


#: What each standard claim is compared with: returns what the record says where the claim says something else.
_COMPARISONS: Final[Mapping[str, Callable[[Record, str], Words | None]]] = {
    "ZZLXDM": _compare_type,
    "ZZBS": _compare_identifier,
    "ZZBFJGDM": _compare_issuer,
    "ZZBFRQ": _compare_issued,
    "ZZYXQQSRQ": _compare_valid_from,
    "ZZYXQJZRQ": _compare_valid_until,
}
#: The claims that are compared.
COMPARED_CLAIMS: Final = frozenset(_COMPARISONS)
