"""What somebody presents for verification over HTTP: a proof, documents, claims, and the policy to judge by.

Two forms, one meaning. JSON: `{"proof", "documents", "claims", "policy" or "max_age"}`, the proof as an object, as the text
of a proof file or as an `SZ1:` code, documents in base64. Multipart: files `document` (several) and `proof`, the rest as
fields.
The proof is passed on exactly as it came: what is wrong with it is a finding of the report, not of the request.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from starlette.datastructures import FormData, UploadFile

from api import limits
from api.errors import MalformedRequest, ProofMissing
from api.members import elements, integer, members, string
from api.settings import DEFAULT_POLICY, Settings
from ledger.canonical import Json, decode
from ledger.errors import MalformedInput
from ledger.report import Report
from ledger.trust import Trust
from ledger.verification import Policy, Presented, verify

_POLICY: Final = frozenset({"policy", "max_age"})
_MEMBERS: Final = frozenset({"proof", "documents", "claims"}) | _POLICY
_FORM_MEMBERS: Final = frozenset({"proof", "document", "claims"}) | _POLICY
_BATCH_MEMBERS: Final = frozenset({"items"}) | _POLICY


@dataclass(frozen=True, slots=True)
class Presentation:
    """One proof with what was presented beside it, and the policy."""

    proof: bytes
    presented: Presented
    policy: Policy

    def verify(self, trust: Trust, now: int) -> Report:
        return verify(self.presented, self.proof, trust, now, self.policy)

    @classmethod
    def from_json(cls, body: bytes, settings: Settings, policy: Policy | None = None) -> Self:
        """Read one request; `policy` holds where it names none. Raises: MalformedRequest, ProofMissing."""
        raw = _members(body, _MEMBERS)
        if "proof" not in raw:
            raise ProofMissing("the body lacks the member `proof`")
        text = raw["proof"]
        if text.startswith(b'"'):
            text = string(text, "`proof`").encode("utf-8", "surrogatepass")
        presented = Presented(_documents(raw.get("documents", b"[]")), _claims(raw.get("claims", b"{}")))
        return cls(text, presented, _policy(raw, settings, policy))

    @classmethod
    def from_form(cls, form: FormData, settings: Settings) -> Self:
        """Read one form. Raises: MalformedRequest, ProofMissing."""
        if set(form) - _FORM_MEMBERS:
            raise MalformedRequest(
                f"the form has an unknown field; known are {', '.join(sorted(_FORM_MEMBERS))}"
            )
        fields = {name: value.encode() for name, value in form.items() if isinstance(value, str) and value}
        documents = []
        for name, content in files(form):
            if name == "proof":
                fields[name] = content
            else:
                documents.append(content)
        if "proof" not in fields:
            raise ProofMissing("the form lacks the file or field `proof`")
        presented = Presented(tuple(documents), _claims(fields.get("claims", b"{}")))
        return cls(fields["proof"], presented, _policy(fields, settings, None))


def read_batch(body: bytes, settings: Settings) -> list[Presentation]:
    """Read `{"items": [requests], "policy" or "max_age"}`. Raises: MalformedRequest, ProofMissing."""
    raw = _members(body, _BATCH_MEMBERS)
    if "items" not in raw:
        raise MalformedRequest("the body lacks the member `items`")
    items = elements(raw["items"], "items")
    if len(items) > limits.MAX_BATCH_ITEMS:
        raise MalformedRequest(
            f"`items` may have {limits.MAX_BATCH_ITEMS} elements at most, not {len(items)}"
        )
    policy = _policy(raw, settings, None)
    return [Presentation.from_json(item, settings, policy) for item in items]


def files(form: FormData) -> list[tuple[str, bytes]]:
    """Return the name of the field and the content of every file that was really chosen."""
    uploads = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    return [(name, upload.file.read()) for name, upload in uploads if upload.filename or upload.size]


def _members(body: bytes, known: frozenset[str]) -> dict[str, bytes]:
    """Return the members of a request; the name of a policy as a form would hold it."""
    raw = members(body, known)
    if "policy" in raw:
        raw["policy"] = string(raw["policy"], "`policy`").encode("utf-8", "surrogatepass")
    return raw


def _documents(raw: bytes) -> tuple[bytes, ...]:
    items = elements(raw, "documents")
    if len(items) > limits.MAX_DOCUMENTS:
        raise MalformedRequest(
            f"`documents` may have {limits.MAX_DOCUMENTS} elements at most, not {len(items)}"
        )
    try:
        return tuple(base64.b64decode(string(item, "a document"), validate=True) for item in items)
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest("a document must be base64 (RFC 4648 section 4, with padding)") from error


def _claims(raw: bytes) -> Mapping[str, Json]:
    claims = {}
    for name, value in members(raw, where="`claims`").items():
        try:
            claims[name] = decode(value)
        except MalformedInput as error:
            raise MalformedRequest(f"a value of `claims`: {error}") from error
    return claims


def _policy(fields: Mapping[str, bytes], settings: Settings, otherwise: Policy | None) -> Policy:
    """Return the policy that a request names, or `otherwise`, or the node's own."""
    if "policy" in fields and "max_age" in fields:
        raise MalformedRequest("give `policy` or `max_age`, not both")
    if "max_age" in fields:
        return Policy(max_age=integer(fields["max_age"], "`max_age`", limits.MAX_AGE_SECONDS))
    if "policy" not in fields:
        return otherwise or Policy(max_age=settings.max_age)
    age = settings.age(fields["policy"].decode("utf-8", "replace"))
    if age is None:
        known = ", ".join([DEFAULT_POLICY, *sorted(settings.policies)])
        raise MalformedRequest(f"this node has no such policy; it has {known}")
    return Policy(max_age=age)
