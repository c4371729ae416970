"""Tianmen, where licences of all errands are registered, and Wuhan, which verifies them.

One table of licences, one submission of seals for each holder, one submission of what the errands produce.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from openpyxl import Workbook

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.judging.finishing import draw_identifier
from api.department.seals import RegisteredSeal
from api.department.trial import TRUST_FILE, open_trial, read_holder
from api.key_files import open_key
from examples.renderings import render_ofd, render_pdf
from ledger.catalogue.errands import Errand
from ledger.catalogue.types import CertificateType
from ledger.crypto.keys import generate_key
from ledger.documents.ofd.sealing import sign_document
from ledger.documents.pdf.signing import sign_pdf
from ledger.encoding.canonical import Json
from ledger.proof.proof import Proof, decode_proof
from tests.fakes.department import ISSUER
from tests.unit.api.city import draws
from tests.unit.api.department.errands.tables import Holder, make_body, make_person, make_row
from tests.unit.api.department.importing import ImportDesk

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

NODE: Final = ("--node", "http://tianmen.example")
#: The company whose own seals stand beside those of the department.
COMPANY: Final = make_body(900)
_OFFICE_SEALS: Final = ("seal-approval", "seal-acceptance", "seal-archive", "seal-license")
_TERM: Final = ("--valid-from", "2026-01-01", "--valid-until", "2030-12-31")
_TITLE_CHARS: Final = 31  # of the name of a sheet
_DAY: Final = timedelta(days=1)


@dataclass
class Case:
    """An errand that somebody runs: whose it is, its licences by type, and the document that was signed and sealed.

    `stages` are the document after each seal, with the row of that sealing.
    """

    errand: Errand
    person: Holder
    body: Holder
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    stages: list[tuple[str, bytes, str]] = field(default_factory=list)
    application: bytes | None = None
    result: str = ""

    @property
    def needed(self) -> list[CertificateType]:
        types = (get_catalogue().types[need.type] for need in self.errand.needs if need.type)
        return [type_ for type_ in types if type_.kind == "certificate"]

    @property
    def produced(self) -> list[CertificateType]:
        types = (get_catalogue().types[key] for key in self.errand.produces)
        return [type_ for type_ in types if type_.kind == "certificate"]

    @property
    def seals(self) -> list[str]:
        """The seals on what the errand produces: those that it names, and the department's own on a licence or receipt."""
        own = "seal-license" if self.produced else "seal-acceptance"
        return [*self.errand.seals, *([own] if self.produced or not self.errand.seals else [])]

    @property
    def results(self) -> list[tuple[str, list[bytes]]]:
        """What is to be verified: the licence with its documents, or, where only paper comes of it, each sealing."""
        if not self.produced:
            return [(identifier, [document]) for _, document, identifier in self.stages]
        return [(self.result, [*([self.application] if self.application else []), self.stages[-1][1]])]

    def holders(self, type_: CertificateType) -> list[Holder]:
        if type_.joint and "person" in type_.holders:
            return [self.person, make_person(self.person.number + 400)]
        return [self.person if type_.is_personal else self.body]


