"""A row of a table judged: what a record would state of it, and what stands against that.

Nothing is made up, and nothing is changed without being told. What may be meant and is rare waits for a person.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.cells import CellReader, is_ordinary, write_plain_code
from api.department.imports.days import ReadDay, read_day
from api.department.imports.files.sources import SourceRow
from api.department.imports.headings import Columns
from api.department.imports.holders import (
    fold_code,
    guess_type,
    judge_code,
    split_holders,
)
from api.department.imports.profiles import STATUS, Profile
from api.department.imports.sorts import Consequence, Finding
from api.department.imports.types import RowType, find_type
from api.department.rows.days import NO_END
from api.department.rows.forms import put_in_form
from api.department.rows.oddities import find_text_oddities
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical
from ledger.errors import InvalidIdentifier
from ledger.records.characters import find_name_fault
from ledger.records.identifiers import CertificateIdentifier, find_credit_code_fault
from ledger.records.spellings import fold_spelling

#: The claim that names the row of which a record was made, by a salted digest: the journal of the import has the row.
SOURCE_ROW: Final = "KZ_YSHZY"
#: The claim that says that the source's last day is false, and the term not known.
UNKNOWN_TERM: Final = "KZ_QXSM"
UNKNOWN_TERM_TEXT: Final = "期限不详"
_DAYS: Final = {"ZZBFRQ": "issued", "ZZYXQQSRQ": "valid_from", "ZZYXQJZRQ": "valid_until"}
_FOLLOWING: Final = frozenset(
    {*_DAYS, "ZZBS", "ZZLXDM", "ZZBFJGDM", "CZZT", "CZZTDM", "CZZTDMLXDM", "CZZTDMLX", "ZZBH", STATUS}
)
_SERIAL_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH: Final = 20  # as provinces' guides have it: random, never derived from a number of a person
#: How findings of a text's oddities are called here; the others are found where cells are read.
_ODDITY_SORTS: Final = {
    "blanks": "blanks", "full-width": "full-width", "placeholder": "placeholder", "spreadsheet": "spreadsheet",
}  # fmt: skip
_SALT_BYTES: Final = 16


@dataclass(slots=True)
class JudgedRow:
    """A row with its findings; where none rejects it, the line to sign, and what tells its certificate and content apart.

    `key` is of 16 bytes: type, folded number and holder. `content` is of 32: all that is stated but what is drawn.
    `empty` are the claims that the table has columns for and the row does not state; `line` and `source` are the record and
    the row as the journal keeps them, `equal_claims` pairs of claims that say the same.
    """

    row: SourceRow
    findings: list[Finding]
    type: str = ""
    identifier: str = ""
    issuer: str = ""
    key: bytes = b""
    content: bytes = b""
    members: "dict[str, Json] | None" = None
    salt: bytes = b""
    empty: tuple[str, ...] = ()
    line: bytes = b""
    source: bytes = b""
    end: str | None = None
    is_valid_from_issue: bool = False
    equal_claims: tuple[tuple[str, str], ...] = ()

    @property
    def is_rejected(self) -> bool:
        return any(finding.consequence is Consequence.REJECT for finding in self.findings)


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
        texts = self._reader.read(row, judged.findings.append)
        texts = {**self._profile.constants, **texts}
        claims = self._read_claims(row, texts, judged)
        if judged.members is not None and not judged.is_rejected:
            self._finish(judged, claims)
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

    def _read_claims(self, row: SourceRow, texts: Mapping[str, str], judged: JudgedRow) -> dict[str, Json]:
        """Return the claims of a row, and set what else its record states."""
        type_ = self._read_type(texts, judged)
        issuer = self._read_issuer(texts, judged)
        number = texts.get("ZZBH", "")
        if not number:
            self._say(judged, "missing", "ZZBH", "", "the number of the certificate 证照编号 is missing")
        elif (pattern := self._patterns.get("ZZBH")) and not pattern.fullmatch(number):
            self._say(
                judged, "number-pattern", "ZZBH", number, "the number has another form than the profile says"
            )
        catalogue_type = get_catalogue().find_type(type_.code)
        fields = get_catalogue().map_claims(type_.code)
        claims: dict[str, Json] = {"ZZMC": type_.name} if type_.name else {}
        claims |= {"ZZBH": number, "ZZLXDM": type_.code, "ZZBFJGDM": issuer}
        claims |= self._read_holders(
            texts, fields, judged, is_personal=bool(catalogue_type and catalogue_type.personal)
        )
        days = self._read_days(row, texts, judged)
        claims |= {
            name: str(days[member])
            for name, member in _DAYS.items()
            if member in days and days[member] != NO_END
        }
        for name, text in texts.items():
            if name not in _FOLLOWING:
                claims |= self._read_other(name, text, fields.get(name), judged)
        self._judge_status(texts, judged)
        judged.type, judged.issuer = type_.code, issuer
        judged.members = {**days}
        judged.empty = tuple(
            target for target in self._targets if target not in texts and target not in _FOLLOWING
        )
        if "ZZBS" in texts:
            judged.identifier = write_plain_code(texts["ZZBS"])
        return claims

    def _say(
        self, judged: JudgedRow, sort: str, target: str, value: str, message: str, suggestion: str = ""
    ) -> None:
        judged.findings.append(Finding(sort, self._reader.heading(target), value, message, suggestion))

    # -- Type and issuer --

    def _read_type(self, texts: Mapping[str, str], judged: JudgedRow) -> RowType:
        code = fold_code(texts.get("ZZLXDM", ""))
        name = texts.get("ZZMC", "")
        if not code and self._profile.type:
            code = (
                self._profile.type
                if get_catalogue().find_type(self._profile.type)
                else find_type("", self._profile.type).code
            )
        if not code and not name:
            self._say(
                judged,
                "missing",
                "ZZMC",
                "",
                "neither name nor code of the type of certificate is there: give `type` in the profile",
            )
            return RowType("")
        type_ = find_type(code, name)
        if type_.sort:
            target = "ZZLXDM" if code else "ZZMC"
            self._say(judged, type_.sort, target, code or name, type_.message, type_.suggestion)
        return RowType(type_.code, name or type_.name)

    def _read_issuer(self, texts: Mapping[str, str], judged: JudgedRow) -> str:
        issuer = fold_code(texts.get("ZZBFJGDM", "")) or self._issuer
        if not issuer:
            self._say(
                judged, "missing", "ZZBFJGDM", "", "the credit code of the issuer is missing: give --issuer"
            )
        elif fault := _find_issuer_fault(issuer):
            self._say(judged, "issuer-code", "ZZBFJGDM", issuer, fault, self._issuer)
        return issuer

    # -- Holders --

    def _read_holders(
        self,
        texts: Mapping[str, str],
        fields: Mapping[str, ClaimField],
        judged: JudgedRow,
        *,
        is_personal: bool,
    ) -> dict[str, Json]:
        name_text, code_text = texts.get("CZZT", ""), texts.get("CZZTDM", "")
        if not name_text:
            self._say(judged, "missing", "CZZT", "", "the holder 持证主体 is missing")
            return {}
        names, codes = [name_text], [code_text] if code_text else []
        if (field := fields.get("CZZT")) is not None and field.repeatable:
            names = split_holders(name_text, self._profile.holder_separators)
            codes = split_holders(code_text, self._profile.holder_separators)
            if codes and len(codes) != len(names):
                self._say(
                    judged,
                    "holders",
                    "CZZTDM",
                    code_text,
                    f"there are {len(names)} holders and {len(codes)} codes",
                )
                return {}
        claims: dict[str, Json] = {
            "CZZT": put_in_form(names[0], None, field) if len(names) == 1 else [*names]
        }
        if not codes:
            self._say(judged, "no-holder-code", "CZZTDM", "", "the holder has no code 持证主体代码")
            return claims
        kind = self._read_holder_type(texts, judged)
        plain_codes = [self._read_code(code, kind, judged, is_personal=is_personal) for code in codes]
        kinds = [kind or guess_type(code) for code in plain_codes]
        for name, values in (("CZZTDM", plain_codes), ("CZZTDMLXDM", kinds)):
            claims[name] = [*values] if len(values) > 1 else put_in_form(values[0], None, fields.get(name))
        labels = [get_catalogue().conventions.holder_codes.get(kind, "") for kind in kinds]
        claims["CZZTDMLX"] = (
            [*labels] if len(labels) > 1 else put_in_form(labels[0], None, fields.get("CZZTDMLX"))
        )
        return claims

    def _read_holder_type(self, texts: Mapping[str, str], judged: JudgedRow) -> str:
        text = texts.get("CZZTDMLXDM") or texts.get("CZZTDMLX", "")
        if not text or text in get_catalogue().conventions.holder_codes:
            return text
        mapped = self._profile.holder_types.get(text)
        if mapped:
            self._say(judged, "holder-type-map", "CZZTDMLXDM", text, f"{text[:20]} is {mapped}", mapped)
            return mapped
        if text.zfill(3) in get_catalogue().conventions.holder_codes:
            self._say(
                judged,
                "lost-zeros",
                "CZZTDMLXDM",
                text,
                "zeros at its beginning are missing, which Excel takes away",
                text.zfill(3),
            )
        else:
            self._say(
                judged,
                "holder-type-word",
                "CZZTDMLXDM",
                text,
                "the profile does not say what it means: add it to [holder_types]",
            )
        return ""

    def _read_code(self, text: str, kind: str, judged: JudgedRow, *, is_personal: bool) -> str:
        code = fold_code(text)
        if code != text:
            self._say(
                judged,
                "code-width",
                "CZZTDM",
                text,
                "full-width characters, blanks and small letters are written plainly",
                code,
            )
        for sort, message, suggestion in judge_code(code, kind, is_personal=is_personal):
            self._say(judged, sort, "CZZTDM", text, message, suggestion)
        return code

    # -- Days --

    def _read_days(self, row: SourceRow, texts: Mapping[str, str], judged: JudgedRow) -> dict[str, Json]:
        days: dict[str, Json] = {}
        issued = self._read_first_day("ZZBFRQ", texts, judged)
        if issued is None and not any(f.sort in ("date", "never-date") for f in judged.findings):
            self._say(judged, "missing", "ZZBFRQ", "", "the day of issue 颁发日期 is missing")
        if issued and issued > self._today:
            self._say(judged, "future", "ZZBFRQ", texts["ZZBFRQ"], "the day of issue lies in the future")
        start = self._read_first_day("ZZYXQQSRQ", texts, judged)
        end = self._read_last_day(texts, judged)
        if isinstance(end, date) and (first := start or issued) and end < first:
            self._say(
                judged,
                "end-before-start",
                "ZZYXQJZRQ",
                texts["ZZYXQJZRQ"],
                "the last day lies before the first",
            )
        for member, day in (("issued", issued), ("valid_from", start), ("valid_until", end)):
            if day is not None:
                days[member] = day if isinstance(day, str) else day.isoformat()
        return days

    def _read_first_day(self, target: str, texts: Mapping[str, str], judged: JudgedRow) -> date | None:
        text = texts.get(target, "")
        if not text:
            return None
        reading = self._read_day(target, text, judged)
        if reading.day is None:
            return None
        if reading.day.isoformat() in self._profile.never_dates:
            sort = "never-date" if target == "ZZBFRQ" else "no-date"
            self._say(judged, sort, target, text, "it stands for a day that is not known")
            return None
        return reading.day

    def _read_day(self, target: str, text: str, judged: JudgedRow) -> ReadDay:
        if text.startswith(("0000", "0001")):
            reading = ReadDay(
                None,
                "never-date" if target == "ZZBFRQ" else "no-date",
                "it stands for a day that is not known",
            )
        else:
            reading = read_day(text)
        if reading.sort:
            suggestion = reading.day.isoformat() if reading.day else reading.suggestion
            message = reading.message or f"it is read as {suggestion}"
            self._say(judged, reading.sort, target, text, message, suggestion)
        return reading

    def _read_last_day(self, texts: Mapping[str, str], judged: JudgedRow) -> date | str | None:
        text = texts.get("ZZYXQJZRQ", "")
        if not text:
            if self._profile.empty_end == "endless":
                return NO_END
            sort = "empty-end" if self._profile.empty_end == "ask" else "false-end"
            self._say(
                judged,
                sort,
                "ZZYXQJZRQ",
                "",
                "the last day is empty: 长期, or not known? Say `empty_end` in the profile",
                NO_END,
            )
            return NO_END
        if text in self._profile.endless:
            if text != NO_END:
                self._say(judged, "endless", "ZZYXQJZRQ", text, "it says that there is no end", NO_END)
            return NO_END
        reading = read_day(text)
        day_text = reading.day.isoformat() if reading.day else ""
        if day_text in self._profile.false_ends:
            self._say(
                judged,
                "false-end",
                "ZZYXQJZRQ",
                text,
                "it stands for a last day that is not known: look it up; it is never registered as 长期",
            )
            return reading.day
        if day_text in self._profile.endless:
            self._say(judged, "endless", "ZZYXQJZRQ", text, "it says that there is no end", NO_END)
            return NO_END
        if day_text in self._profile.never_dates:
            self._say(judged, "never-date", "ZZYXQJZRQ", text, "it stands for a day that is not known")
            return None
        return self._read_day("ZZYXQJZRQ", text, judged).day

    # -- Everything else --

    def _read_other(
        self, name: str, text: str, field: ClaimField | None, judged: JudgedRow
    ) -> dict[str, Json]:
        if fault := find_name_fault(name):
            self._say(judged, "claim", name, text, f"the name of the claim {fault}")
            return {}
        kind = self._profile.kinds.get(name, "")
        if kind == "date" or (field is not None and field.form is Form.DATE):
            day = self._read_first_day(name, {name: text}, judged)
            return {name: day.isoformat()} if day else {}
        if kind == "division":
            return {name: self._read_division(name, text, judged)}
        if kind == "code":
            code = write_plain_code(text)
            if code != text:
                self._say(
                    judged,
                    "code-width",
                    name,
                    text,
                    "full-width characters and blanks are written plainly",
                    code,
                )
            text = code
        value = put_in_form(text, None, field)
        if field is not None and field.form is Form.INTEGER and not isinstance(value, int):
            self._say(judged, "not-a-number", name, text, "the catalogue has a whole number here")
        for oddity in find_text_oddities(name, text) if not is_ordinary(text) else ():
            if sort := _ODDITY_SORTS.get(oddity.name):
                self._say(judged, sort, name, text, _strip_value(oddity.message))
        return {name: value}

    def _read_division(self, name: str, text: str, judged: JudgedRow) -> str:
        code = write_plain_code(text)
        if len(code) in (9, 12) and code.isdecimal() and not code[6:].strip("0"):
            self._say(
                judged, "division", name, text, "the zeros behind the six digits are taken away", code[:6]
            )
            return code[:6]
        return code

    def _judge_status(self, texts: Mapping[str, str], judged: JudgedRow) -> None:
        word = texts.get(STATUS, "")
        if not word:
            return
        meaning = self._profile.status.get(word)
        if meaning is None:
            self._say(
                judged,
                "status-word",
                STATUS,
                word,
                "the profile does not say whether this state is current: add it to [status]",
            )
        elif meaning == "ended":
            self._say(
                judged, "ended", STATUS, word,
                "its source calls it ended: it is not registered as living. `shunzheng cancel`, `revoke` "
                "or `withdraw` ends one "
                "that is registered; this row waits here and is not dropped",
            )  # fmt: skip

    def _finish(self, judged: JudgedRow, claims: dict[str, Json]) -> None:
        """Draw what is drawn, and set what tells the certificate and its content apart."""
        assert judged.members is not None
        if any(finding.sort == "false-end" for finding in judged.findings):
            claims[UNKNOWN_TERM] = UNKNOWN_TERM_TEXT
        if not self._set_identifier(judged):
            return
        holder = claims.get("CZZTDM") or claims["CZZT"]
        holder_text = "、".join(map(str, holder)) if isinstance(holder, list) else str(holder)
        key_text = "\x1f".join((judged.type, fold_spelling(str(claims["ZZBH"])), fold_spelling(holder_text)))
        judged.key = hashlib.sha256(key_text.encode()).digest()[:16]
        statement: dict[str, Json] = {"issuer": judged.issuer, **judged.members, "claims": claims}
        judged.content = hashlib.sha256(canonical(statement)).digest()
        judged.salt = secrets.token_bytes(_SALT_BYTES)
        claims |= {"ZZBS": judged.identifier, SOURCE_ROW: digest_source_row(judged.row, judged.salt)}
        judged.members |= {
            "kind": "licence",
            "action": "issue",
            "identifier": judged.identifier,
            "issuer": judged.issuer,
            "claims": claims,
            "empty": [*judged.empty],
        }
        self._pack(judged, claims)

    def _pack(self, judged: JudgedRow, claims: Mapping[str, Json]) -> None:
        """Set what the journal keeps, and what the whole file is judged by."""
        members = judged.members or {}
        judged.line, judged.source = canonical(members), encode_source_row(judged.row)
        judged.end = str(members["valid_until"]) if "valid_until" in members else None
        judged.is_valid_from_issue = members.get("valid_from") == members.get("issued")
        names_by_value: dict[str, str] = {}
        pairs = [
            (names_by_value.setdefault(value, name), name)
            for name, value in claims.items()
            if name.startswith("KZ_") and isinstance(value, str)
        ]
        judged.equal_claims = tuple((first, name) for first, name in pairs if first != name)

    def _set_identifier(self, judged: JudgedRow) -> bool:
        """Take the identifier of the row, or draw one; tell whether it can be used."""
        if not judged.identifier:
            judged.identifier = draw_identifier(judged.type, judged.issuer)
            return True
        try:
            identifier = CertificateIdentifier.parse(judged.identifier, strict=False)
        except InvalidIdentifier as error:
            self._say(judged, "identifier", "ZZBS", judged.identifier, str(error))
            return False
        if identifier.warnings:
            sort = "identifier-of-the-past" if self._profile.backfill else "identifier"
            self._say(judged, sort, "ZZBS", judged.identifier, "; ".join(identifier.warnings))
            return self._profile.backfill
        if (identifier.type, identifier.issuer) != (judged.type, judged.issuer):
            self._say(
                judged,
                "identifier",
                "ZZBS",
                judged.identifier,
                "it names another type or issuer than the row",
            )
            return False
        return True


def digest_source_row(row: SourceRow, salt: bytes) -> str:
    """Return the digest of a row as it was read, under a salt: by guessing cells nobody finds them from it."""
    return "sha256:" + hashlib.sha256(salt + encode_source_row(row)).hexdigest()


def encode_source_row(row: SourceRow) -> bytes:
    """Return a row as it was read, as canonical JSON: sheet, line and cells."""
    return canonical([row.sheet, row.line, [*row.cells]])


def draw_identifier(type_code: str, issuer: str) -> str:
    """Return the identifier of a new certificate, whose serial is drawn. Raises: MalformedInput."""
    number, serial = secrets.randbelow(len(_SERIAL_CHARACTERS) ** _SERIAL_LENGTH), ""
    for _ in range(_SERIAL_LENGTH):
        number, place = divmod(number, len(_SERIAL_CHARACTERS))
        serial += _SERIAL_CHARACTERS[place]
    return CertificateIdentifier.build(type_code, issuer, serial, 1).text


@lru_cache(maxsize=1024)
def _find_issuer_fault(issuer: str) -> str:
    if not issuer.strip("0X"):
        return "it is a placeholder 占位代码: give the issuer's own credit code"
    fault = find_credit_code_fault(issuer)
    return f"it is no credit code 统一社会信用代码: {fault}" if fault else ""


def _strip_value(message: str) -> str:
    """Return what an oddity says without the value that it repeats: a finding has that apart."""
    return message.rpartition("”")[2].lstrip(" ,:") or message
