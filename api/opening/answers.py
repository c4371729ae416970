"""The answers of a process that read a hostile document: plain data, checked for its form."""

from typing import Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from ledger.documents.findings import FINDING_TABLE
from ledger.documents.inspection import Inspection
from ledger.errors import MalformedInput

#: The proof is not among them: the process that answers requests reads it itself, as it reads one that lies beside.
_TYPES_BY_MEMBER: Final[dict[str, Any]] = {
    name: (member_type, ...) for name, member_type in get_type_hints(Inspection).items() if name != "proof"
}
_InspectionShape: Final[type[BaseModel]] = create_model(
    "_Told", __config__=ConfigDict(strict=True, extra="forbid"), **_TYPES_BY_MEMBER
)


def encode_inspection(inspection: Inspection) -> bytes:
    """Return everything but the proof as JSON."""
    return (
        _InspectionShape(**{name: getattr(inspection, name) for name in _TYPES_BY_MEMBER})
        .model_dump_json()
        .encode()
    )


def decode_inspection(encoded_inspection: bytes) -> Inspection:
    """Read it again. Raises: MalformedInput for anything that is not of that form, or names an unknown finding."""
    try:
        shape = _InspectionShape.model_validate_json(encoded_inspection)
    except ValidationError as error:
        raise MalformedInput("what was said of a document is not a report") from error
    inspection = Inspection(**{name: getattr(shape, name) for name in _TYPES_BY_MEMBER})
    checks = (check for signature_report in inspection.signatures for check in signature_report.checks)
    if not all((check.name, check.outcome, check.reason) in FINDING_TABLE for check in checks):
        raise MalformedInput("what was said of a document names a finding that there is not")
    return inspection