class World:
    """A desk in Tianmen that registers what the errands need and produce, and the node of Wuhan."""

    def __init__(self, desk: ImportDesk, folder: Path) -> None:
        self.desk, self.folder = desk, folder
        self.cases = {
            errand.id: Case(errand, make_person(number), make_body(number))
            for number, errand in enumerate(get_catalogue().errands.values(), 1)
        }
        self.seals: dict[str, RegisteredSeal] = {}
        open_trial(folder / "trial", desk.city.now)
        self.authority = read_holder(
            folder / "trial/authority.crt", open_key(folder / "trial/authority.pem", None)
        )
        self.pdf_authority = _PdfAuthority(datetime.fromtimestamp(desk.city.now, UTC))

    @property
    def trust(self) -> bytes:
        """Whose seals and signatures Wuhan accepts, in PEM."""
        return (self.folder / "trial" / TRUST_FILE).read_bytes() + self.pdf_authority.pem

    def register(self) -> None:
        """Import every licence, make and register every seal, and register what is signed and sealed."""
        self._import()
        self._make_seals("office", "天门市示例局", ISSUER, _OFFICE_SEALS)
        own = [seal.id for seal in get_catalogue().seals if seal.seal and seal.seal.free]
        self._make_seals("company", COMPANY.name, COMPANY.code, own)
        self._produce()

    def _import(self) -> None:
        """Import one workbook with a sheet for each type and a row for each licence of an errand."""
        rows: dict[str, list[dict[str, str]]] = {}
        for case in self.cases.values():
            for type_ in dict.fromkeys([*case.needed, *case.produced[1:]]):
                case.cells[type_.id] = make_row(type_, case.holders(type_))
                rows.setdefault(type_.id, []).append(case.cells[type_.id])
        write_workbook(self.folder / "licences.xlsx", rows)
        assert self.desk.run_import("licences.xlsx", "--sheet", "*") == 0
        self.desk.city.anchor()
        assert self.desk.run_import("licences.xlsx", "--sheet", "*", "--proofs", "proofs") == 0
        proofs = [decode_proof(path.read_bytes()) for path in (self.folder / "proofs").iterdir()]
        by_number = {
            (values["ZZLXDM"], values["ZZBH"]): proof for proof in proofs for values in [_values(proof)]
        }
        for case in self.cases.values():
            for key, cells in case.cells.items():
                case.proofs[key] = by_number[cells["ZZLXDM"], cells["ZZBH"]]

    def _make_seals(self, name: str, holder_name: str, code: str, kinds: Iterable[str]) -> None:
        """Make the seals of a holder and register them in one submission."""
        files = []
        for kind in kinds:
            files.append(f"{kind}.esl")
            number = f"{len(self.seals) + len(files):014d}"
            made = (
                "--number",
                number,
                "--name",
                self.name_seal(kind),
                *_TERM,
                "--trial",
                "trial",
                "-o",
                files[-1],
            )
            assert self.desk.run("seal", "make", *made) == 0
        (self.folder / "claims.json").write_text(json.dumps({"KZ_FDDBR": "张示例"}), "utf-8")
        holder = ("--holder", code, "--holder-name", holder_name, "--claims", "claims.json")
        assert (
            self.desk.run("seal", "register", *files, *holder, "--issuer", ISSUER, "--key", "key.pem", *NODE)
            == 0
        )
        self.desk.city.anchor()
        for kind in kinds:
            seal = RegisteredSeal.read_beside(self.folder / f"{kind}.esl")
            assert seal
            self.seals[kind] = seal

    def _produce(self) -> None:
        """Sign and seal the document of every errand, and register the sealings with the licence that they are on."""
        rows: list[dict[str, Json]] = []
        for case in self.cases.values():
            rows += self.sign_and_seal(case, case.seals)
        self.submit(rows)

    def submit(self, rows: Sequence[dict[str, Json]]) -> None:
        path = self.folder / "rows.ndjson"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        assert self.desk.run("submit", path, "--key", "key.pem", *NODE) == 0
        self.desk.city.anchor()

    def list_seals(self, case: Case) -> list[str]:
        """Return the seals that an errand needs or produces as certificates of their own."""
        keys = [*(need.type for need in case.errand.needs if need.type), *case.errand.produces]
        return [key for key in keys if get_catalogue().types[key].kind == "seal"]

    def name_seal(self, seal: str) -> str:
        holder = "天门市示例局" if seal in _OFFICE_SEALS else COMPANY.name
        return holder + get_catalogue().types[seal].name.zh

    def read_seal(self, seal: str) -> bytes:
        return (self.folder / f"{seal}.esl").read_bytes()

    def prove_seal(self, seal: str) -> Proof:
        return self.desk.city.proof(self.seals[seal].identifier)

    def sign_and_seal(self, case: Case, seals: Sequence[str]) -> list[dict[str, Json]]:
        """Sign the document of an errand, seal it in turn, and return the rows that register it."""
        content = render_ofd(
            case.errand.title.zh, [("办理人", case.person.name), ("统一社会信用代码", case.body.code)]
        )
        for signature in case.errand.signatures:
            signer = self.authority.issue(
                signature, generate_key("sm2", draws(signature)), serial=len(signature) + 10,
                not_before=self.desk.city.now - 10, not_after=self.desk.city.now + 86_400,
            )  # fmt: skip
            content = sign_document(content, signer, self.desk.city.now)
        (self.folder / "document.ofd").write_bytes(content)
        licence = self._make_licence(case) if case.produced else None
        rows: list[dict[str, Json]] = []
        source = "document.ofd"
        for number, seal in enumerate(seals):
            target = f"{case.errand.id}-{number}.ofd"
            sealing, licence = self._apply(seal, source, target, licence)
            rows.append(sealing)
            case.stages.append((seal, (self.folder / target).read_bytes(), str(sealing["identifier"])))
            source = target
        return [*rows, *([licence] if licence else [])]

    def _apply(
        self, seal: str, source: str, target: str, licence: dict[str, Json] | None
    ) -> tuple[dict[str, Json], dict[str, Json] | None]:
        signer = ("--certificate", "trial/signer.crt", "--key", "trial/signer.pem")
        options = ["--seal", f"{seal}.esl", *signer, "-o", target, "--rows", "sealed.ndjson"]
        if licence:
            (self.folder / "licence.json").write_text(json.dumps(licence), "utf-8")
            options += ["--licence", "licence.json"]
        assert self.desk.run("seal", "apply", source, *options) == 0
        rows = [json.loads(line) for line in (self.folder / "sealed.ndjson").read_text("utf-8").splitlines()]
        return rows[0], rows[1] if licence else None

    def _make_licence(self, case: Case) -> dict[str, Json]:
        """Return the row of the first certificate that an errand produces; a person's has a signed application beside it."""
        type_ = case.produced[0]
        cells = make_row(type_, case.holders(type_))
        case.result = draw_identifier(type_.code, ISSUER)
        names = ("ZZMC", "ZZBH", "CZZT", "CZZTDM")
        claims: dict[str, Json] = {name: cells[name] for name in names}
        if type_.joint:
            claims |= {name: [*cells[name].split("、")] for name in ("CZZT", "CZZTDM")}
        documents: list[Json] = []
        if case.errand.audience == "person":
            form = render_pdf(case.errand.title.zh, [("申请人", case.person.name)])
            case.application = self.pdf_authority.sign(form)
            path = self.folder / f"{case.errand.id}.pdf"
            path.write_bytes(case.application)
            documents.append(str(path))
        return {
            "kind": "licence", "action": "issue", "identifier": case.result, "issuer": ISSUER, "claims": claims,
            "documents": documents, "valid_from": "2026-03-10", "valid_until": "2036-03-09",
        }  # fmt: skip


