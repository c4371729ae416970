"""What is drawn for a row, and what tells its certificate and its content apart."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

from api.department.imports.judging.judged import JudgedRow, digest_source_row, encode_source_row
from api.department.imports.judging.reading import RowReading
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical
from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.spellings import fold_spelling

#: The claim that names the row of which a record was made, by a salted digest: the journal of the import has the row.
SOURCE_ROW: Final = "KZ_YSHZY"
#: The claim that says that the source's last day is false, and the term not known.
UNKNOWN_TERM: Final = "KZ_QXSM"
UNKNOWN_TERM_TEXT: Final = "期限不详"
_SERIAL_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH: Final = 20  # as provinces' guides have it: random, never derived from a number of a person
_SALT_BYTES: Final = 16


def finish(reading: RowReading, judged: JudgedRow, claims: dict[str, Json]) -> None:
    """Draw what is drawn, and set what tells the certificate and its content apart."""
    assert judged.members is not None
    if any(finding.sort == "false-end" for finding in reading.findings):
        claims[UNKNOWN_TERM] = UNKNOWN_TERM_TEXT
    if not _set_identifier(reading, judged):
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
    _pack(judged, claims)


def _pack(judged: JudgedRow, claims: Mapping[str, Json]) -> None:
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


def _set_identifier(reading: RowReading, judged: JudgedRow) -> bool:
    """Take the identifier of the row, or draw one; tell whether it can be used."""
    if not judged.identifier:
        judged.identifier = draw_identifier(judged.type, judged.issuer)
        return True
    try:
        identifier = CertificateIdentifier.parse(judged.identifier, strict=False)
    except InvalidIdentifier as error:
        reading.say("identifier", "ZZBS", judged.identifier, str(error))
        return False
    if identifier.warnings:
        sort = "identifier-of-the-past" if reading.profile.backfill else "identifier"
        reading.say(sort, "ZZBS", judged.identifier, "; ".join(identifier.warnings))
        return reading.profile.backfill
    if (identifier.type, identifier.issuer) != (judged.type, judged.issuer):
        reading.say(
            "identifier",
            "ZZBS",
            judged.identifier,
            "it names another type or issuer than the row",
        )
        return False
    return True


def draw_identifier(type_code: str, issuer: str) -> str:
    """Return the identifier of a new certificate, whose serial is drawn. Raises: MalformedInput."""
    number, serial = secrets.randbelow(len(_SERIAL_CHARACTERS) ** _SERIAL_LENGTH), ""
    for _ in range(_SERIAL_LENGTH):
        number, place = divmod(number, len(_SERIAL_CHARACTERS))
        serial += _SERIAL_CHARACTERS[place]
    return CertificateIdentifier.build(type_code, issuer, serial, 1).text
