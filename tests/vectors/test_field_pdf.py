"""PDFs of kinds that the world sent, against the right answers beside them.

They are those of corpus/field, with a README in each folder.
"""

from pathlib import Path
from typing import Final

import pytest

from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.inspection import Inspection
from ledger.documents.openers import inspect
from ledger.verification.reasons import Verdict

FIELD: Final = Path(__file__).parents[3] / "shared" / "corpus" / "field"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")

LATER: Final = "later_signature"
#: What is said of the content after each signature.
ANSWERS: Final[dict[str, list[str]]] = {
    "pdf-encrypted-empty-password/encrypted-empty-user-password.pdf": ["ok"],
    "pdf-free-list-entries/twice.pdf": [LATER, "ok"],
    "pdf-free-list-entries/twice-free-again.pdf": [LATER, "ok"],
    "pdf-free-list-entries/gap-filled-65535.pdf": [LATER, "ok"],
    "pdf-timestamp-in-ber/dts-der.pdf": [LATER, "ok"],
    "pdf-timestamp-in-ber/dts-ber-outer.pdf": [LATER, "ok"],
    "pdf-validation-data-replaced/dss-same.pdf": [LATER, LATER, "ok"],
    "pdf-validation-data-replaced/dss-vri-tu.pdf": [LATER, LATER, "ok"],
    "pdf-xref-stream-number-reused/xref-stream-signed.pdf": ["ok"],
    "pdf-xref-stream-number-reused/xref-stream-number-reused.pdf": ["ok"],
}


def read(name: str) -> Inspection:
    """Inspect a file with the trust list beside it."""
    path = FIELD / name
    return inspect(path.read_bytes(), decode_trust_list((path.parent / "tl.pem").read_bytes()))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_right_answer(name: str) -> None:
    inspection = read(name)
    checks = [report.find_check("references") for report in inspection.signatures]
    assert [check.reason for check in checks if check] == ANSWERS[name]
    assert (inspection.problem, inspection.verdict) == (None, Verdict.VALID)
