"""Finds the registered document inside one to which something was added.

A PDF is changed by what is written behind it (ISO 32000-2 section 7.5.6), so the registered bytes stand whole in front of a
watermark, a note or a later signature. Only where a signature covers all of the registered file is that told: what stands
behind it was then added by somebody else. Documents are not opened here, and nothing is said of what was added.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from ledger.records.claims import DocumentClaim, is_registered

#: What a signature of a PDF covers: from the start to its own value, and from there on (12.8.1).
_BYTE_RANGE: Final = re.compile(
    rb"/ByteRange\s*\[\s*0\s+([0-9]{1,10})\s+([0-9]{1,10})\s+([0-9]{1,10})\s*\]", re.ASCII
)
_VALUE: Final = re.compile(rb"<[0-9A-Fa-f]*>")
#: Signatures that are looked at, the first in the file: each may cost a hash over all of it.
_MAX_SIGNATURES: Final = 16


def find_original_size(content: bytes, document_claims: Sequence[DocumentClaim]) -> int | None:
    """Return how many bytes in front are a registered document that a signature covers whole; None where none are."""
    if not content.startswith(b"%PDF-"):
        return None
    registered_sizes = {claim.size for claim in document_claims}
    for match in islice(_BYTE_RANGE.finditer(content), _MAX_SIGNATURES):
        value_start, value_end, length = map(int, match.groups())
        size = value_end + length
        if size not in registered_sizes or not match.end() <= size < len(content):
            continue
        if not _VALUE.fullmatch(content, value_start, value_end):
            continue
        if is_registered(content[:size], document_claims):
            return size
        registered_sizes.discard(size)  # the same bytes again, whatever other signatures say of them
    return None
