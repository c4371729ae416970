"""Make the QR code of a proof: level M, at a size that prints and scans.

A printed code `SZ1:` (docs/formats/proof.md) has the 45 characters that a QR code packs tightly (ISO/IEC 18004, mode
alphanumeric): one code of level M holds 3,391 of them.
"""

import io
from typing import Final

import segno

from ledger.errors import LimitExceeded
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof

#: Side of one module in millimetres: six dots of a 300-dpi printer and scanner; phones read it from 15 cm.
MODULE_MM: Final = 0.508
QUIET_MODULES: Final = 4  # blank modules around a code (ISO/IEC 18004, section 5.3.8)
#: Characters of the mode alphanumeric in version 40 at level M (ISO/IEC 18004, table 7).
MAX_CODE_CHARS: Final = 3_391
_DOTS_A_MODULE: Final = 6
_DOTS_AN_INCH: Final = 300
# Any mask will do for a code that is compressed, and so as even as noise; trying all eight takes five times as long.
_MASK: Final = 3


def make_code(proof: Proof) -> segno.QRCode:
    """Return the QR code of a proof. Raises: LimitExceeded where one code does not hold it."""
    text = encode_paper(proof)
    if len(text) > MAX_CODE_CHARS:
        raise LimitExceeded(
            f"the code has {len(text):,} characters, and one that prints and scans holds {MAX_CODE_CHARS:,}: "
            "export the proof with fewer claims, or hand it out as a file"
        )
    return segno.make_qr(text, error="m", boost_error=False, mask=_MASK)


def measure_side(code: segno.QRCode) -> float:
    """Return the side of a code in millimetres, with the blank around it."""
    return float(code.symbol_size(scale=1, border=QUIET_MODULES)[0] * MODULE_MM)


def write_png(code: segno.QRCode) -> bytes:
    """Return the code alone as a picture of 300 dpi."""
    file = io.BytesIO()
    code.save(file, kind="png", scale=_DOTS_A_MODULE, border=QUIET_MODULES, dpi=_DOTS_AN_INCH)
    return file.getvalue()
