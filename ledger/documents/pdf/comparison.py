"""Compare two objects of a PDF as two revisions have them, and all that they lead to."""

# mypy: allow-untyped-calls
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from ledger.documents.pdf.reading import ObjectKey
from ledger.documents.pdf.revisions import Revision, get_key, get_raw

#: How the data of a stream are packed, which says nothing of what they are.
_PACKING_NAMES: Final = frozenset({"/Length", "/Filter", "/DecodeParms", "/DL"})
_ValuePair = tuple[PdfObject | None, PdfObject | None]


class Extent(IntEnum):
    """How much is different: nothing; there is more than there was; something is not what it was."""

    SAME = 0
    MORE = 1
    OTHER = 2


class Comparison:
    """Compares values of an older and a newer revision.

    Some objects are compared apart (pages, annotations, fields): `pairs_apart` names them and what each is in the newer
    revision. A reference to one of them is the same where it leads to that, and is not followed.
    """

    def __init__(
        self,
        old_revision: Revision,
        new_revision: Revision,
        pairs_apart: Mapping[ObjectKey, ObjectKey | None],
    ) -> None:
        self._old_revision, self._new_revision, self._pairs_apart = old_revision, new_revision, pairs_apart
        self._equal_pairs: set[tuple[ObjectKey, ObjectKey]] = set()

    def compare(self, old_value: PdfObject | None, new_value: PdfObject | None) -> Extent:
        """Return how much of a value is different. Raises: LimitExceeded, what pyHanko makes of hostile bytes."""
        extent, pending_pairs, visited_pairs = (
            Extent.SAME,
            [(old_value, new_value)],
            set[tuple[ObjectKey, ObjectKey]](),
        )
        while pending_pairs and extent is not Extent.OTHER:
            self._old_revision.reader.count_step()
            old_value, new_value = pending_pairs.pop()
            old_and_new_key = get_key(old_value), get_key(new_value)
            if old_and_new_key[0] is not None and old_and_new_key[0] in self._pairs_apart:
                extent = (
                    extent if old_and_new_key[1] == self._pairs_apart[old_and_new_key[0]] else Extent.OTHER
                )
                continue
            if old_and_new_key[0] is not None and old_and_new_key[1] is not None:
                key_pair = old_and_new_key[0], old_and_new_key[1]
                if key_pair in visited_pairs or key_pair in self._equal_pairs:
                    continue
                visited_pairs.add(key_pair)
            extent = max(
                extent,
                self._compare_values(
                    self._old_revision.resolve(old_value),
                    self._new_revision.resolve(new_value),
                    pending_pairs,
                ),
            )
        if extent is Extent.SAME:
            self._equal_pairs |= visited_pairs
        return extent

    def compare_members(
        self, old_value: DictionaryObject, new_value: DictionaryObject, *omitted_names: str
    ) -> Extent:
        """Compare two dictionaries but for some members."""
        names = ({*old_value} | {*new_value}) - {*omitted_names}
        return max(
            (self.compare(get_raw(old_value, name), get_raw(new_value, name)) for name in names),
            default=Extent.SAME,
        )

    def _compare_values(
        self, old_value: PdfObject | None, new_value: PdfObject | None, pending_pairs: list[_ValuePair]
    ) -> Extent:
        """Compare two values but for what they hold, which is left to be compared."""
        if old_value is None or new_value is None:
            return (
                Extent.SAME if old_value is new_value else Extent.OTHER if new_value is None else Extent.MORE
            )
        if isinstance(old_value, StreamObject) or isinstance(new_value, StreamObject):
            return self._compare_streams(old_value, new_value, pending_pairs)
        if isinstance(old_value, DictionaryObject) and isinstance(new_value, DictionaryObject):
            pending_pairs.extend(
                (get_raw(old_value, name), get_raw(new_value, name)) for name in {*old_value} | {*new_value}
            )
            return Extent.SAME
        if isinstance(old_value, ArrayObject) and isinstance(new_value, ArrayObject):
            return self._compare_arrays(old_value, new_value, pending_pairs)
        return Extent.SAME if _is_same_value(old_value, new_value) else Extent.OTHER

    def _compare_streams(
        self, old_value: PdfObject, new_value: PdfObject, pending_pairs: list[_ValuePair]
    ) -> Extent:
        if not isinstance(old_value, StreamObject) or not isinstance(new_value, StreamObject):
            return Extent.OTHER
        is_packed_alike = all(
            self.compare(get_raw(old_value, name), get_raw(new_value, name)) is Extent.SAME
            for name in _PACKING_NAMES
        )
        # The same octets, of another length or to be unpacked otherwise.
        if old_value is new_value and not is_packed_alike:
            return Extent.OTHER
        is_same = old_value is new_value or (
            is_packed_alike and old_value.encoded_data == new_value.encoded_data
        )
        if not is_same and not _is_unpacked_same(old_value, new_value):
            return Extent.OTHER
        pending_pairs.extend(
            (get_raw(old_value, name), get_raw(new_value, name))
            for name in ({*old_value} | {*new_value}) - _PACKING_NAMES
        )
        return Extent.SAME

    def _compare_arrays(
        self, old_value: ArrayObject, new_value: ArrayObject, pending_pairs: list[_ValuePair]
    ) -> Extent:
        """More elements are more only where those that were there stand in the same order."""
        old_elements = [old_value.raw_get(index) for index in range(len(old_value))]
        new_elements = [new_value.raw_get(index) for index in range(len(new_value))]
        if len(old_elements) == len(new_elements):
            pending_pairs.extend(zip(old_elements, new_elements, strict=True))
            return Extent.SAME
        remaining_elements = iter(new_elements)
        are_all_kept = all(
            any(self._is_alike(element, candidate) for candidate in remaining_elements)
            for element in old_elements
        )
        return Extent.MORE if are_all_kept else Extent.OTHER

    def _is_alike(self, old_value: PdfObject, new_value: PdfObject) -> bool:
        self._old_revision.reader.count_step()
        if (
            get_key(old_value) is None
            and get_key(new_value) is None
            and not isinstance(old_value, ArrayObject | DictionaryObject)
        ):
            return _is_same_value(old_value, new_value)
        return self.compare(old_value, new_value) is Extent.SAME


