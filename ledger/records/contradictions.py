"""Claims that say something else than the record: type, identifier, issuer, dates.

A verdict rests on the record. Claims under the standard names of GB/T 36903 repeat parts of it, and a person reads the
claims: where the two differ, no verdict may stand above them without a word. Another spelling of the same code or date
is no contradiction; a value that cannot be read as one is. Claims of seals and sealings have no type to compare.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from ledger.encoding.canonical import Json
from ledger.encoding.times import SHANGHAI, civil_date
from ledger.records.identifiers import ROOT, VENDOR_ROOT
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.words import Words

# Characters of a claim that are compared and repeated: the longest identifier has 93; longer text is none of its spellings.
MAX_COMPARED_CHARS: Final = 200
#: What certificates without end say instead of a last day, in lowercase and without spaces.
ENDLESS: Final = frozenset(
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
_TENS: Final = re.compile("([一二三])?十([一二三四五六七八九])?")
_DATE: Final = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DASHES: Final = re.compile("[-\u2010-\u2015]")  # an organisation code has one before its check digit
_TOO_LONG: Final = "?"  # stands for text that no code and no date is as long as


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The claim `name` says `claimed` (cut to MAX_COMPARED_CHARS), and the record says `recorded`."""

    name: str
    claimed: str
    recorded: Words

    def to_json(self) -> dict[str, Json]:
        return {
            "claim": self.name,
            "claimed": self.claimed,
            "recorded": {"zh": self.recorded.zh, "en": self.recorded.en},
        }


def contradictions(record: Record, values: Mapping[str, Json]) -> tuple[Contradiction, ...]:
    """Return the claims among `values` (name to value) that contradict the record, in the order of the standard.

    What is not claimed, or claimed as empty, contradicts nothing. Of several values each must agree.
    """
    differing = []
    for name, compare in _COMPARISONS.items():
        for claimed in _texts(values[name]) if name in values else []:
            recorded = compare(record, claimed if len(claimed) <= MAX_COMPARED_CHARS else _TOO_LONG)
            if recorded is not None:
                differing.append(Contradiction(name, claimed[:MAX_COMPARED_CHARS], recorded))
                break
    return tuple(differing)


@lru_cache(maxsize=1024)  # the certificates of a submission share many days
def read_date(text: str) -> date | None:
    """Return the civil date in Asia/Shanghai that a text names in one of the usual spellings, or None."""
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.astimezone(SHANGHAI).date() if moment.tzinfo else moment.date()
        parts = _DATE.fullmatch(_TENS.sub(_digits_of_tens, text.replace(" ", "")).translate(_NUMERALS))
        return date(*(int(part) for part in parts.groups() if part)) if parts else None
    except (ValueError, OverflowError):  # no day of the calendar
        return None


def _texts(value: Json) -> list[str]:
    """Return what a claim says, one text for each of its values; empty ones say nothing."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := str(item).strip())]


def _type(record: Record, claimed: str) -> Words | None:
    if record.kind not in CERTIFICATE_KINDS:
        return None
    return _unless(claimed, record.certificate.type)


def _identifier(record: Record, claimed: str) -> Words | None:
    return _unless(claimed, record.identifier)


def _issuer(record: Record, claimed: str) -> Words | None:
    """Compare with the credit code, the organisation code (GB 11714) inside it, and what the identifier says."""
    spellings = [record.issuer, record.issuer[8:17]]
    if record.kind in CERTIFICATE_KINDS:
        spellings.append(record.certificate.issuer)
    return _unless(claimed, *spellings)


def _issued(record: Record, claimed: str) -> Words | None:
    return _first_day(record, record.issued, claimed)


def _valid_from(record: Record, claimed: str) -> Words | None:
    return _first_day(record, record.valid_from, claimed)


def _valid_until(record: Record, claimed: str) -> Words | None:
    is_endless = _folded(claimed) in ENDLESS
    day = None if is_endless else read_date(claimed)
    is_endless = is_endless or day == date.max
    if record.valid_until is None:
        return None if is_endless else Words("长期", "without end")
    return None if day == record.valid_until else _same(record.valid_until.isoformat())


def _first_day(record: Record, recorded: date | None, claimed: str) -> Words | None:
    """Compare a first day. A record without it speaks of the day on which it was made, or of one before."""
    day = read_date(claimed)
    if recorded is not None:
        return None if day == recorded else _same(recorded.isoformat())
    made = civil_date(record.time)
    if day is not None and day <= made:
        return None
    return Words(f"不晚于 {made.isoformat()}", f"not after {made.isoformat()}")


def _unless(claimed: str, *spellings: str) -> Words | None:
    """Return what the record says, its first spelling, unless the claim is one of them."""
    if claimed in spellings:  # as nearly all are
        return None
    folded = _code(claimed)
    return None if any(folded == _code(spelling) for spelling in spellings) else _same(spellings[0])


def _code(text: str) -> str:
    """Return a code without what its spellings differ by: width, case, spaces, dashes, the root of identifiers."""
    code = _DASHES.sub("", _folded(text)).upper()
    for root in (ROOT, VENDOR_ROOT):
        code = code.removeprefix(f"{root}.")
    return code


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _digits_of_tens(tens: re.Match[str]) -> str:
    """Write 十, 十二, 三十一 in digits of the decimal system."""
    return f"{tens[1] or '一'}{tens[2] or '〇'}"


def _same(text: str) -> Words:
    return Words(text, text)


#: What each standard claim is compared with: returns what the record says where the claim says something else.
_COMPARISONS: Final[Mapping[str, Callable[[Record, str], Words | None]]] = {
    "ZZLXDM": _type,
    "ZZBS": _identifier,
    "ZZBFJGDM": _issuer,
    "ZZBFRQ": _issued,
    "ZZYXQQSRQ": _valid_from,
    "ZZYXQJZRQ": _valid_until,
}
#: The claims that are compared.
COMPARED: Final = frozenset(_COMPARISONS)
