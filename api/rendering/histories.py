"""Histories of certificates as the command line prints them, with the time in China."""

from collections.abc import Iterator, Sequence
from typing import Final, NotRequired, TypedDict

from api.rendering.text import NoteJson, WordsJson, describe_note
from api.rendering.visible import make_visible
from api.words import ACTION_WORDS, STATUS_WORDS, write_moment
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.proof.histories import History
from ledger.records.records import Record
from ledger.words import Language, Words

_ISSUE_WORDS: Final = Words("核发", "issue")
_BASIS_WORDS: Final = Words("依据", "basis")
_KEY_WORDS: Final = Words("密钥", "key")
_ACCEPTED_WORDS: Final = Words("收存", "accepted")
_ANCHORED_WORDS: Final = Words("锚定", "anchored")
_WAITING_WORDS: Final = Words("尚未锚定", "not anchored yet")
_LINK_WORDS: Final = Words("关联", "linked to")
_UNTIL_WORDS: Final = Words("截至登记簿事件", "up to event")
_KNOWN_WORDS: Final = Words("本地所知截至", "known up to")


class LinkJson(TypedDict):
    """A seal or sealing that a record links to."""

    rel: str
    record: str


class RecordJson(TypedDict):
    """The members of a record that are shown in a line."""

    identifier: str
    action: str
    time: str
    basis: NotRequired[str | None]
    links: NotRequired[list[LinkJson] | None]


class AnchoredJson(TypedDict):
    """Where and when a record was anchored."""

    sequence: int
    time: str


class RecordedJson(TypedDict):
    """A record in a history, with the key that signed it, when the log took it, and its anchor once that is final."""

    record: RecordJson
    leaf: str
    key: NotRequired[str | None]
    accepted: NotRequired[str | None]
    state: NotRequired[str | None]
    anchor: NotRequired[AnchoredJson | None]


class HistoryFindingJson(TypedDict):
    """What is amiss with a history, and where."""

    reason: str
    words: WordsJson
    place: str


class JudgedHistoryJson(TypedDict):
    """Whether a history is complete, as of which moment, and what is amiss."""

    completeness: str
    words: WordsJson
    known_at: str
    findings: list[HistoryFindingJson]


class HistoryJson(JudgedHistoryJson):
    """Every record of one certificate, oldest first, up to which event; `signed` is the same as evidence."""

    records: list[RecordedJson]
    notes: NotRequired[list[NoteJson] | None]
    n: int
    head: str
    signed: NotRequired[Json]


class ChangeJson(TypedDict):
    """A change of status that an anchor made, and the record that made it where a proof carries it."""

    status: str
    sequence: int
    time: str
    record: NotRequired[RecordJson | None]


class OutlineJson(JudgedHistoryJson):
    """What a proof and the chain tell of one version of a certificate."""

    record: RecordJson
    anchored: NotRequired[str | None]
    changes: list[ChangeJson]
    notes: NotRequired[list[NoteJson] | None]


def describe_outline(outline: OutlineJson, language: Language) -> str:
    """Return what a proof and the chain tell of a certificate, and how far that reaches."""
    record, anchored_at = outline["record"], outline.get("anchored")
    time_text, action_name = write_moment(record["time"], language), _name_action(record["action"], language)
    lines = [f"{time_text}  {action_name}  {make_visible(record['identifier'])}"]
    if anchored_at:
        lines.append(f"    {_ANCHORED_WORDS.in_(language)} {write_moment(anchored_at, language)}")
    lines += [_describe_change(change, language) for change in outline["changes"]]
    lines += _describe_notes(outline.get("notes"), language)
    return "\n".join([*lines, *_describe_findings(outline, "", language)])


