"""Input rows of seals and sealings (docs/formats/seals-and-signatures.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from anchoring.catalogue.chosen import get_catalogue
from anchoring.database.files import replace_file
from api.department.rows.oddities import RowWarning
from ledger.catalogue.types import CertificateType
from ledger.crypto.suites import SM3
from ledger.documents.certificates.certificates import decode_if_readable
from ledger.documents.seals.ses import Seal, decode_seal
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.fields import Fields
from ledger.encoding.times import find_civil_date, format_time
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.identifiers import check_credit_code
from ledger.records.seal_claims import (
    DECLARED_TIME,
    HOLDER_CODE,
    HOLDER_NAME,
    MADE_WITH,
    SEAL_CERTIFICATES,
    SEAL_FORM,
    SEAL_MAKER,
    SEAL_NAME,
    SEAL_NUMBER,
    SEALED_BY,
    SIGNER_CODE,
)
from ledger.records.seal_identifiers import SealingIdentifier

#: What is kept beside a seal once it is registered.
REGISTERED_SUFFIX: Final = ".registered.json"
_ELECTRONIC_FORM: Final = "电子印章"
_SEAL_PREFIX: Final = "seal."  # begins the identifier of a seal
_MAX_QUOTED: Final = 80
_SERIAL_DIGITS: Final = 24  # of the sealed document's digest: 96 bits


@dataclass(frozen=True, slots=True)
class RegisteredSeal:
    """Where a seal stands in the log: identifier, leaf hash (`sm3:…`) of its record, code of its holder."""

    identifier: str
    record_text: str
    holder_code: str

    @classmethod
    def read_beside(cls, seal_path: Path) -> Self | None:
        """Return what was kept beside a seal, None where nothing was. Raises: MalformedInput, OSError."""
        path = _name_registered_path(seal_path)
        if not path.exists():
            return None
        fields = Fields(decode(path.read_bytes()), path.name)
        registered_seal = cls(
            fields.take_text("identifier"), fields.take_text("record"), fields.take_text("holder")
        )
        fields.close()
        return registered_seal

    def write_beside(self, seal_path: Path) -> Path:
        """Write it beside the seal, over what was kept of an earlier registration."""
        path = _name_registered_path(seal_path)
        content = encode_canonical(
            {"identifier": self.identifier, "record": self.record_text, "holder": self.holder_code}
        )
        replace_file(path, [content])
        return path


def _name_registered_path(seal_path: Path) -> Path:
    return seal_path.with_name(seal_path.name + REGISTERED_SUFFIX)


def make_seal_row(
    seal_path: Path,
    issuer: str,
    holder_code: str,
    holder_name: str | None,
    other_claims: Mapping[str, Json] = MappingProxyType({}),
) -> dict[str, Json]:
    """Return the row that registers a seal; `other_claims` are those that its file does not say.

    Raises: MalformedInput, OSError.
    """
    check_credit_code(holder_code)
    seal = decode_seal(seal_path.read_bytes())
    claims: dict[str, Json] = {
        HOLDER_CODE: holder_code,
        SEAL_NAME: seal.name,
        SEAL_NUMBER: seal.identifier,
        SEAL_FORM: _ELECTRONIC_FORM,
        SEAL_CERTIFICATES: list_fingerprints(seal),
    }
    if holder_name:
        claims[HOLDER_NAME] = holder_name
    if maker_certificate := decode_if_readable(seal.maker_certificate):
        claims[SEAL_MAKER] = maker_certificate.name
    if seal_type := find_seal_type(seal.name):
        claims |= {"ZZMC": seal_type.name.zh, "ZZLXDM": seal_type.code}
    if repeated_names := claims.keys() & other_claims.keys():
        raise MalformedInput(
            f"{', '.join(sorted(repeated_names))} of --claims are what the seal's file and the options say: take them out"
        )
    claims |= other_claims
    day_members: dict[str, Json] = {
        name: find_civil_date(moment).isoformat()
        for name, moment in (("valid_from", seal.valid_from), ("valid_until", seal.valid_until))
        if moment is not None
    }
    return {
        "kind": "seal",
        "action": "issue",
        "identifier": SealingIdentifier.build("seal", issuer, seal.identifier).text,
        "issuer": issuer,
        "claims": claims,
        "documents": [str(seal_path.resolve())],
        **day_members,
    }


def find_missing_claims(row: Mapping[str, Json], row_number: int) -> Iterator[RowWarning]:
    """Yield a warning where the row of a seal does not state what seals of its kind must state by the catalogue."""
    claims = row["claims"]
    assert isinstance(claims, dict)
    fields = get_catalogue().list_missing_claims(str(claims.get("ZZLXDM", "")), claims)
    if fields:
        labels_text = "、".join(f"{field.label.zh} {field.name}" for field in fields)
        yield RowWarning(
            row_number, "required", f"{claims['ZZMC']} state {labels_text}: give it with --claims"
        )


def list_fingerprints(seal: Seal) -> list[Json]:
    """Return the SM3 digests of the certificates that may use a seal. Raises: MalformedInput for other digests."""
    if any(algorithm.upper() != "SM3" for algorithm, _ in seal.user_digests):
        raise MalformedInput("the seal lists its certificates by other digests than SM3")
    digests = [SM3.hash(certificate) for certificate in seal.user_certificates]
    return [SM3.format(digest) for digest in (*digests, *(digest for _, digest in seal.user_digests))]


def check_seal(identifier: str, advice: str) -> None:
    """Check that an identifier is that of a seal. Raises: InvalidIdentifier, with `advice` on what to do instead."""
    if not identifier.startswith(_SEAL_PREFIX):
        raise InvalidIdentifier(
            f"{identifier[:_MAX_QUOTED]!r} is no seal, whose identifier begins with `{_SEAL_PREFIX}`: {advice}"
        )
    SealingIdentifier.parse(identifier)


def find_seal_type(seal_name: str) -> CertificateType | None:
    """Return the type in the catalogue with whose name the name of a seal ends, as 天门市示例公司财务专用章 does."""
    return next(
        (
            seal_type
            for seal_type in get_catalogue().seals
            if seal_name.endswith((seal_type.name.zh, *seal_type.aliases))
        ),
        None,
    )


def make_sealing_row(
    registered_seal: RegisteredSeal, document_path: Path, sealed_at: int, issuer: str | None = None
) -> dict[str, Json]:
    """Return the row that registers the sealing of a document, as of `sealed_at` in seconds since 1970.

    The issuer is that of the seal, unless another body registers what its holder seals.
    """
    issuer = issuer or SealingIdentifier.parse(registered_seal.identifier).issuer
    serial = SM3.hash(document_path.read_bytes()).hex()[:_SERIAL_DIGITS].upper()
    return {
        "kind": "signature",
        "action": "issue",
        "identifier": SealingIdentifier.build("signature", issuer, serial).text,
        "issuer": issuer,
        "claims": {SIGNER_CODE: registered_seal.holder_code, DECLARED_TIME: format_time(sealed_at)},
        "documents": [str(document_path.resolve())],
        "links": [{"rel": MADE_WITH, "record": registered_seal.record_text}],
    }


def add_sealing(certificate_row: Mapping[str, Json], sealing_row: Mapping[str, Json]) -> dict[str, Json]:
    """Return the row of a certificate with the document that was sealed, and the link to its sealing."""
    items_by_member = {name: certificate_row.get(name, []) for name in ("documents", "links")}
    link: Json = {"rel": SEALED_BY, "identifier": sealing_row["identifier"]}
    added_items: dict[str, list[Json]] = {
        "documents": [*_check_array(sealing_row["documents"])],
        "links": [link],
    }
    return dict(certificate_row) | {
        name: [*_check_array(items), *added_items[name]] for name, items in items_by_member.items()
    }


def _check_array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise MalformedInput("`documents` and `links` of a row are arrays")
    return value
