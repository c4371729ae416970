"""What is read of a signature beside its value agrees with pyHanko.

Nothing private of pyHanko is used.
"""

# mypy: allow-untyped-calls
import ast
import re
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.registry import SimpleCertificateStore

import ledger.documents.pdf
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.pdf.reading import open_reader
from tests.unit.ledger.documents.pdf.test_signatures import Authority, _renamed, authority
from tests.unit.ledger.documents.pdf.test_timestamps import DOCUMENT, Office, office
from tests.unit.ledger.documents.pdf.test_wrapping import RANGES, wrapped

__all__ = ["authority", "office"]  # fixtures
MODULES = sorted(Path(ledger.documents.pdf.__file__).parent.glob("*.py"))


def _both(document: bytes) -> list[tuple[PlacedSignature, EmbeddedPdfSignature]]:
    """Return each signature as it is read here and as pyHanko reads it."""
    reader = open_reader(document)
    fields = [
        (name, field.get_object()) for name, _, field in enumerate_sig_fields(reader, filled_status=True)
    ]
    theirs = [EmbeddedPdfSignature(reader, field, name) for name, field in fields]
    return [
        (PlacedSignature.of(document, reader, field), signature)
        for (_, field), signature in zip(fields, theirs, strict=True)
    ]


def _with_ranges(document: bytes, start: int = 0, end: int = 0) -> bytes:
    """Return the document with ranges that start and end as many bytes later."""
    match = RANGES.search(document)
    assert match
    first, second, last = map(int, match.groups())
    ranges = b"/ByteRange [%d %d %d %d]" % (start, first - start, second, last + end)
    return document.replace(match[0], ranges.ljust(len(match[0])))


def test_coverage_is_what_pyhanko_says(authority: Authority, office: Office) -> None:
    once = authority.sign()
    updated = _renamed(once)
    documents = [
        once,
        updated,
        authority.sign(updated, field="Signature2"),
        office.stamp(once),
        once + b"\n% something else\n",
        _with_ranges(once, start=1),
        _with_ranges(once, end=-6),
    ]
    seen = set()
    for document in documents:
        for ours, theirs in _both(document):
            assert ours.coverage is theirs.evaluate_signature_coverage()
            assert ours.revision == theirs.signed_revision
            seen.add(ours.coverage)
    assert seen == {
        SignatureCoverageLevel.UNCLEAR,
        SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START,
        SignatureCoverageLevel.ENTIRE_REVISION,
        SignatureCoverageLevel.ENTIRE_FILE,
    }


def test_objects_in_the_gap_are_not_covered_whatever_pyhanko_says(authority: Authority) -> None:
    ((ours, theirs),) = _both(wrapped(authority.sign()))
    assert ours.coverage is SignatureCoverageLevel.UNCLEAR
    assert theirs.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE


@pytest.mark.parametrize("certified", [None, MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE])
@pytest.mark.parametrize("locked", [None, MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS])
@pytest.mark.parametrize("fields", [None, FieldMDPAction.ALL, FieldMDPAction.INCLUDE, FieldMDPAction.EXCLUDE])
def test_what_a_signature_allows_is_what_pyhanko_reads(
    office: Office, certified: MDPPerm | None, locked: MDPPerm | None, fields: FieldMDPAction | None
) -> None:
    named = ["Amount"] if fields in (FieldMDPAction.INCLUDE, FieldMDPAction.EXCLUDE) else None
    spec = SigFieldSpec(
        "First",
        doc_mdp_update_value=locked,
        field_mdp_spec=None if fields is None else FieldMDPSpec(fields, named),
    )
    metadata = PdfSignatureMetadata(
        field_name="First",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=certified is not None,
        docmdp_permissions=certified or MDPPerm.FILL_FORMS,
    )
    signer = SimpleSigner(office.certificate, office.key, SimpleCertificateStore())
    output = BytesIO()
    PdfSigner(metadata, signer, new_field_spec=spec).sign_pdf(
        IncrementalPdfFileWriter(BytesIO(DOCUMENT)), output=output
    )
    ((ours, theirs),) = _both(output.getvalue())
    assert ours.allowed_changes is theirs.docmdp_level
    assert ours.locked_fields == theirs.fieldmdp
    assert (ours.locked_fields is None) == (fields is None)


def test_no_private_name_of_another_class_is_used() -> None:
    """An upgrade of pyHanko may change those without a word; a name of one's own has one owner in its module."""
    for path in MODULES:
        tree = ast.parse(path.read_text())
        names = {
            target.target.id
            for target in ast.walk(tree)
            if isinstance(target, ast.AnnAssign) and isinstance(target.target, ast.Name)
        }
        names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        names |= {  # set on the object itself
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if isinstance(node.value, ast.Name) and node.value.id == "self"
        }
        private = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr)
        }
        assert private <= names, path.name
