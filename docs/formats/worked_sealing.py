"""The worked example's seal and sealing: the records that `seals-and-signatures.md` shows."""

from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_date, parse_time
from ledger.records.claims import FullDisclosure, make_document_claim
from ledger.records.records import Link, Record
from ledger.records.seal_claims import DECLARED_TIME, HOLDER_CODE, MADE_WITH, SEAL_NAME, SIGNER_CODE
from ledger.records.seal_identifiers import SealingIdentifier

SEAL_FILE = b"the bytes of Seal.esl, for the example"
SEALED_FILE = "天门市示例商贸有限公司 营业执照\n".encode()


def make_blocks(issuer: str) -> dict[str, Json]:
    """Return the blocks of the page; the issuer of the story registers its own seal."""
    seal, seal_disclosure = _make_record("seal", issuer, 32, SEAL_FILE, "application/octet-stream", {
        "CZZT": "天门市示例局",
        HOLDER_CODE: issuer,
        "KZ_YZBM": "42900600000001",
        SEAL_NAME: "天门市示例局电子证照专用章",
    })  # fmt: skip
    sealing, sealing_disclosure = _make_record("signature", issuer, 64, SEALED_FILE, "text/plain; charset=utf-8", {
        SIGNER_CODE: issuer,
        DECLARED_TIME: "2022-03-28T07:59:00Z",
    }, Link(MADE_WITH, seal.hash_leaf()))  # fmt: skip
    return {
        "seal": seal.to_json(),
        "seal-claims": seal_disclosure.values,
        "signature-record": sealing.to_json(),
        "signature-claims": sealing_disclosure.values,
        "sealed-link": [{"rel": "sealed-by", "record": SM3.format(sealing.hash_leaf())}],
    }


def _make_record(
    kind: str, issuer: str, salt: int, content: bytes, media_type: str, values: dict[str, Json], *links: Link
) -> tuple[Record, FullDisclosure]:
    document = make_document_claim(SM3, content, media_type).to_json()
    disclosure = FullDisclosure(bytes([salt]) * 16, tuple(sorted({**values, "document/1": document}.items())))
    serial = "42900600000001" if kind == "seal" else "TM2022S00000001"
    record = Record(
        suite=SM3,
        kind=kind,
        action="issue",
        identifier=SealingIdentifier.build(kind, issuer, serial).text,
        issuer=issuer,
        time=parse_time("2022-03-28T08:00:00Z"),
        salt=bytes([salt + 1]) * 16,
        valid_from=parse_date("2022-01-01") if kind == "seal" else None,
        valid_until=parse_date("2026-12-31") if kind == "seal" else None,
        claims=disclosure.digest(SM3),
        links=links,
    )
    return record, disclosure
