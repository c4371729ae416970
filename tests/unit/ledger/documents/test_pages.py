"""`docs/formats/inspection.md` names the checks, kinds and limits that the code has."""

import re
from pathlib import Path
from typing import Final

from ledger.documents import markup
from ledger.documents.certificates import trust_list
from ledger.documents.findings import CHECKS
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.ofd import archive, directory, looks, references, signatures
from ledger.documents.seals import ses
from ledger.documents.signatures import signed_data
from ledger.encoding import der

FORMATS: Final = Path(__file__).parents[4] / "docs" / "formats"
PAGE: Final = (FORMATS / "inspection.md").read_text(encoding="utf-8")
MIB: Final = 1024 * 1024


def test_every_check_is_explained() -> None:
    steps = PAGE.partition("## Verification")[2]
    assert set(re.findall(r"^ {1,4}(?:\d\. )?`(\w+)`\.", steps, re.MULTILINE)) == set(CHECKS)


def test_every_kind_and_member_is_explained() -> None:
    for kind in Kind:
        assert f"`{kind}`" in PAGE
    for member in SignatureReport(Kind.SES, 4, ()).to_json():
        assert f"`{member}`" in PAGE or member == "words"


def test_limits() -> None:
    limits = [
        f"file {archive.MAX_FILE_BYTES // MIB} MiB",
        f"{directory.MAX_ENTRIES:,} entries",
        f"part {directory.MAX_PART_BYTES // MIB} MiB",
        f"all parts {archive.MAX_INFLATED_BYTES // MIB} MiB",
        f"XML {markup.MAX_BYTES // MIB} MiB",
        f"{markup.MAX_DEPTH} levels and {markup.MAX_ELEMENTS:,} elements",
        f"{references.MAX_SIGNATURES} signatures",
        f"{references.MAX_REFERENCES:,} references a signature and {signatures.MAX_REFERENCES:,} a document",
        f"{looks.MAX_STAMPS:,} stamps",
        f"signature value {ses.MAX_BYTES // MIB} MiB",
        f"DER {der.MAX_DEPTH} levels and {der.MAX_ELEMENTS:,} elements",
        f"{ses.MAX_LISTED_USERS} certificates in a seal",
        f"{signed_data.MAX_SIGNERS} signers and {signed_data.MAX_CERTIFICATES} certificates in a SignedData.",
    ]
    assert ", ".join(limits) in " ".join(PAGE.split())


def test_limits_of_the_trust_list() -> None:
    page = (FORMATS / "trust-list.md").read_text(encoding="utf-8")
    assert f"at most {trust_list.MAX_AUTHORITIES:,}" in page
    assert trust_list.MAX_CHAIN - 1 == 3
