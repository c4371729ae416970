"""Answers of nodes, as far as a client reads them, and the check of one that arrives.

An answer may have more members than stand here: they are kept, and shown where a person asks for JSON. Nodes write null for
some members that they do not know, and leave others out.
"""

from types import UnionType
from typing import (
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from api.rendering.histories import RecordedJson
from api.rendering.listings import FigureJson, HitJson, ListedJson
from api.rendering.text import VerificationJson
from ledger.encoding.canonical import Json


class NamedAnswer(TypedDict):
    """A record, of which only the identifier is read."""

    identifier: str


class ReportAnswer(VerificationJson):
    """The report of a verification, with the record if what was presented is that of a record."""

    record: NotRequired[NamedAnswer]


class LogAnswer(TypedDict):
    """A log as a node knows it; `held` where the node issues into it, `entries` where it fetches them."""

    name: str
    suite: str
    sequence: int
    held: bool
    entries: NotRequired[str | None]


class LogsAnswer(TypedDict):
    """The registry that a node follows, and its logs."""

    registry: str
    items: list[LogAnswer]


class AnchorAnswer(TypedDict):
    """An anchor of a log, from which size to which."""

    sequence: int
    block: int
    size_before: int
    size: int


class AnchorsAnswer(TypedDict):
    """A page of anchors, the newest first."""

    items: list[AnchorAnswer]


class HitsAnswer(TypedDict):
    """Certificates that were found."""

    items: list[HitJson]


class ListingAnswer(TypedDict):
    """A page of records; `next` is the position at which the next one begins."""

    items: list[ListedJson]
    next: NotRequired[int | None]


class FiguresAnswer(TypedDict):
    """How many records there are."""

    items: list[FigureJson]


class RowAnswer(TypedDict):
    """What a node says of one row of a submission."""

    row: int
    message: str


class ReceiptAnswer(TypedDict):
    """A submission as a node took it in; `signed` is its receipt as evidence, where the node has a key."""

    id: str
    log: str
    count: int
    first: int
    signed: NotRequired[object]
    warnings: NotRequired[list[RowAnswer] | None]


class SubmissionAnswer(ReceiptAnswer):
    """How far a submission has come, from `accepted` to `final`."""

    state: str


class JudgementAnswer(TypedDict):
    """What became of the promise of a receipt: a state, a stable reason, and the evidence in words."""

    standing: str
    reason: str
    text: str


class UseAnswer(RecordedJson):
    """A sealing, and the certificates that carry what was sealed."""

    certificates: list[str]


class UsesAnswer(TypedDict):
    """A page of sealings; `next` is the address of the page after it."""

    items: list[UseAnswer]
    next: NotRequired[str | None]


class LineageAnswer(TypedDict):
    """Where a certificate stands: what its next record has to name; where asked for, its current version and which it is."""

    identifier: str
    kind: str
    issuer: str
    status: str
    newest: str
    current: str
    record: NotRequired[dict[str, Json] | None]
    disclosure: NotRequired[dict[str, Json] | None]
    certificate: NotRequired[HitJson | None]


class LineagesAnswer(TypedDict):
    """Lineages in the order of the identifiers that were asked for; None where a certificate is not registered."""

    items: list[LineageAnswer | None]


class ReportsAnswer(TypedDict):
    """Reports in the order of what was to be verified."""

    reports: list[ReportAnswer]


def is_answer(value: Json, answer_type: object) -> bool:
    """Tell whether a decoded answer has the members of `answer_type`, a type of this module."""
    if is_typeddict(answer_type):
        members = get_type_hints(answer_type)
        optional_names: frozenset[str] = getattr(answer_type, "__optional_keys__", frozenset())
        return isinstance(value, dict) and all(
            (name in optional_names and value.get(name) is None)
            or (name in value and is_answer(value[name], member_type))
            for name, member_type in members.items()
        )
    type_arguments = get_args(answer_type)
    if get_origin(answer_type) is list:
        return isinstance(value, list) and all(is_answer(item, type_arguments[0]) for item in value)
    if get_origin(answer_type) in (Union, UnionType):
        return any(is_answer(value, alternative) for alternative in type_arguments)
    plain_type = get_origin(answer_type) or answer_type
    return isinstance(value, bool) if plain_type is bool else _is_plain(value, plain_type)


def _is_plain(value: Json, plain_type: object) -> bool:
    return (
        isinstance(plain_type, type)
        and isinstance(value, plain_type)
        and not (plain_type is int and isinstance(value, bool))
    )