def _describe_change(change: ChangeJson, language: Language) -> str:
    status_name, cause_record = change["status"], change.get("record")
    status_words = (
        STATUS_WORDS[status_name].in_(language) if status_name in STATUS_WORDS else make_visible(status_name)
    )
    basis = cause_record.get("basis") if cause_record else None
    basis_words = f"  {_BASIS_WORDS.in_(language)} {make_visible(basis)}" if basis else ""
    return f"{write_moment(change['time'], language)}  {status_words} (#{change['sequence']}){basis_words}"


def describe_history(history: HistoryJson, language: Language) -> str:
    """Return what a node tells of a certificate: every record with its evidence, then whether that is all."""
    lines = [
        line for recorded_item in history["records"] for line in _describe_recorded(recorded_item, language)
    ]
    lines += _describe_notes(history.get("notes"), language)
    checkpoint_words = f"{_UNTIL_WORDS.in_(language)} {history['n']}, {history['head']}"
    return "\n".join([*lines, *_describe_findings(history, checkpoint_words, language)])


def describe_judgement(judgement: JudgedHistoryJson, history: History, language: Language) -> str:
    """Return what a saved history comes to, with its records."""
    lines = [_describe_record(record, language) for record in history.records]
    checkpoint = f"{_UNTIL_WORDS.in_(language)} {history.event_number}, 0x{history.head.hex()}"
    return "\n".join([*lines, *_describe_findings(judgement, checkpoint, language)])


def _describe_recorded(recorded_item: RecordedJson, language: Language) -> Iterator[str]:
    record, anchor = recorded_item["record"], recorded_item.get("anchor")
    time_text, action_name = write_moment(record["time"], language), _name_action(record["action"], language)
    yield f"{time_text}  {action_name}  {make_visible(record['identifier'])}"
    if basis := record.get("basis"):
        yield f"    {_BASIS_WORDS.in_(language)} {make_visible(basis)}"
    for link in record.get("links") or ():
        yield f"    {_LINK_WORDS.in_(language)} {make_visible(link['rel'])} {make_visible(link['record'])}"
    if key := recorded_item.get("key"):
        yield f"    {_KEY_WORDS.in_(language)} {make_visible(key)}"
    if accepted_time := recorded_item.get("accepted"):
        yield f"    {_ACCEPTED_WORDS.in_(language)} {write_moment(accepted_time, language)}"
    if anchor:
        anchored_at = write_moment(anchor["time"], language)
        yield f"    {_ANCHORED_WORDS.in_(language)} {anchored_at} (#{anchor['sequence']})"
    else:
        yield f"    {_WAITING_WORDS.in_(language)}"


def _describe_notes(notes: Sequence[NoteJson] | None, language: Language) -> Iterator[str]:
    for note in notes or ():
        yield f"{write_moment(note['anchored'], language)}  {describe_note(note, language)}"
        yield f"    {make_visible(note['identifier'])}"
        if basis := note.get("basis"):
            yield f"    {_BASIS_WORDS.in_(language)} {make_visible(basis)}"


def _describe_record(record: Record, language: Language) -> str:
    time_text, action_name = (
        write_moment(format_time(record.time), language),
        _name_action(record.action, language),
    )
    basis = f"  {_BASIS_WORDS.in_(language)} {make_visible(record.basis)}" if record.basis else ""
    return f"{time_text}  {action_name}  {record.identifier}{basis}"


def _describe_findings(
    judgement: JudgedHistoryJson, checkpoint_words: str, language: Language
) -> Iterator[str]:
    known_at = write_moment(judgement["known_at"], language)
    yield (
        f"{judgement['words'][language]} ({checkpoint_words})"
        if checkpoint_words
        else judgement["words"][language]
    )
    yield f"  {_KNOWN_WORDS.in_(language)} {known_at}"
    for finding in judgement["findings"]:
        yield f"! {finding['words'][language]}: {make_visible(finding['place'])}"


def _name_action(action_name: str, language: Language) -> str:
    return ACTION_WORDS.get(action_name, _ISSUE_WORDS).in_(language)
