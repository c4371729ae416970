"""A change in words before it is signed: every field, as it is and as it will be."""

from collections.abc import Iterator, Mapping
from typing import Final

from api.department.changes import Change
from api.department.rows.columns import get_claim_labels
from api.department.rows.versions import FieldChange
from api.rendering.listings import describe_particulars
from api.words import STATUS_WORDS
from ledger.encoding.canonical import Json, encode_canonical
from ledger.records.notes import TEXT_CLAIM, TITLE_CLAIM

_LABELS: Final = {
    "identifier": "证照标识",
    "issued": "颁发日期",
    "valid_from": "有效期起",
    "valid_until": "有效期止",
    "documents": "文件",
    "links": "关联记录",
}
_NOTHING_SIGN: Final = "–"
_SAME_WORDS: Final = "as before 不变"
_MAX_SHOWN_CHARS: Final = 200  # of one value: a line on the screen stays a line


def describe_change(change: Change) -> Iterator[str]:
    """Yield the lines that describe a change: which certificate it is, its status, and each field of a new version."""
    status_before, status_after = (
        STATUS_WORDS[status.name.lower()].zh for status in (change.status_before, change.status_after)
    )
    successor_words = f"; new version {change.row['identifier']}" if change.field_changes else ""
    status_words = status_before if change.is_noted else f"{status_before} → {status_after}"
    yield f"{change.identifier}  {status_words}{successor_words}  {change.row.get('basis', '')}".rstrip()
    if change.is_noted:
        yield f"  {_describe_note(change.row)}"
    if change.certificate:
        yield f"  {describe_particulars(change.certificate, 'zh')}"
    for field_change in change.field_changes:
        yield f"  {_describe_field(field_change)}"


def _describe_note(row: Mapping[str, Json]) -> str:
    """Say what a note says to everybody who verifies, and its identifier."""
    claims = row["claims"]
    assert isinstance(claims, dict)  # a note states claims
    day_text = f"  until 至 {row['valid_until']}" if "valid_until" in row else ""
    texts = filter(None, (claims[TITLE_CLAIM], claims.get(TEXT_CLAIM)))
    return f"{'  '.join(map(str, texts))}{day_text}  → {row['identifier']}"


def _describe_field(field_change: FieldChange) -> str:
    first_word = field_change.name.partition(" ")[0]
    label = _LABELS.get(first_word) or get_claim_labels().get(field_change.name, "")
    labelled_name = f"{field_change.name} {label}".rstrip()
    if field_change.value_before == field_change.value_after:
        return f"{labelled_name}: {_describe_value(field_change.value_after)} ({_SAME_WORDS})"
    return f"{labelled_name}: {_describe_value(field_change.value_before)} → {_describe_value(field_change.value_after)}"


def _describe_value(value: "Json | None") -> str:
    if value is None:
        return _NOTHING_SIGN
    if isinstance(value, dict) and {"media_type", "size", "digest"} <= value.keys():
        text = f"{value['media_type']}, {value['size']} bytes, {value['digest']}"
    elif isinstance(value, dict) and value.keys() == {"rel", "record"}:
        text = f"{value['rel']} {value['record']}"
    else:
        text = value if isinstance(value, str) else encode_canonical(value).decode()
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"
