"""A chapter of the demo: a seal is used, destroyed, and then used once more."""

import base64
import json
import secrets
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from anchoring.errors import AnchoringError
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.demo.stage import City
from api.department.drafting import draft
from api.department.seals import RegisteredSeal, add_sealing, make_seal_row, make_sealing_row
from api.department.sending import ask_target
from api.department.trial import TRUST_FILE, Trial, draw_ring, open_trial
from api.files import PROOF_SUFFIX
from api.node.errors import SETTINGS_FILE
from examples.renderings import render_ofd, render_pdf
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import SM3
from ledger.documents.carriers import attach
from ledger.documents.ofd.sealing import Stamp, apply_seal
from ledger.documents.seals.making import SealDraft, make_seal
from ledger.encoding.canonical import Json, encode_canonical
from ledger.proof.proof import decode_proof
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import KINDS

#: What the department's key must be granted beside its licences.
GRANTED_KINDS: Final = KINDS["seal"] | KINDS["signature"]
_DAY_SECONDS: Final = 86_400
_HOUR_SECONDS: Final = 3_600
_YEAR_SECONDS: Final = 365 * _DAY_SECONDS
_SEAL_NUMBER: Final = "42900600000001"
_LICENCE_TYPE: Final = "Y1429006EXAMPLE03H007"
_LICENCE_TITLE: Final = "公共场所卫生许可证"
_PAGE_NUMBER: Final = "1"
GENUINE_FILE, SIGNED_FILE, BACKDATED_FILE = "licence.ofd", "licence.pdf", "backdated.ofd"
_REFUSAL_PROBLEM = "seal-not-in-force"


class SealingFailed(AnchoringError):
    """Something else happened than what the chapter tells."""