def _is_same_value(old_value: PdfObject, new_value: PdfObject) -> bool:
    string_types = TextStringObject | ByteStringObject
    if isinstance(old_value, string_types) and isinstance(new_value, string_types):
        return bool(old_value.original_bytes == new_value.original_bytes)
    if isinstance(old_value, BooleanObject) and isinstance(new_value, BooleanObject):
        return bool(old_value.value == new_value.value)
    are_scalars = [
        isinstance(value, NameObject | string_types | BooleanObject) for value in (old_value, new_value)
    ]
    if any(are_scalars) and type(old_value) is not type(new_value):
        return False
    return bool(old_value == new_value)


def _is_unpacked_same(old_value: StreamObject, new_value: StreamObject) -> bool:
    """Tell whether streams hold the same data, packed otherwise; what cannot be unpacked is not the same.

    How they are packed must stand in the streams themselves: what references lead to may have changed between.
    """
    if not all(
        _is_direct(get_raw(stream, name))
        for stream in (old_value, new_value)
        for name in _PACKING_NAMES - {"/Length"}
    ):
        return False
    try:
        return bool(old_value.data == new_value.data)
    except Exception:  # noqa: BLE001 - whatever a filter makes of hostile bytes
        return False


def _is_direct(value: PdfObject | None) -> bool:
    if isinstance(value, DictionaryObject):
        return all(get_key(get_raw(value, name)) is None for name in value)
    if isinstance(value, ArrayObject):
        elements = [value.raw_get(index) for index in range(len(value))]
        return all(get_key(element) is None and _is_direct(element) for element in elements)
    return get_key(value) is None
