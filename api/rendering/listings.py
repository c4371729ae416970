"""Found records and figures in words, as rows of tables, and as JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NotRequired, TypedDict

from anchoring.catalogue.chosen import get_catalogue
from anchoring.register.search.finding import Hit
from anchoring.register.search.listing import Criteria, Figure, ListedRecord
from api.rendering.sheets import Cell
from api.rendering.visible import make_visible
from api.words import ACTION_WORDS, STATUS_WORDS, write_moment
from ledger.encoding.canonical import Json
from ledger.encoding.times import SHANGHAI, format_time
from ledger.words import Language, Words

_ISSUE_WORDS: Final = Words("核发", "issue")
_FORMER_WORDS: Final = Words(
    "（旧版本所载，现版本不同）", "(as an earlier version states it, and the current one does not)"
)

LISTING_HEADING: Final = (
    "证照标识 identifier",
    "类型 type",
    "颁发机构 issuer",
    "现状 state",
    "操作 act",
    "颁发日期 issued",
    "收存（北京时间） accepted (UTC+8)",
    "密钥 key",
    "依据 basis",
    "位置 position",
)
FIGURE_HEADING: Final = ("月份 month", "类型 type", "颁发机构 issuer", "操作 act", "件数 count")


class HitJson(TypedDict):
    """A certificate that was found, and what tells it apart from others."""

    identifier: str
    type: str
    issuer: str
    status: str
    issued: NotRequired[str | None]
    number: NotRequired[str | None]
    holder: NotRequired[str | None]
    current: bool


class ListedJson(TypedDict):
    """A record, and the certificate that it is of."""

    position: int
    identifier: str
    type: str
    issuer: str
    status: str
    action: str
    issued: NotRequired[str | None]
    accepted: str
    key: str
    basis: NotRequired[str | None]


class FigureJson(TypedDict):
    """So many records of a month, type, issuer and action."""

    month: str
    type: str
    issuer: str
    action: str
    count: int


def make_hit_json(hit: Hit) -> HitJson:
    return {
        "identifier": hit.identifier,
        "type": hit.type,
        "issuer": hit.issuer,
        "status": hit.status.name.lower(),
        "issued": hit.issued,
        "number": hit.number,
        "holder": hit.holder,
        "current": hit.is_current,
    }


def make_listed_json(listed: ListedRecord) -> ListedJson:
    return {
        "position": listed.position,
        "identifier": listed.identifier,
        "type": listed.type,
        "issuer": listed.issuer,
        "status": listed.status.name.lower(),
        "action": listed.action,
        "issued": listed.issued,
        "accepted": format_time(listed.accepted),
        "key": "0x" + listed.key.hex(),
        "basis": listed.basis,
    }


def make_figure_json(figure: Figure) -> FigureJson:
    return {
        "month": figure.month,
        "type": figure.type,
        "issuer": figure.issuer,
        "action": figure.action,
        "count": figure.count,
    }


def make_criteria_json(criteria: Criteria) -> dict[str, Json]:
    """Return criteria as a node is asked by them."""
    texts_by_member = {
        "type": criteria.type,
        "issuer": criteria.issuer,
        "state": None if criteria.state is None else criteria.state.name.lower(),
        "action": criteria.action,
        "key": None if criteria.key is None else "0x" + criteria.key.hex(),
        "basis": criteria.basis,
        "holder": criteria.holder,
        "since": criteria.since,
        "until": criteria.until,
        "accepted_since": _format_moment(criteria.accepted_since),
        "accepted_before": _format_moment(criteria.accepted_before),
    }
    criteria_json: dict[str, Json] = {
        name: text for name, text in texts_by_member.items() if text is not None
    }
    if criteria.night is not None:
        criteria_json["night"] = list(criteria.night)
    if criteria.within_day:
        criteria_json["within_day"] = True
    return criteria_json


def _format_moment(moment: int | None) -> str | None:
    return None if moment is None else format_time(moment)


def list_listed_cells(listed: ListedJson) -> Sequence[Cell]:
    """Return the cells of a record, in the order of `LISTING_HEADING`."""
    return (
        listed["identifier"],
        listed["type"],
        listed["issuer"],
        listed["status"],
        listed["action"],
        listed.get("issued") or "",
        _write_table_moment(listed["accepted"]),
        listed["key"],
        listed.get("basis") or "",
        listed["position"],
    )


def list_figure_cells(figure: FigureJson) -> Sequence[Cell]:
    """Return the cells of a figure, in the order of `FIGURE_HEADING`."""
    return (figure["month"], figure["type"], figure["issuer"], figure["action"], figure["count"])


def describe_hit(hit: HitJson, language: Language) -> str:
    """Return which certificate it is, with its state."""
    status = _name_status(hit["status"], language)
    return f"{make_visible(hit['identifier'])}  {status}  {describe_particulars(hit, language)}"


def describe_particulars(hit: HitJson, language: Language) -> str:
    """Return type, number, holder as others see it, day of issue and issuer of a certificate."""
    certificate_type = get_catalogue().find_type(hit["type"])
    type_text = (
        f"{certificate_type.name.in_(language)} {certificate_type.code}" if certificate_type else hit["type"]
    )
    detail_texts = (type_text, hit.get("number"), hit.get("holder"), hit.get("issued"), hit["issuer"])
    details_text = "  ".join(make_visible(detail) for detail in detail_texts if detail)
    return details_text if hit["current"] else f"{details_text}  {_FORMER_WORDS.in_(language)}"


def describe_listed(listed: ListedJson, language: Language) -> str:
    basis = listed.get("basis")
    return (
        f"{write_moment(listed['accepted'], language)}  {_name_action(listed['action'], language)}  "
        f"{make_visible(listed['identifier'])}  {_name_status(listed['status'], language)}  {listed['key'][:12]}"
        + (f"  {make_visible(basis)}" if basis else "")
    )


def describe_figure(figure: FigureJson, language: Language) -> str:
    return (
        f"{figure['month']}  {figure['count']:>9,}  {_name_action(figure['action'], language)}  "
        f"{make_visible(figure['type'])}  {make_visible(figure['issuer'])}"
    )


def _name_action(action: str, language: Language) -> str:
    action_words = _ISSUE_WORDS if action == "issue" else ACTION_WORDS.get(action)
    return action_words.in_(language) if action_words else make_visible(action)


def _name_status(status: str, language: Language) -> str:
    return STATUS_WORDS[status].in_(language) if status in STATUS_WORDS else make_visible(status)


def _write_table_moment(moment: str) -> str:
    """Write a moment for a table: sortable, by a clock in China."""
    return f"{datetime.fromisoformat(moment).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