@dataclass(slots=True)
class Sealing:
    """A department with a seal of a made-up maker, and a folder of what it sealed; who verifies accepts the maker."""

    issuer: str
    name: str
    private_key: PrivateKey
    folder: Path
    tell: Callable[[str], None]
    record_count: int = 0
    results_by_description: dict[str, str] = field(default_factory=dict)
    _identifiers_by_file: dict[str, str] = field(default_factory=dict)
    _pdf_signer: tuple[bytes, bytes] = field(default_factory=lambda: _make_p256_signer())

    def prepare(self, verifier: City) -> None:
        """Have the verifying city, whose node is not started yet, accept the trial authority and the signer of PDFs."""
        self.folder.mkdir()
        self._open_trial()
        trust_path, settings_path = self.folder / "trial" / TRUST_FILE, verifier.directory / SETTINGS_FILE
        trust_path.write_text(trust_path.read_text() + ssl.DER_cert_to_PEM_cert(self._pdf_signer[0]))
        settings_path.write_text(
            f"trust_list = {json.dumps(str(trust_path))}\n" + settings_path.read_text("utf-8"), "utf-8"
        )

    def register(self, node: NodeClient) -> list[str]:
        """Register the seal, a licence as sealed OFD, and one as signed PDF. Return the ids of the submissions."""
        now = int(time.time())
        self._seal_path.write_bytes(self._make_seal(now))
        row = make_seal_row(self._seal_path, self.issuer, self.issuer, self.name)
        first_id, leaf = self._submit(node, [row])
        RegisteredSeal(str(row["identifier"]), SM3.format(leaf), self.issuer).write_beside(self._seal_path)
        second_id, _ = self._submit(node, [*self._seal_licence(GENUINE_FILE, now), self._sign_pdf(now)])
        self.tell(
            f"   {self.name} registers its seal, a licence sealed with it 电子签章, and one as a signed PDF"
        )
        return [first_id, second_id]

    def destroy(self, node: NodeClient) -> str:
        """Destroy the seal. Return the id of the submission."""
        registered_seal = self._registered_seal
        row: dict[str, Json] = {
            "kind": "seal",
            "action": "cancel",
            "identifier": registered_seal.identifier,
            "issuer": self.issuer,
            "previous": registered_seal.record_text,
            "basis": "印章管理办法",
        }
        self.tell("   then the seal is destroyed 印章注销")
        return self._submit(node, [row])[0]

    def backdate(self, node: NodeClient) -> None:
        """Seal another licence with the destroyed seal, and an hour's lie. Raises: SealingFailed where it is taken."""
        self.tell("   and somebody who kept its key seals once more, by a clock that is an hour slow")
        rows = self._seal_licence(BACKDATED_FILE, int(time.time()) - _HOUR_SECONDS)
        del self._identifiers_by_file[BACKDATED_FILE]
        description = "a document sealed after its seal was destroyed, back-dated"
        try:
            self._submit(node, rows)
        except NodeError as error:
            if error.problem != _REFUSAL_PROBLEM:
                raise
            self.results_by_description[description] = error.problem
            self.tell(f"   {description}: the node refuses it ({error.problem})")
            return
        raise SealingFailed(f"{description}: the node took it")

    def collect(self, node: NodeClient) -> None:
        """Fetch the proofs: inside the OFD documents, beside the PDF."""
        for file_name, identifier in self._identifiers_by_file.items():
            proof, path = node.fetch_certificate_proof(identifier), self.folder / file_name
            if file_name == SIGNED_FILE:
                path.with_name(file_name + PROOF_SUFFIX).write_bytes(proof)
            else:
                path.write_bytes(attach(path.read_bytes(), decode_proof(proof)))

    def verify(self, node: NodeClient) -> None:
        """Verify what was sealed and signed while the seal was in force. Raises: SealingFailed."""
        self._judge(node, "a sealed OFD with its proof inside", GENUINE_FILE, "valid")
        self._judge(node, "a signed PDF with its proof beside", SIGNED_FILE, "valid")

    def _judge(self, node: NodeClient, description: str, file_name: str, expected_verdict: str) -> None:
        """Verify a document whose own signature is good; the reason is expected where it is invalid."""
        report = node.verify(self._make_request(file_name))
        outcome = report["reason"] if report["verdict"] == "invalid" else report["verdict"]
        signature_verdict = report["documents"][0]["signatures"][0]["verdict"]
        if (outcome, signature_verdict) != (expected_verdict, "valid"):
            raise SealingFailed(
                f"{description}: {outcome}, by itself {signature_verdict}, instead of {expected_verdict}"
            )
        self.results_by_description[description] = outcome
        self.tell(f"   {description}: {report['words']['zh']}，{report['reason_words']['zh']} ({outcome})")

    @property
    def _seal_path(self) -> Path:
        return self.folder / "seal.esl"

    @property
    def _registered_seal(self) -> RegisteredSeal:
        registered_seal = RegisteredSeal.read_beside(self._seal_path)
        assert registered_seal is not None
        return registered_seal

    def _open_trial(self) -> Trial:
        return open_trial(self.folder / "trial", int(time.time()))

    def _make_seal(self, now: int) -> bytes:
        trial = self._open_trial()
        seal_name, user_certificates = f"{self.name}电子证照专用章", (trial.signer.certificate.der,)
        return make_seal(
            SealDraft(
                4,
                _SEAL_NUMBER,
                1,
                seal_name,
                user_certificates,
                now - _DAY_SECONDS,
                now - _DAY_SECONDS,
                now + _YEAR_SECONDS,
                draw_ring(),
            ),
            trial.maker,
        )

    def _seal_licence(self, file_name: str, sealed_at: int) -> list[dict[str, Json]]:
        """Seal a new licence by that moment's clock, and return the rows of sealing and licence."""
        path, licence_row = self.folder / file_name, self._make_licence_row(file_name)
        document_bytes = render_ofd(_LICENCE_TITLE, [("证照标识", str(licence_row["identifier"]))])
        signer, stamps = self._open_trial().signer, [Stamp(_PAGE_NUMBER, 150, 230, 40, 40)]
        path.write_bytes(apply_seal(document_bytes, self._seal_path.read_bytes(), signer, sealed_at, stamps))
        sealing_row = make_sealing_row(self._registered_seal, path, sealed_at)
        return [sealing_row, add_sealing(licence_row, sealing_row)]

    def _sign_pdf(self, now: int) -> dict[str, Json]:
        """Sign a new licence as PDF, and return its row."""
        from ledger.documents.pdf.signing import sign_pdf  # pyHanko takes half a second to load

        path, licence_row = self.folder / SIGNED_FILE, self._make_licence_row(SIGNED_FILE)
        document_bytes = render_pdf(_LICENCE_TITLE, [("证照标识", str(licence_row["identifier"]))])
        path.write_bytes(sign_pdf(document_bytes, *self._pdf_signer, datetime.fromtimestamp(now, UTC)))
        return licence_row | {"documents": [str(path)]}

    def _make_request(self, file_name: str) -> bytes:
        path = self.folder / file_name
        request_members: dict[str, Json] = {"documents": [base64.b64encode(path.read_bytes()).decode()]}
        proof_path = path.with_name(file_name + PROOF_SUFFIX)
        return encode_canonical(
            request_members | ({"proof": proof_path.read_text()} if proof_path.exists() else {})
        )

    def _make_licence_row(self, file_name: str) -> dict[str, Json]:
        serial = f"SEALED{len(self._identifiers_by_file):014d}"
        identifier = CertificateIdentifier.build(_LICENCE_TYPE, self.issuer, serial, 1).text
        self._identifiers_by_file[file_name] = identifier
        return {
            "kind": "licence",
            "action": "issue",
            "identifier": identifier,
            "issuer": self.issuer,
            "claims": {"ZZMC": _LICENCE_TITLE, "ZZLXDM": _LICENCE_TYPE, "CZZT": "天门市示例宾馆"},
        }

    def _submit(self, node: NodeClient, rows: Sequence[dict[str, Json]]) -> tuple[str, bytes]:
        """Hand rows in and return the id of the submission, and the first of its leaf hashes."""
        lines, now = [encode_canonical(row) for row in rows], int(time.time())
        read_bytes = Path.read_bytes
        with draft(
            lines,
            ask_target(node),
            self.private_key,
            secrets.token_bytes,
            now,
            read_file=lambda path: read_bytes(Path(path)),
        ) as signed_draft:
            receipt = node.submit(list(signed_draft.lines()))
            self.record_count += len(rows)
            return str(receipt["id"]), signed_draft.leaves[0]


def _make_p256_signer() -> tuple[bytes, bytes]:
    """Return a certificate of its own with its key, both DER: PAdES knows no SM2."""
    private_key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "试用签章人 (trial)")])
    key_usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder(
            subject, subject, private_key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=365)
        )
        .add_extension(key_usage, critical=True)
        .sign(private_key, SHA256())
    )
    key_bytes = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.DER), key_bytes
