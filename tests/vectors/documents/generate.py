"""Write the fictional documents and seals of this folder: always the same bytes.

Damaged ones are made from them.

python -m tests.vectors.documents.generate
"""

from pathlib import Path

from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import sign_document
from ledger.documents.seals.making import make_seal, sign_data, use_seal
from tests.papers import DOCUMENT, NOW, department, draft, maker, parts, root, seal, sealed, signed

FOLDER = Path(__file__).parent


def files() -> dict[str, bytes]:
    """Return every file by its name."""
    description = b"<Signature/>"
    made = {"unsigned.ofd": DOCUMENT, "signed.ofd": signed()}
    for version in (1, 4, 5):
        made[f"sealed-{version}.ofd"] = sealed(version)
        made[f"seal-{version}.esl"] = seal(version)
        made[f"value-{version}.dat"] = use_seal(
            seal(version), department(), description, "/Signature.xml", NOW
        )
    return made | {
        "twice.ofd": sign_document(sealed(), department(), NOW + 60),
        "page-altered.ofd": write_archive(parts(sealed()) | {"Doc_0/Pages/Page_0/Content.xml": b"<Page/>"}),
        "seal-by-digest.esl": make_seal(draft(lists_digests=True), maker()),
        "signed-data.dat": sign_data(department(), description),
        "root.der": root().certificate.der,
        "department.der": department().certificate.der,
    }


if __name__ == "__main__":
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
