"""The claims of a row, and those of the documents that it names."""

from collections.abc import Callable
from typing import Final

from anchoring.intake.faults import RowFault
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import Json
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.records.claims import MAX_CLAIMS, decode_document, is_document, make_document_claim

_MEDIA_TYPES: Final = {
    ".ofd": "application/ofd",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
    ".json": "application/json",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
_OTHER_MEDIA_TYPE: Final = "application/octet-stream"


def read_claims(
    fields: Fields, suite: Suite, read_file: Callable[[str], bytes] | None
) -> tuple[tuple[str, Json], ...]:
    """Return the claims of a row by name, its documents among them; `read_file` returns a document's content by its path.

    Raises: MalformedInput; RowFault for a document that cannot be read.
    """
    claims_by_name = fields.take("claims")
    if not isinstance(claims_by_name, dict):
        raise MalformedInput("row.claims must be an object of names and values")
    claims = dict(claims_by_name)
    if any(is_document(name) for name in claims):
        raise MalformedInput("claims named document/… are made of `documents`")
    documents = fields.take_array("documents", MAX_CLAIMS) if fields.has("documents") else []
    for document_number, document in enumerate(documents, 1):
        claims[f"document/{document_number}"] = _claim_document(document, suite, read_file)
    return tuple(sorted(claims.items()))


def _claim_document(document: Json, suite: Suite, read_file: Callable[[str], bytes] | None) -> Json:
    """Return the claim of a document: a path, or the claim of one that is registered already, which stays."""
    if isinstance(document, dict):
        return decode_document(document).to_json()
    path = document
    if not isinstance(path, str) or read_file is None:
        raise RowFault("unknown-document", "`documents` must be paths of files that can be read here")
    try:
        content = read_file(path)
    except OSError as error:
        raise RowFault("unknown-document", f"{path[:200]} cannot be read: {error.strerror}") from error
    file_suffix = path[path.rfind(".") :].lower() if "." in path else ""
    return make_document_claim(suite, content, _MEDIA_TYPES.get(file_suffix, _OTHER_MEDIA_TYPE)).to_json()
