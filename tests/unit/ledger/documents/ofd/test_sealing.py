"""What sealing writes into a document, and which documents it refuses."""

import pytest

from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import LIST_PART, Stamp, apply_seal
from ledger.errors import MalformedInput
from tests.papers import (
    DESCRIPTION,
    DOCUMENT,
    NOW,
    SIGN,
    department,
    parts,
    seal,
    sealed,
    with_part,
    without_part,
)


def test_stamps_are_where_they_were_put() -> None:
    data = parts(apply_seal(DOCUMENT, seal(), department(), NOW, [Stamp("1", 1, 2, 40, 41)]))[DESCRIPTION]
    assert b'<ofd:StampAnnot ID="1" PageRef="1" Boundary="1 2 40 41"/>' in data


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(with_part(sealed(), "OFD.xml", b"<OFD/>"), id="no body"),
        pytest.param(without_part(sealed(), "OFD.xml"), id="no OFD.xml"),
        pytest.param(write_archive(parts(DOCUMENT) | {f"{SIGN}/a": b""}), id="the folder is taken"),
        pytest.param(
            with_part(
                DOCUMENT,
                "OFD.xml",
                lambda data: data.replace(b"</ofd:OFD>", b"<DocBody></DocBody></ofd:OFD>"),
            ),
            id="two bodies",
        ),
    ],
)
def test_documents_that_we_do_not_seal(document: bytes) -> None:
    with pytest.raises(MalformedInput):
        apply_seal(document, seal(), department(), NOW)


def test_a_list_elsewhere_is_left_alone() -> None:
    members = parts(sealed())
    members["Signatures.xml"] = members.pop(LIST_PART)
    members["OFD.xml"] = members["OFD.xml"].replace(LIST_PART.encode(), b"Signatures.xml")
    with pytest.raises(MalformedInput, match="elsewhere"):
        apply_seal(write_archive(members), seal(), department(), NOW)
