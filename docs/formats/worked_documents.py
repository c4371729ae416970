"""The worked example's sealed document: a trust list and the report on the document.

As `trust-list.md` and `inspection.md` show them.

The documents are those of `tests/vectors/documents`, where a second implementation finds them too.
"""

import base64
from pathlib import Path
from typing import Any

from ledger.documents.certificates.trust_list import TYPE, decode_trust_list
from ledger.documents.openers import inspect
from ledger.encoding.canonical import Json, encode_canonical

FOLDER = Path(__file__).parents[2] / "tests" / "vectors" / "documents"


def make_blocks() -> dict[str, Any]:
    """Return the blocks of both pages."""
    trust_list: Json = {
        "type": TYPE,
        "name": "天门市可信机构名单",
        "issued": "2026-03-01T00:00:00Z",
        "authorities": [
            {
                "name": "示例根证书",
                "roles": ["signers", "seal-makers"],
                "certificate": _encode_pem((FOLDER / "root.der").read_bytes()),
                "from": "2025-01-01",
                "until": "2035-12-31",
            }
        ],
    }
    document = (FOLDER / "page-altered.ofd").read_bytes()
    return {
        "trust-list": trust_list,
        "inspection": inspect(document, decode_trust_list(encode_canonical(trust_list))).to_json(),
    }


def _encode_pem(certificate: bytes) -> str:
    text = base64.b64encode(certificate).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