class _PdfAuthority:
    """An authority with one signer of PDF files below it, as of a moment."""

    def __init__(self, moment: datetime) -> None:
        root_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._moment = moment
        self.pem = self._certify("示例认证机构", root_key, root_key, is_authority=True).public_bytes(
            Encoding.PEM
        )
        self._certificate = self._certify("申请人", signer_key, root_key, is_authority=False).public_bytes(
            Encoding.DER
        )
        self._key = signer_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, document: bytes) -> bytes:
        return sign_pdf(document, self._certificate, self._key, self._moment)

    def _certify(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer_key: ec.EllipticCurvePrivateKey,
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        issuer, subject = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("示例认证机构", name)
        )
        dates = (self._moment - _DAY, self._moment + 365 * _DAY)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 7, *dates)
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        return builder.add_extension(constraints, critical=True).sign(issuer_key, hashes.SHA256())


def write_workbook(path: Path, rows_by_type: dict[str, list[dict[str, str]]]) -> None:
    """Write a sheet for each type, under the labels of its claims."""
    workbook = Workbook(write_only=True)
    for key, rows in rows_by_type.items():
        sheet = workbook.create_sheet(get_catalogue().types[key].name.zh[:_TITLE_CHARS])
        sheet.append([get_catalogue().fields[name].label.zh for name in rows[0]])
        for row in rows:
            sheet.append([*row.values()])
    workbook.save(path)


def _values(proof: Proof) -> dict[str, Json]:
    assert proof.disclosure
    return dict(proof.disclosure.values)


def ask(node: "TestClient", proof: Proof, *documents: bytes, **claims: Json) -> Any:
    """Return what a node says of a proof with these documents, or of these claims."""
    body: dict[str, Any] = {"proof": proof.encode().decode()}
    if documents:
        body["documents"] = [base64.b64encode(document).decode() for document in documents]
    if claims:
        body["claims"] = claims
    return node.post("/v1/verify", json=body).json()
