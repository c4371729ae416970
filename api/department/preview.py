"""A change in words before it is signed: every field, as it is and as it will be."""

from collections.abc import Iterator
from typing import Final

from api.department.changes import Change
from api.department.rows.columns import claim_labels
from api.department.rows.versions import FieldChange
from api.words import STATUS_WORDS
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical

_LABELS: Final = {
    "identifier": "证照标识",
    "issued": "颁发日期",
    "valid_from": "有效期起",
    "valid_until": "有效期止",
    "documents": "文件",
    "links": "关联记录",
}
_NOTHING: Final = "–"
_SAME: Final = "as before 不变"
_MAX_SHOWN_CHARS: Final = 200  # of one value: a line on the screen stays a line


def describe_change(change: Change) -> Iterator[str]:
    """Yield the lines that describe a change: its status, and each field of a new version."""
    status_before, status_after = (
        STATUS_WORDS[status.name.lower()].zh for status in (change.before, change.after)
    )
    successor = f"; new version {change.row['identifier']}" if change.fields else ""
    yield f"{change.identifier}  {status_before} → {status_after}{successor}  {change.row.get('basis', '')}".rstrip()
    for field in change.fields:
        yield f"  {_describe_field(field)}"


def _describe_field(field: FieldChange) -> str:
    word = field.name.partition(" ")[0]
    label = _LABELS.get(word) or claim_labels().get(field.name, "")
    name = f"{field.name} {label}".rstrip()
    if field.before == field.after:
        return f"{name}: {_describe_value(field.after)} ({_SAME})"
    return f"{name}: {_describe_value(field.before)} → {_describe_value(field.after)}"


def _describe_value(value: "Json | None") -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, dict) and {"media_type", "size", "digest"} <= value.keys():
        text = f"{value['media_type']}, {value['size']} bytes, {value['digest']}"
    elif isinstance(value, dict) and value.keys() == {"rel", "record"}:
        text = f"{value['rel']} {value['record']}"
    else:
        text = value if isinstance(value, str) else canonical(value).decode()
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"
