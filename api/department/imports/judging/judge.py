"""A row of a table judged: what a record would state of it, and what stands against that.

Nothing is made up, and nothing is changed without being told. What may be meant and is rare waits for a person.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.files.sources import SourceRow
from api.department.imports.headings import Columns
from api.department.imports.judging.cells import CellReader, write_plain_code
from api.department.imports.judging.claims import judge_status, read_claim, say_oddities
from api.department.imports.judging.days import read_days
from api.department.imports.judging.finishing import finish_row, make_key
from api.department.imports.judging.holders import read_holders
from api.department.imports.judging.judged import SOURCE_STATE_PREFIX, EndingAct, JudgedRow
from api.department.imports.judging.numbers import suggest_number
from api.department.imports.judging.reading import RowReading
from api.department.imports.judging.types import (
    ISSUER_OF_THEN,
    read_issuer,
    read_issuer_of_then,
    read_type,
)
from api.department.imports.profiles import BASIS, ENDING_ACTS, STATUS, Profile
from api.department.imports.sorts import Consequence, Finding
from api.department.rows.days import NO_END
from ledger.catalogue.types import CertificateType
from ledger.encoding.canonical import Json

_DAY_MEMBERS: Final = {"ZZBFRQ": "issued", "ZZYXQQSRQ": "valid_from", "ZZYXQJZRQ": "valid_until"}
_CLAIMS_JUDGED_APART: Final = frozenset(
    {
        *_DAY_MEMBERS,
        "ZZBS",
        "ZZLXDM",
        "ZZBFJGDM",
        "CZZT",
        "CZZTDM",
        "CZZTDMLXDM",
        "CZZTDMLX",
        "ZZBH",
        STATUS,
        BASIS,
    }
)


class RowJudge:
    """Judges rows of one file as a profile says, as of a day; `issuer` is that of rows which name none."""

    def __init__(self, profile: Profile, columns: Columns, issuer: str, today: date) -> None:
        self._profile, self._today, self._issuer = profile, today, issuer or profile.issuer
        self._cell_reader, self._columns = CellReader(profile, columns), columns
        self._heading_count, self._targets = len(columns.headings), tuple(columns.cell_indices)
        self._patterns = {name: re.compile(pattern) for name, pattern in profile.patterns.items()}

    def judge(self, row: SourceRow) -> JudgedRow:
        """Return what a row comes to."""
        judged_row = JudgedRow(row, [])
        if fault := self._find_row_fault(row):
            judged_row.findings.append(Finding("columns", "", "", fault))
            return judged_row
        if row.is_hidden:
            judged_row.findings.append(
                Finding("hidden", "", "", "the file hides it 隐藏: show it, or delete it there")
            )
        texts = {**self._profile.constants, **self._cell_reader.read(row, judged_row.findings.append)}
        reading = RowReading(
            texts,
            self._profile,
            self._issuer,
            self._today,
            judged_row.findings,
            self._cell_reader.find_heading,
            self._columns.find_sheet(row),
        )
        claims = self._read_claims(reading, judged_row)
        if not judged_row.is_rejected:
            finish_row(reading, judged_row, claims)
        elif {
            finding.sort for finding in judged_row.findings if finding.consequence is Consequence.REJECT
        } == {"ended"}:
            _set_ending_act(reading, judged_row, claims)
        return judged_row

    def _find_row_fault(self, row: SourceRow) -> str:
        if row.fault:
            return row.fault
        if (
            not row.cell_kinds
            and len(row.cells) != self._heading_count
            and any(cell.strip() for cell in row.cells[self._heading_count :])
        ):
            return (
                f"it has {len(row.cells)} columns, and the headings {self._heading_count}: put text with "
                "commas between quotation marks"
            )
        if not row.cell_kinds and len(row.cells) < self._heading_count:
            return (
                f"it has {len(row.cells)} columns, and the headings {self._heading_count}: put text with line "
                "breaks between quotation marks"
            )
        return ""

    def _read_claims(self, reading: RowReading, judged_row: JudgedRow) -> dict[str, Json]:
        """Return the claims of a row, and set what else its record states."""
        texts = reading.texts
        row_type, judged_row.issuer = read_type(reading), read_issuer(reading)
        judged_row.type_code = row_type.code
        catalogue_type = get_catalogue().find_type(row_type.code)
        self._judge_number(reading, catalogue_type)
        fields = get_catalogue().map_claims(row_type.code)
        claims: dict[str, Json] = {"ZZMC": row_type.name} if row_type.name else {}
        claims |= {"ZZBH": texts.get("ZZBH", ""), "ZZLXDM": row_type.code, "ZZBFJGDM": judged_row.issuer}
        claims |= read_holders(reading, fields, catalogue_type)
        day_members = read_days(reading, catalogue_type)
        claims |= {
            name: str(day_members[member])
            for name, member in _DAY_MEMBERS.items()
            if member in day_members and day_members[member] != NO_END
        }
        for name, text in texts.items():
            if name not in _CLAIMS_JUDGED_APART:
                claims |= read_claim(reading, name, text, fields.get(name))
        if code_of_then := read_issuer_of_then(reading):
            claims[ISSUER_OF_THEN] = code_of_then
        judged_row.act = judge_status(reading, day_members.get("valid_until"))
        judged_row.basis = (
            texts.get(BASIS) or self._profile.basis or SOURCE_STATE_PREFIX + texts.get(STATUS, "")
        )
        if not judged_row.is_rejected:  # what comes back may lack a claim because its cell was no good
            _judge_required(reading, row_type.code, claims)
        judged_row.members = day_members
        judged_row.empty_claims = tuple(
            target for target in self._targets if target not in texts and target not in _CLAIMS_JUDGED_APART
        )
        if "ZZBS" in texts:
            judged_row.identifier = write_plain_code(texts["ZZBS"])
        return claims

    def _judge_number(self, reading: RowReading, catalogue_type: CertificateType | None) -> None:
        """Say whether a number is missing, or looks otherwise than the profile, or else the catalogue, has it."""
        number, pattern = reading.texts.get("ZZBH", ""), self._patterns.get("ZZBH")
        if not number:
            reading.say("missing", "ZZBH", "", "the number of the certificate 证照编号 is missing")
        else:
            say_oddities(reading, "ZZBH", number)
        if number and pattern:
            if not pattern.fullmatch(number):
                reading.say(
                    "number-pattern", "ZZBH", number, "the number has another form than the profile says"
                )
        elif number and catalogue_type and catalogue_type.number and not catalogue_type.number.fits(number):
            note = catalogue_type.number.note
            reading.say(
                "number-pattern",
                "ZZBH",
                number,
                f"numbers of {catalogue_type.name.zh} usually look otherwise{f': {note}' if note else ''}",
                suggest_number(number, catalogue_type.number),
            )


def _set_ending_act(reading: RowReading, judged_row: JudgedRow, claims: Mapping[str, Json]) -> None:
    """Say which act the source's word for the state means, where it means one."""
    word = reading.texts[STATUS]
    action = reading.profile.status[word]
    if action in ENDING_ACTS:
        judged_row.key = make_key(judged_row.type_code, claims)
        judged_row.ending_act = EndingAct(action, str(claims["ZZBH"]), word)


def _judge_required(reading: RowReading, type_code: str, claims: Mapping[str, Json]) -> None:
    """Say which claims such certificates state by the catalogue and this row does not, all in one finding."""
    missing_labels = [
        f"{field.label.zh} {field.name}"
        for field in get_catalogue().list_missing_claims(type_code, claims)
        if field.name not in _CLAIMS_JUDGED_APART
    ]
    if missing_labels:
        reading.findings.append(
            Finding("required", "", "", f"such certificates state {'、'.join(missing_labels)}: fill it in")
        )
