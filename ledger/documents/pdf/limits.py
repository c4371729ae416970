"""How much of a PDF is compared: every update with what each signature before it covers, field for field.

What takes the time is reading: the objects of the file once for each signature, its form fields once for each update
after it. Files of a few hundred kilobytes could keep a reader busy for hours.
"""

from collections.abc import Iterable
from typing import Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from ledger.errors import LimitExceeded

MAX_REVISIONS: Final = 100  # a signature, its validation data and a timestamp for each of thirty departments
MAX_FIELDS: Final = (
    10_000  # of a form, those named again and again counted as often: a list can grow without end
)
MAX_COMPARISONS: Final = 200_000  # objects and fields: 64 signatures, one after another, take 150,000


def check_size(reader: PdfFileReader) -> None:
    """Raises: LimitExceeded for more updates or form fields than are compared."""
    if reader.total_revisions > MAX_REVISIONS:
        raise LimitExceeded(f"a PDF has {MAX_REVISIONS} updates at most")
    _count_fields(reader)


def check_comparisons(reader: PdfFileReader, signatures: Iterable[EmbeddedPdfSignature]) -> None:
    """Raises: LimitExceeded where comparing what came after the signatures would take too long."""
    objects = sum(len(reader.xrefs.explicit_refs_in_revision(one)) for one in range(reader.total_revisions))
    fields = _count_fields(reader)
    later = (reader.total_revisions - 1 - one.signed_revision for one in signatures)
    if sum(objects + updates * fields for updates in later if updates) > MAX_COMPARISONS:
        raise LimitExceeded(f"signatures and updates after them take {MAX_COMPARISONS} comparisons at most")


def _count_fields(reader: PdfFileReader) -> int:
    count, lists = 0, [reader.root["/AcroForm"]] if "/AcroForm" in reader.root else []
    while lists:
        above = lists.pop()
        for key in ("/Fields", "/Kids"):
            named = above.get(key, ArrayObject()).get_object()
            below = [one.get_object() for one in named] if isinstance(named, ArrayObject) else []
            count += len(below)
            if count > MAX_FIELDS:
                raise LimitExceeded(f"a PDF has {MAX_FIELDS} form fields at most")
            lists.extend(one for one in below if isinstance(one, DictionaryObject))
    return count
