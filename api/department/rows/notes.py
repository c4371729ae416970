"""Rows that note certificates 附注, and the notes that are settled."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from anchoring.intake.faults import Faults, RowFault
from api.client.answers import LineageAnswer
from api.client.client import NodeClient
from api.department.rows.naming import NamedRow
from api.department.rows.reading import InputRow
from api.rendering.text import NoteJson
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.notes import (
    ANNOTATES,
    DISPUTES,
    NOTE_KIND,
    NOTE_RELATIONS,
    NOTED_CLAIM,
    TEXT_CLAIM,
    TITLE_CLAIM,
)
from ledger.records.records import CERTIFICATE_KINDS

#: The relation that each command makes.
RELATION_OF_ACTION: Final = {"annotate": ANNOTATES, "dispute": DISPUTES}
_TITLE_OF_RELATION: Final = {DISPUTES: "异议"}
_SERIAL_DIGITS: Final = 24  # of a digest over all that a note says: 96 bits
_UNSETTLED_STATES: Final = frozenset({"standing", "lapsed"})
_MAX_LISTED: Final = 8  # notes that a message lists; a node shows no more


def make_note_row(row: InputRow, action: str, lineage: LineageAnswer, today: date) -> dict[str, Json]:
    """Return the row that registers a note on the current version of a certificate. Raises: MalformedInput, RowFault.

    The same note on the same day has the same identifier, so that it is not registered twice.
    """
    relation, members = RELATION_OF_ACTION[action], row.members
    if lineage["kind"] not in CERTIFICATE_KINDS:
        raise RowFault(
            "note-refused", f"{lineage['identifier']} is no certificate, and only certificates have notes"
        )
    title = members.get("title") or _TITLE_OF_RELATION.get(relation)
    if not title:
        raise MalformedInput("say what the note is, with --title or `title` in the row, as 年审, 签注, 校验")
    claims: dict[str, Json] = {NOTED_CLAIM: lineage["identifier"], TITLE_CLAIM: title}
    if text := members.get("text"):
        claims[TEXT_CLAIM] = text
    link: Json = {"rel": relation, "record": lineage["current"]}
    note_row: dict[str, Json] = {
        "kind": NOTE_KIND,
        "action": "issue",
        "issuer": lineage["issuer"],
        "claims": claims,
        "links": [link],
        **{name: members[name] for name in ("basis", "valid_until", "time") if name in members},
    }
    certificate_type = CertificateIdentifier.parse(lineage["identifier"], strict=False).type
    serial = SM3.hash(encode_canonical([note_row, today.isoformat()])).hex()[:_SERIAL_DIGITS].upper()
    identifier = CertificateIdentifier.build(certificate_type, lineage["issuer"], serial, 1)
    return note_row | {"identifier": identifier.text}


def find_unsettled_notes(node: NodeClient, named_rows: Sequence[NamedRow]) -> list[NamedRow]:
    """Return the rows with the note that each means: a note that it names itself, or the one open dispute of a certificate.

    Raises: SubmissionRefused where there is none, or several; NodeError.
    """
    note_rows, faults = list[NamedRow](), Faults()
    for named_row in named_rows:
        try:
            note_rows.append(named_row.with_identifier(_find_unsettled(node, named_row.row.identifier)))
        except MalformedInput as error:
            faults.add(named_row.row.row_number, "certificate-not-named", str(error))
    faults.refuse()
    return note_rows


def _find_unsettled(node: NodeClient, identifier: str) -> str:
    """Return the identifier of the note that is meant. Raises: MalformedInput, NodeError."""
    history = node.fetch_history(identifier)
    links = history["records"][0]["record"].get("links") or ()
    if any(link["rel"] in NOTE_RELATIONS for link in links):
        return identifier
    disputes = [
        note
        for note in history.get("notes") or ()
        if note["relation"] == DISPUTES and note["state"] in _UNSETTLED_STATES
    ]
    if len(disputes) != 1:
        raise MalformedInput("\n".join(_list_choices(identifier, disputes)))
    return disputes[0]["identifier"]


def _list_choices(identifier: str, disputes: Sequence[NoteJson]) -> list[str]:
    if not disputes:
        advice = "`shunzheng trace` lists its notes; name a note by its identifier"
        return [f"{identifier} has no open dispute 无未结异议 that is anchored: {advice}"]
    lines = [f"{identifier} has several open disputes: name the one that is meant by its identifier"]
    return lines + [f"  {note['identifier']}  {note['title']}" for note in disputes[:_MAX_LISTED]]
