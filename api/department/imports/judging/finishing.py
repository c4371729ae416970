"""What is drawn for a row, and what tells its certificate and its content apart."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.judging.judged import JudgedRow, digest_source_row, encode_source_row
from api.department.imports.judging.reading import RowReading
from ledger.catalogue.fields import SOURCE_ROW_CLAIM, UNKNOWN_TERM, UNKNOWN_TERM_CLAIM, VERSION_CLAIM
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.spellings import fold_spelling

_SERIAL_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH: Final = 20  # as provinces' guides have it: random, never derived from a number of a person
_SALT_BYTES: Final = 16
_IDENTIFIER_OF_THEN: Final = "KZ_YZZBS"  # 原证照标识


def finish_row(reading: RowReading, judged_row: JudgedRow, claims: dict[str, Json]) -> None:
    """Draw what is drawn, and set what tells the certificate and its content apart."""
    assert judged_row.members is not None
    if any(finding.sort == "false-end" for finding in reading.findings):
        claims[UNKNOWN_TERM_CLAIM] = UNKNOWN_TERM
    if not _set_identifier(reading, judged_row, claims):
        return
    judged_row.key = make_key(judged_row.type_code, claims)
    statement: dict[str, Json] = {"issuer": judged_row.issuer, **judged_row.members, "claims": claims}
    if judged_row.act:
        statement |= {"act": judged_row.act, "basis": judged_row.basis}
    judged_row.content_digest = hashlib.sha256(encode_canonical(statement)).digest()
    judged_row.salt, judged_row.encoded_row = (
        secrets.token_bytes(_SALT_BYTES),
        encode_source_row(judged_row.row),
    )
    source_digest = digest_source_row(judged_row.encoded_row, judged_row.salt)
    claims |= {
        "ZZBS": judged_row.identifier,
        SOURCE_ROW_CLAIM: source_digest,
        VERSION_CLAIM: get_catalogue().version,
    }
    judged_row.members |= {
        "kind": "licence",
        "action": "issue",
        "identifier": judged_row.identifier,
        "issuer": judged_row.issuer,
        "claims": claims,
        "empty": [*judged_row.empty_claims],
    }
    _pack(judged_row, claims)


def make_key(type_code: str, claims: Mapping[str, Json]) -> bytes:
    """Return what tells a certificate apart, of 16 bytes: its type, number and holder, however they are spelled."""
    holder_claim = claims.get("CZZTDM") or claims["CZZT"]
    holder_text = "、".join(map(str, holder_claim)) if isinstance(holder_claim, list) else str(holder_claim)
    key_text = "\x1f".join((type_code, fold_spelling(str(claims["ZZBH"])), fold_spelling(holder_text)))
    return hashlib.sha256(key_text.encode()).digest()[:16]


def _pack(judged_row: JudgedRow, claims: Mapping[str, Json]) -> None:
    """Set what the journal keeps, and what the whole file is judged by."""
    members = judged_row.members or {}
    judged_row.record_line = encode_canonical(members)
    judged_row.issued = str(members.get("issued", ""))
    judged_row.last_day = str(members["valid_until"]) if "valid_until" in members else None
    judged_row.is_valid_from_issue = members.get("valid_from") == members.get("issued")
    names_by_value: dict[str, str] = {}
    name_pairs = [
        (names_by_value.setdefault(value, name), name)
        for name, value in claims.items()
        if name.startswith("KZ_") and isinstance(value, str)
    ]
    judged_row.equal_claims = tuple(
        (first_name, name) for first_name, name in name_pairs if first_name != name
    )


def _set_identifier(reading: RowReading, judged_row: JudgedRow, claims: dict[str, Json]) -> bool:
    """Take the identifier of the row, or draw one; tell whether it can be used.

    One of an authority that was merged since is stated as a claim: who registers it now makes its own.
    """
    if not judged_row.identifier:
        judged_row.identifier = draw_identifier(judged_row.type_code, judged_row.issuer)
        return True
    try:
        identifier = CertificateIdentifier.parse(judged_row.identifier, strict=False)
    except InvalidIdentifier as error:
        reading.say("identifier", "ZZBS", judged_row.identifier, str(error))
        return False
    if reading.profile.backfill and identifier.issuer != judged_row.issuer:
        message = f"it names another issuer and is stated as {_IDENTIFIER_OF_THEN}; a new one is drawn"
        reading.say("identifier-of-then", "ZZBS", judged_row.identifier, message)
        claims[_IDENTIFIER_OF_THEN] = judged_row.identifier
        judged_row.identifier = draw_identifier(judged_row.type_code, judged_row.issuer)
        return True
    if identifier.warnings:
        sort = "identifier-of-the-past" if reading.profile.backfill else "identifier"
        reading.say(sort, "ZZBS", judged_row.identifier, "; ".join(identifier.warnings))
        return reading.profile.backfill
    if (identifier.type, identifier.issuer) != (judged_row.type_code, judged_row.issuer):
        reading.say(
            "identifier",
            "ZZBS",
            judged_row.identifier,
            "it names another type or issuer than the row",
        )
        return False
    return True


def draw_identifier(type_code: str, issuer: str) -> str:
    """Return the identifier of a new certificate, whose serial is drawn. Raises: MalformedInput."""
    drawn_number, serial = secrets.randbelow(len(_SERIAL_ALPHABET) ** _SERIAL_LENGTH), ""
    for _ in range(_SERIAL_LENGTH):
        drawn_number, index = divmod(drawn_number, len(_SERIAL_ALPHABET))
        serial += _SERIAL_ALPHABET[index]
    return CertificateIdentifier.build(type_code, issuer, serial, 1).text
