"""A row of a table judged: what a record would state of it, and what stands against that.

Nothing is made up, and nothing is changed without being told. What may be meant and is rare waits for a person.
"""

import re
from datetime import date
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.files.sources import SourceRow
from api.department.imports.headings import Columns
from api.department.imports.judging.cells import CellReader, write_plain_code
from api.department.imports.judging.claims import judge_status, read_claim
from api.department.imports.judging.days import read_days
from api.department.imports.judging.finishing import finish
from api.department.imports.judging.holders import read_holders
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.judging.reading import RowReading
from api.department.imports.judging.types import read_issuer, read_type
from api.department.imports.profiles import STATUS, Profile
from api.department.imports.sorts import Finding
from api.department.rows.days import NO_END
from ledger.encoding.canonical import Json

_DAYS: Final = {"ZZBFRQ": "issued", "ZZYXQQSRQ": "valid_from", "ZZYXQJZRQ": "valid_until"}
_FOLLOWING: Final = frozenset(
    {*_DAYS, "ZZBS", "ZZLXDM", "ZZBFJGDM", "CZZT", "CZZTDM", "CZZTDMLXDM", "CZZTDMLX", "ZZBH", STATUS}
)


class RowJudge:
    """Judges rows of one file as a profile says, as of a day; `issuer` is that of rows which name none."""

    def __init__(self, profile: Profile, columns: Columns, issuer: str, today: date) -> None:
        self._profile, self._today, self._issuer = profile, today, issuer or profile.issuer
        self._reader = CellReader(profile, columns)
        self._width, self._targets = len(columns.headings), tuple(columns.places)
        self._patterns = {name: re.compile(pattern) for name, pattern in profile.patterns.items()}

    def judge(self, row: SourceRow) -> JudgedRow:
        """Return what a row comes to."""
        judged = JudgedRow(row, [])
        if fault := self._find_row_fault(row):
            judged.findings.append(Finding("columns", "", "", fault))
            return judged
        texts = {**self._profile.constants, **self._reader.read(row, judged.findings.append)}
        reading = RowReading(
            texts, self._profile, self._issuer, self._today, judged.findings, self._reader.heading
        )
        claims = self._read_claims(reading, judged)
        if not judged.is_rejected:
            finish(reading, judged, claims)
        return judged

    def _find_row_fault(self, row: SourceRow) -> str:
        if row.fault:
            return row.fault
        if (
            not row.kinds
            and len(row.cells) != self._width
            and any(cell.strip() for cell in row.cells[self._width :])
        ):
            return (
                f"it has {len(row.cells)} columns, and the headings {self._width}: put text with "
                "commas between quotation marks"
            )
        if not row.kinds and len(row.cells) < self._width:
            return (
                f"it has {len(row.cells)} columns, and the headings {self._width}: put text with line "
                "breaks between quotation marks"
            )
        return ""

    def _read_claims(self, reading: RowReading, judged: JudgedRow) -> dict[str, Json]:
        """Return the claims of a row, and set what else its record states."""
        texts = reading.texts
        type_, judged.issuer = read_type(reading), read_issuer(reading)
        judged.type = type_.code
        self._judge_number(reading)
        catalogue_type = get_catalogue().find_type(type_.code)
        fields = get_catalogue().map_claims(type_.code)
        claims: dict[str, Json] = {"ZZMC": type_.name} if type_.name else {}
        claims |= {"ZZBH": texts.get("ZZBH", ""), "ZZLXDM": type_.code, "ZZBFJGDM": judged.issuer}
        claims |= read_holders(reading, fields, is_personal=bool(catalogue_type and catalogue_type.personal))
        days = read_days(reading)
        claims |= {
            name: str(days[member])
            for name, member in _DAYS.items()
            if member in days and days[member] != NO_END
        }
        for name, text in texts.items():
            if name not in _FOLLOWING:
                claims |= read_claim(reading, name, text, fields.get(name))
        judge_status(reading)
        judged.members = days
        judged.empty = tuple(
            target for target in self._targets if target not in texts and target not in _FOLLOWING
        )
        if "ZZBS" in texts:
            judged.identifier = write_plain_code(texts["ZZBS"])
        return claims

    def _judge_number(self, reading: RowReading) -> None:
        number, pattern = reading.texts.get("ZZBH", ""), self._patterns.get("ZZBH")
        if not number:
            reading.say("missing", "ZZBH", "", "the number of the certificate 证照编号 is missing")
        elif pattern and not pattern.fullmatch(number):
            reading.say("number-pattern", "ZZBH", number, "the number has another form than the profile says")
