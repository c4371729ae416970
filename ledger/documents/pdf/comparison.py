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

from ledger.documents.pdf.reading import Key
from ledger.documents.pdf.revisions import Revision, key_of, raw

#: How the data of a stream are packed, which says nothing of what they are.
_PACKING: Final = frozenset({"/Length", "/Filter", "/DecodeParms", "/DL"})
_Pair = tuple[PdfObject | None, PdfObject | None]


class Extent(IntEnum):
    """How much is different: nothing; there is more than there was; something is not what it was."""

    SAME = 0
    MORE = 1
    OTHER = 2


class Comparison:
    """Compares values of an older and a newer revision.

    Some objects are compared apart (pages, annotations, fields): `apart` names them and what each is in the newer
    revision. A reference to one of them is the same where it leads to that, and is not followed.
    """

    def __init__(self, old: Revision, new: Revision, apart: Mapping[Key, Key | None]) -> None:
        self._old, self._new, self._apart = old, new, apart
        self._same: set[tuple[Key, Key]] = set()

    def compare(self, old: PdfObject | None, new: PdfObject | None) -> Extent:
        """Return how much of a value is different. Raises: LimitExceeded, what pyHanko makes of hostile bytes."""
        extent, pending, visited = Extent.SAME, [(old, new)], set[tuple[Key, Key]]()
        while pending and extent is not Extent.OTHER:
            self._old.reader.count_step()
            before, after = pending.pop()
            keys = key_of(before), key_of(after)
            if keys[0] is not None and keys[0] in self._apart:
                extent = extent if keys[1] == self._apart[keys[0]] else Extent.OTHER
                continue
            if keys[0] is not None and keys[1] is not None:
                pair = keys[0], keys[1]
                if pair in visited or pair in self._same:
                    continue
                visited.add(pair)
            extent = max(extent, self._step(self._old.resolve(before), self._new.resolve(after), pending))
        if extent is Extent.SAME:
            self._same |= visited
        return extent

    def compare_members(self, old: DictionaryObject, new: DictionaryObject, *without: str) -> Extent:
        """Compare two dictionaries but for some members."""
        names = ({*old} | {*new}) - {*without}
        return max((self.compare(raw(old, name), raw(new, name)) for name in names), default=Extent.SAME)

    def _step(self, old: PdfObject | None, new: PdfObject | None, pending: list[_Pair]) -> Extent:
        """Compare two values but for what they hold, which is left to be compared."""
        if old is None or new is None:
            return Extent.SAME if old is new else Extent.OTHER if new is None else Extent.MORE
        if isinstance(old, StreamObject) or isinstance(new, StreamObject):
            return self._streams(old, new, pending)
        if isinstance(old, DictionaryObject) and isinstance(new, DictionaryObject):
            pending.extend((raw(old, name), raw(new, name)) for name in {*old} | {*new})
            return Extent.SAME
        if isinstance(old, ArrayObject) and isinstance(new, ArrayObject):
            return self._arrays(old, new, pending)
        return Extent.SAME if _is_same_value(old, new) else Extent.OTHER

    def _streams(self, old: PdfObject, new: PdfObject, pending: list[_Pair]) -> Extent:
        if not isinstance(old, StreamObject) or not isinstance(new, StreamObject):
            return Extent.OTHER
        packed = all(self.compare(raw(old, name), raw(new, name)) is Extent.SAME for name in _PACKING)
        if old is new and not packed:  # the same octets, of another length or to be unpacked otherwise
            return Extent.OTHER
        same = old is new or (packed and old.encoded_data == new.encoded_data)
        if not same and not _is_unpacked_same(old, new):
            return Extent.OTHER
        pending.extend((raw(old, name), raw(new, name)) for name in ({*old} | {*new}) - _PACKING)
        return Extent.SAME

    def _arrays(self, old: ArrayObject, new: ArrayObject, pending: list[_Pair]) -> Extent:
        """More elements are more only where those that were there stand in the same order."""
        before = [old.raw_get(place) for place in range(len(old))]
        after = [new.raw_get(place) for place in range(len(new))]
        if len(before) == len(after):
            pending.extend(zip(before, after, strict=True))
            return Extent.SAME
        remaining = iter(after)
        kept = all(any(self._is_alike(element, other) for other in remaining) for element in before)
        return Extent.MORE if kept else Extent.OTHER

    def _is_alike(self, old: PdfObject, new: PdfObject) -> bool:
        self._old.reader.count_step()
        if (
            key_of(old) is None
            and key_of(new) is None
            and not isinstance(old, ArrayObject | DictionaryObject)
        ):
            return _is_same_value(old, new)
        return self.compare(old, new) is Extent.SAME


def _is_same_value(old: PdfObject, new: PdfObject) -> bool:
    strings = TextStringObject | ByteStringObject
    if isinstance(old, strings) and isinstance(new, strings):
        return bool(old.original_bytes == new.original_bytes)
    if isinstance(old, BooleanObject) and isinstance(new, BooleanObject):
        return bool(old.value == new.value)
    kinds = [isinstance(value, NameObject | strings | BooleanObject) for value in (old, new)]
    if any(kinds) and type(old) is not type(new):
        return False
    return bool(old == new)


def _is_unpacked_same(old: StreamObject, new: StreamObject) -> bool:
    """Tell whether streams hold the same data, packed otherwise; what cannot be unpacked is not the same.

    How they are packed must stand in the streams themselves: what references lead to may have changed between.
    """
    if not all(_is_direct(raw(stream, name)) for stream in (old, new) for name in _PACKING - {"/Length"}):
        return False
    try:
        return bool(old.data == new.data)
    except Exception:  # noqa: BLE001 - whatever a filter makes of hostile bytes
        return False


def _is_direct(value: PdfObject | None) -> bool:
    if isinstance(value, DictionaryObject):
        return all(key_of(raw(value, name)) is None for name in value)
    if isinstance(value, ArrayObject):
        elements = [value.raw_get(place) for place in range(len(value))]
        return all(key_of(element) is None and _is_direct(element) for element in elements)
    return key_of(value) is None
