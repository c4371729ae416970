"""Read what is presented over HTTP: a proof, documents, claims, and the policy to judge by.

Two forms, one meaning. JSON: `{"proof", "documents", "claims", "policy" or "max_age"}`, the proof as an object, as the text
of a proof file or as an `SZ1:` code, documents in base64. Multipart: files `document` (several) and `proof`, the rest as
fields.
The proof is passed on exactly as it came: what is wrong with it is a finding of the report, not of the request.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

from starlette.datastructures import FormData, UploadFile

from api import limits
from api.documents import Papers, gather_papers
from api.http.errors import MalformedRequest, ProofMissing
from api.http.members import parse_integer, parse_string, split_elements, split_members
from api.node.policies import find_policy, list_policy_names
from api.node.settings import Settings
from api.opening.readers import DocumentReaders
from ledger.documents.carriers import RestoredDocument, require_one_certificate, restore
from ledger.documents.inspection import Inspection
from ledger.documents.openers import OpenedDocument
from ledger.encoding.canonical import Json, decode
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.registry.trust import Trust
from ledger.verification.report import Report
from ledger.verification.verify import Policy, verify

#: Returns proofs of the notes on the certificate of a proof; None where the register of its city is not here.
FindNotes = Callable[[Proof], Sequence[Proof] | None]
_POLICY_MEMBERS: Final = frozenset({"policy", "max_age"})
_MEMBERS: Final = frozenset({"proof", "documents", "claims"}) | _POLICY_MEMBERS
_FORM_MEMBERS: Final = frozenset({"proof", "document", "claims"}) | _POLICY_MEMBERS
_PAST_MEMBERS: Final = frozenset({"proof", "at"})
_PROOF_MEMBERS: Final = frozenset({"proof"})
_BATCH_MEMBERS: Final = frozenset({"items"}) | _POLICY_MEMBERS


@dataclass(frozen=True, slots=True)
class Presentation:
    """One proof with what was presented beside it, and the policy."""

    proof_text: bytes
    papers: Papers
    policy: Policy

    def verify(self, trust: Trust, now: int, find_notes: FindNotes) -> Report:
        """Verify, with the notes that `find_notes` knows of the certificate."""
        try:
            proof: Proof | bytes = decode_presented(self.proof_text)
        except MalformedInput:
            proof = self.proof_text  # the report says what is wrong with it
        registered_notes = find_notes(proof) if isinstance(proof, Proof) else None
        return verify(self.papers.presented_content, proof, trust, now, self.policy, registered_notes)

    def make_report(
        self,
        trust: Trust,
        now: int,
        find_notes: FindNotes,
        max_bytes: int,
        issuer_names: Mapping[str, str],
    ) -> dict[str, object]:
        """Verify and return the report for programs, with what the documents themselves show in `max_bytes`."""
        return self.papers.with_report(self.verify(trust, now, find_notes), max_bytes, issuer_names)


@dataclass(frozen=True, slots=True)
class UnopenedPresentation:
    """What was presented, with the carriers taken off its documents; their seals and signatures were not looked at yet.

    `proof_text` came beside the documents or inside one of them.
    """

    proof_text: bytes
    restored_documents: tuple[RestoredDocument, ...]
    claims: Mapping[str, Json]
    policy: Policy

    @property
    def contents(self) -> tuple[bytes, ...]:
        """The documents to open."""
        return tuple(document.document for document in self.restored_documents)

    def open(self, inspections: Iterable[Inspection | None]) -> Presentation:
        """Return the presentation with what each document shows by itself."""
        papers = gather_papers(map(OpenedDocument.of, self.restored_documents, inspections), self.claims)
        return Presentation(self.proof_text, papers, self.policy)

    @classmethod
    def from_json(cls, body: bytes, settings: Settings, policy: Policy | None = None) -> Self:
        """Read one request; `policy` holds where it names none. Raises: MalformedRequest, ProofMissing."""
        raw_members = _read_members(body, _MEMBERS)
        restored_documents = tuple(map(restore, _read_documents(raw_members.get("documents", b"[]"))))
        proof_text = (
            _decode_proof_text(raw_members["proof"])
            if "proof" in raw_members
            else _find_carried_proof(restored_documents, "the body lacks the member `proof`")
        )
        return cls(
            proof_text,
            restored_documents,
            _read_claims(raw_members.get("claims", b"{}")),
            _choose_policy(raw_members, settings, policy),
        )

    @classmethod
    def from_form(cls, form: FormData, settings: Settings) -> Self:
        """Read one form. Raises: MalformedRequest, ProofMissing."""
        if set(form) - _FORM_MEMBERS:
            raise MalformedRequest(
                f"the form has an unknown field; known are {', '.join(sorted(_FORM_MEMBERS))}"
            )
        fields = {name: value.encode() for name, value in form.items() if isinstance(value, str) and value}
        contents = []
        for name, content in read_files(form):
            if name == "proof":
                fields[name] = content
            else:
                contents.append(content)
        restored_documents = tuple(map(restore, contents))
        proof_text = fields.get("proof") or _find_carried_proof(
            restored_documents, "the form lacks the file or field `proof`"
        )
        return cls(
            proof_text,
            restored_documents,
            _read_claims(fields.get("claims", b"{}")),
            _choose_policy(fields, settings, None),
        )


def read_batch(body: bytes, settings: Settings) -> list[UnopenedPresentation]:
    """Read `{"items": [requests], "policy" or "max_age"}`. Raises: MalformedRequest, ProofMissing."""
    raw_members = _read_members(body, _BATCH_MEMBERS)
    if "items" not in raw_members:
        raise MalformedRequest("the body lacks the member `items`")
    raw_items = split_elements(raw_members["items"], "items", limits.MAX_BATCH_ITEMS)
    policy, presentations, document_count = _choose_policy(raw_members, settings, None), [], 0
    for raw_item in raw_items:
        presentations.append(UnopenedPresentation.from_json(raw_item, settings, policy))
        document_count += len(presentations[-1].restored_documents)
        if document_count > limits.MAX_BATCH_DOCUMENTS:
            raise MalformedRequest(
                f"the items of one request may have {limits.MAX_BATCH_DOCUMENTS} documents at most in all: send several"
            )
    return presentations


async def open_all(
    presentations: Sequence[UnopenedPresentation], readers: DocumentReaders
) -> list[Presentation]:
    """Have the documents of all items opened, within the time of one. Raises: TooManyDocuments."""
    inspections = iter(
        await readers.inspect(content for presentation in presentations for content in presentation.contents)
    )
    return [
        presentation.open(islice(inspections, len(presentation.restored_documents)))
        for presentation in presentations
    ]


def read_past(body: bytes) -> tuple[Proof, str]:
    """Read `{"proof", "at"}`. Raises: MalformedRequest, ProofMissing, MalformedInput for what is no proof."""
    raw_members = split_members(body, _PAST_MEMBERS)
    if "proof" not in raw_members:
        raise ProofMissing("the body lacks the member `proof`")
    return decode_presented(_decode_proof_text(raw_members["proof"])), parse_string(
        raw_members.get("at", b"0"), "`at`"
    )


def read_proof_alone(body: bytes) -> Proof:
    """Read `{"proof"}`. Raises: MalformedRequest, ProofMissing, MalformedInput for what is no proof."""
    raw_members = split_members(body, _PROOF_MEMBERS)
    if "proof" not in raw_members:
        raise ProofMissing("the body lacks the member `proof`")
    return decode_presented(_decode_proof_text(raw_members["proof"]))


def _find_carried_proof(restored_documents: Iterable[RestoredDocument], refusal: str) -> bytes:
    """Return the proof that travelled inside documents. Raises: ProofMissing, MalformedRequest for several certificates."""
    proofs = [document.proof for document in restored_documents if document.proof is not None]
    if not proofs:
        raise ProofMissing(f"{refusal}, and no document carries one")
    try:
        require_one_certificate(proofs)
    except MalformedInput as error:
        raise MalformedRequest(str(error)) from error
    return proofs[0].encode()


def _decode_proof_text(raw_value: bytes) -> bytes:
    """Return a proof as it was found: the object itself, or the text that a JSON string holds."""
    return (
        parse_string(raw_value, "`proof`").encode("utf-8", "surrogatepass")
        if raw_value.startswith(b'"')
        else raw_value
    )


def read_files(form: FormData) -> list[tuple[str, bytes]]:
    """Return the name of the field and the content of every file that was really chosen."""
    uploads = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    return [(name, upload.file.read()) for name, upload in uploads if upload.filename or upload.size]


def _read_members(body: bytes, known_names: frozenset[str]) -> dict[str, bytes]:
    """Return the members of a request; the name of a policy as a form would hold it."""
    raw_members = split_members(body, known_names)
    if "policy" in raw_members:
        raw_members["policy"] = parse_string(raw_members["policy"], "`policy`").encode(
            "utf-8", "surrogatepass"
        )
    return raw_members


def _read_documents(raw_value: bytes) -> tuple[bytes, ...]:
    raw_items = split_elements(raw_value, "documents", limits.MAX_DOCUMENTS)
    try:
        return tuple(
            base64.b64decode(parse_string(raw_item, "a document"), validate=True) for raw_item in raw_items
        )
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest("a document must be base64 (RFC 4648 section 4, with padding)") from error


def _read_claims(raw_value: bytes) -> Mapping[str, Json]:
    claims = {}
    for name, value in split_members(raw_value, place="`claims`").items():
        try:
            claims[name] = decode(value)
        except MalformedInput as error:
            raise MalformedRequest(f"a value of `claims`: {error}") from error
    return claims


def _choose_policy(fields: Mapping[str, bytes], settings: Settings, default_policy: Policy | None) -> Policy:
    """Return the policy that a request names, or `default_policy`, or the node's own."""
    if "policy" in fields and "max_age" in fields:
        raise MalformedRequest("give `policy` or `max_age`, not both")
    if "max_age" in fields:
        return Policy(max_age_seconds=parse_integer(fields["max_age"], "`max_age`", limits.MAX_AGE_SECONDS))
    if "policy" not in fields:
        return default_policy or Policy(max_age_seconds=settings.max_age)
    name = fields["policy"].decode("utf-8", "replace")
    policy = find_policy(name, settings.policies, settings.max_age)
    if policy is None:
        names_text = ", ".join(list_policy_names(settings.policies))
        raise MalformedRequest(f"this node has no such policy; it has {names_text}")
    return policy
