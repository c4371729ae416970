"""Limits on a PDF: its updates are compared with what each signature before them covers.

What takes the time is reading: the objects of the file once for each signature, its form fields once for each update
after it. Files of a few hundred kilobytes could keep a reader busy for hours.
"""

from collections.abc import Iterable
from typing import Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject

from ledger.documents.pdf.bounds import MAX_NAME_LETTERS, MAX_REVISIONS
from ledger.documents.pdf.placed import PlacedSignature
from ledger.documents.pdf.reading import Reader
from ledger.errors import LimitExceeded

#: Of a form, those named again and again counted as often: a list can grow without end.
MAX_FIELDS: Final = 10_000
#: Objects and fields: 64 signatures, one after another, take 150,000.
MAX_COMPARISONS: Final = 200_000


def check_size(reader: Reader) -> None:
    """Raises: LimitExceeded for more updates or form fields than are compared."""
    if reader.total_revisions > MAX_REVISIONS:
        raise LimitExceeded(f"a PDF has {MAX_REVISIONS} updates at most")
    _count_fields(reader)


def check_comparisons(reader: Reader, signatures: Iterable[PlacedSignature]) -> None:
    """Raises: LimitExceeded where comparing what came after the signatures would take too long."""
    revision_numbers = range(reader.total_revisions)
    object_count = sum(
        len(reader.xrefs.explicit_refs_in_revision(revision_number)) for revision_number in revision_numbers
    )
    field_count = _count_fields(reader)
    later_update_counts = (reader.total_revisions - 1 - signature.revision for signature in signatures)
    if (
        sum(object_count + update_count * field_count for update_count in later_update_counts if update_count)
        > MAX_COMPARISONS
    ):
        raise LimitExceeded(f"signatures and updates after them take {MAX_COMPARISONS} comparisons at most")


def _count_fields(reader: Reader) -> int:
    """Return how many fields the form has. Raises: LimitExceeded for too many, and for too long a name."""
    field_count, pending_parents = 0, [(reader.root["/AcroForm"], 0)] if "/AcroForm" in reader.root else []
    while pending_parents:
        parent, name_length = pending_parents.pop()
        for member_name in ("/Fields", "/Kids"):
            field_array = parent.get(member_name, ArrayObject()).get_object()
            fields = (
                [field.get_object() for field in field_array] if isinstance(field_array, ArrayObject) else []
            )
            field_count += len(fields)
            if field_count > MAX_FIELDS:
                raise LimitExceeded(f"a PDF has {MAX_FIELDS} form fields at most")
            pending_parents.extend(
                (field, name_length + _count_own_letters(field))
                for field in fields
                if isinstance(field, DictionaryObject)
            )
        if name_length > MAX_NAME_LETTERS:
            raise LimitExceeded(f"the name of a form field has {MAX_NAME_LETTERS} letters at most")
    return field_count


def _count_own_letters(field: DictionaryObject) -> int:
    """Return by how many letters, and a dot, a field makes the names of those below it longer."""
    return 1 + (len(str(field["/T"])) if "/T" in field else 0)
