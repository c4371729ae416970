"""Compare annotations and form fields of two revisions of a PDF.

What was signed, filled in, shown, or is no longer the same.
"""

# mypy: allow-untyped-calls
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from pyhanko.pdf_utils.generic import BooleanObject, DictionaryObject
from pyhanko.sign.validation.pdf_embedded import extract_contents

from ledger.documents.pdf.comparison import Comparison, Extent
from ledger.documents.pdf.reading import Key
from ledger.documents.pdf.revisions import Field, Node, Page, Revision, key_of, raw

SIGNATURE: Final = "/Sig"
#: ISO 32000-2, 12.8.5: a timestamp of the document as it stands.
DOCUMENT_TIMESTAMP: Final = "/ETSI.RFC3161"
#: How a dictionary hangs in the file, which says nothing of what it is.
_PLACING: Final = ("/P", "/Parent", "/Kids", "/StructParent")
_VALUES: Final = ("/V", "/AS", "/AP", "/RV", "/I", "/TI")
#: How a reader writes a value that it draws anew; writers set it with the value.
_WRITING: Final = ("/DA", "/Q")
#: What a signature field looks like, and what writers set beside it where they sign (12.5.2, 12.5.6.19, 12.7.4.3).
_LOOK: Final = ("/AP", "/AS", "/MK", "/BS", "/Border", "/C", "/DA", "/DR", "/H", "/Q")
_FLAGS: Final = "/F"
_BEHAVIOUR: Final = ("/A", "/AA")
#: What a form draws its fields with where a reader draws them anew (12.7.3, 12.7.4.3).
_DRAWING: Final = ("/DA", "/DR", "/Q")
_OF_FORM: Final = frozenset({"/Fields", "/NeedAppearances", "/SigFlags", "/XFA", *_DRAWING})


class Change(Enum):
    """A kind of difference between what a signature covers and the file as it is."""

    DATA = auto()  # data to validate signatures
    UNSEEN = auto()  # no reader shows it, and it says nothing of the content
    SIGNED = auto()
    STAMPED = auto()
    SIGNED_LOOK = auto()  # the look of an empty field that was signed
    FILLED = auto()
    LOOK_ADDED = auto()
    UNEXPLAINED = auto()
    ALTERED = auto()


@dataclass(slots=True)
class Changes:
    """What came after a signature: kinds of change, and the names of fields that were filled in."""

    kinds: set[Change] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)

    def add_extent(self, extent: Extent, *, more: Change, other: Change) -> None:
        if extent is not Extent.SAME:
            self.kinds.add(more if extent is Extent.MORE else other)


class FormComparison:
    """Compares the fields and annotations of two revisions, and notes what is different."""

    def __init__(self, old: Revision, new: Revision, comparison: Comparison, changes: Changes) -> None:
        self._old, self._new, self._comparison, self._changes = old, new, comparison, changes
        self._old_fields, self._new_fields = fields_by_key(old), fields_by_key(new)

    def compare_fields(self) -> None:
        """Compare the fields of the forms, and the forms themselves."""
        partners = pair_fields(self._old, self._new)
        for before, after in partners:
            if after is None:
                self._note_missing(before)
            else:
                self._compare_field(before, after)
        known = {id(after) for _, after in partners}
        for added in self._new.fields:
            if id(added) not in known:
                self._note_added(added)
        self._compare_forms(self._old.form or DictionaryObject(), self._new.form or DictionaryObject())

    def compare_annotations(self, before: Page, after: Page) -> None:
        """Compare what lies on a page; the places of form fields are compared with those."""
        remaining = list(after.annotations)
        order = []
        for annotation in before.annotations:
            place = _find(annotation, remaining)
            if place is None:
                self._note_gone(annotation)
                continue
            other = remaining.pop(place)
            order.append(next(at for at, each in enumerate(after.annotations) if each is other))
            if annotation.key not in self._old_fields or other.key not in self._new_fields:
                self._compare_annotation(annotation.content, other.content)
        if order != sorted(order):
            self._changes.kinds.add(Change.UNEXPLAINED)
        for annotation in remaining:
            self._note_placed(annotation)

    def _note_gone(self, annotation: Node) -> None:
        form_field = self._old_fields.get(annotation.key)
        empty = form_field is not None and form_field.kind == SIGNATURE and not self._is_signed(form_field)
        shown = self._old.is_seen(annotation.content) and not empty
        self._changes.kinds.add(Change.ALTERED if shown else Change.UNEXPLAINED)

    def _note_placed(self, annotation: Node) -> None:
        form_field = self._new_fields.get(annotation.key)
        signature = form_field is not None and form_field.kind == SIGNATURE
        if not signature or self._new.is_seen(annotation.content):
            self._changes.kinds.add(Change.LOOK_ADDED)

    def _compare_annotation(self, old: DictionaryObject, new: DictionaryObject) -> None:
        self._note_look(old, new, *_PLACING)

    def _note_look(self, old: DictionaryObject, new: DictionaryObject, *without: str) -> None:
        """Note what is different of something that is shown, or was hidden."""
        extent = self._comparison.compare_members(old, new, *without)
        seen = "/Rect" not in old or self._old.is_seen(old)
        if seen and "/Rect" in old and not self._new.is_seen(new):
            self._changes.kinds.add(Change.ALTERED)
        other = Change.ALTERED if seen else Change.LOOK_ADDED
        self._changes.add_extent(extent, more=Change.LOOK_ADDED, other=other)

    def _is_signed(self, form_field: Field) -> bool:
        return self._old.resolve(form_field.value) is not None

    def _compare_field(self, old: Field, new: Field) -> None:
        if old.kind != SIGNATURE:
            self._compare_other_field(old, new)
        elif self._is_signed(old):
            self._compare_signed(old, new)
        else:
            self._compare_empty(old, new)

    def _compare_other_field(self, old: Field, new: Field) -> None:
        before, after = old.node.content, new.node.content
        if any(self._comparison.compare(raw(before, name), raw(after, name)) for name in _VALUES):
            self._changes.kinds.add(Change.FILLED)
            self._changes.filled.add(old.name)
        elif any(self._comparison.compare(raw(before, name), raw(after, name)) for name in _WRITING):
            self._changes.kinds.add(Change.LOOK_ADDED)
        self._note_look(before, after, *_PLACING, *_VALUES, *_WRITING)

    def _compare_signed(self, old: Field, new: Field) -> None:
        before, after = old.node.content, new.node.content
        extent = self._comparison.compare_members(before, after, *_PLACING, "/V")
        self._changes.add_extent(extent, more=Change.LOOK_ADDED, other=Change.ALTERED)
        value, other = self._old.dictionary(before, "/V"), self._new.dictionary(after, "/V")
        if value is None or other is None or extract_contents(value) != extract_contents(other):
            self._changes.kinds.update({Change.ALTERED} if value is not other else ())
            return
        extent = self._comparison.compare_members(value, other, "/Contents")
        self._changes.add_extent(extent, more=Change.UNEXPLAINED, other=Change.ALTERED)

    def _compare_empty(self, old: Field, new: Field) -> None:
        """Compare a field that nobody had signed: whoever signed the document left its place for somebody."""
        before, after = old.node.content, new.node.content
        signed = self._note_signed(new)
        if "/Rect" in before or "/Rect" in after:
            self._compare_look(before, after, signed=signed)
        rest = self._comparison.compare_members(before, after, *_PLACING, *_LOOK, _FLAGS, "/V", "/Rect", "/M")
        if rest is not Extent.SAME:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _compare_look(self, before: DictionaryObject, after: DictionaryObject, *, signed: bool) -> None:
        seen = self._old.is_seen(before), self._new.is_seen(after)
        moved = self._comparison.compare(raw(before, "/Rect"), raw(after, "/Rect"))
        look = any(self._comparison.compare(raw(before, name), raw(after, name)) for name in _LOOK)
        if seen[1] and (moved or not seen[0] or (look and not signed)):
            self._changes.kinds.add(Change.LOOK_ADDED)
        elif seen[1] and look:
            self._changes.kinds.add(Change.SIGNED_LOOK)
        elif seen[0] and not seen[1]:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _note_signed(self, new: Field) -> bool:
        """Note a signature in a field; one that the older revision had elsewhere is no new one."""
        value, key = self._new.resolve(new.value), key_of(new.value)
        if not isinstance(value, DictionaryObject):
            return False
        section = None if key is None else self._new.reader.find_section(key, self._new.number)
        if section is not None and section <= self._old.number:
            self._changes.kinds.add(Change.UNEXPLAINED)
            return False
        stamp = str(self._new.get(value, "/SubFilter")) == DOCUMENT_TIMESTAMP
        self._changes.kinds.add(Change.STAMPED if stamp else Change.SIGNED)
        return True

    def _note_missing(self, old: Field) -> None:
        gone = old.kind == SIGNATURE and self._is_signed(old)
        self._changes.kinds.add(Change.ALTERED if gone else Change.UNEXPLAINED)

    def _note_added(self, new: Field) -> None:
        content = new.node.content
        shown = "/Rect" in content and self._new.is_seen(content)
        if shown or any(name in content for name in _BEHAVIOUR):
            self._changes.kinds.add(Change.LOOK_ADDED)
        if new.kind == SIGNATURE:
            self._changes.kinds.add(Change.UNSEEN)
            self._note_signed(new)
        elif new.kind is not None or "/Kids" not in content:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _compare_forms(self, old: DictionaryObject, new: DictionaryObject) -> None:
        """Compare what belongs to no field: a reader may draw every field anew with it."""
        for name in ({*old} | {*new}) - _OF_FORM:
            if self._comparison.compare(raw(old, name), raw(new, name)):
                self._changes.kinds.add(Change.UNEXPLAINED)
        extent = self._comparison.compare(raw(old, "/XFA"), raw(new, "/XFA"))
        self._changes.add_extent(extent, more=Change.LOOK_ADDED, other=Change.ALTERED)
        if self._comparison.compare(raw(old, "/SigFlags"), raw(new, "/SigFlags")):
            self._changes.kinds.add(Change.UNSEEN)
        if not any(each.kind not in (None, SIGNATURE) for each in self._old.fields):
            return  # nothing is drawn with the rest
        if self._is_drawn_anew(self._old, old) != self._is_drawn_anew(self._new, new):
            self._changes.kinds.add(Change.LOOK_ADDED)
        for name in _DRAWING:
            if self._comparison.compare(raw(old, name), raw(new, name)):
                harmless = name == "/DR" and self._are_kept(old, new)
                self._changes.kinds.add(Change.UNSEEN if harmless else Change.LOOK_ADDED)

    @staticmethod
    def _is_drawn_anew(revision: Revision, form: DictionaryObject) -> bool:
        anew = revision.get(form, "/NeedAppearances")
        return isinstance(anew, BooleanObject) and bool(anew.value)

    def _are_kept(self, old: DictionaryObject, new: DictionaryObject) -> bool:
        """Tell whether every resource that fields are drawn with is what it was, beside others, and none is drawn anew."""
        if self._is_drawn_anew(self._old, old):
            return False
        before = self._old.dictionary(old, "/DR") or DictionaryObject()
        after = self._new.dictionary(new, "/DR") or DictionaryObject()
        for category in before:
            there, here = self._old.dictionary(before, category), self._new.dictionary(after, category)
            if there is None or here is None:
                if self._comparison.compare(raw(before, category), raw(after, category)):
                    return False
            elif any(self._comparison.compare(raw(there, name), raw(here, name)) for name in there):
                return False
        return True


def fields_by_key(revision: Revision) -> dict[Key | None, Field]:
    """Return the nodes of a form by number and generation."""
    return {each.node.key: each for each in revision.fields if each.node.key is not None}


def pair_fields(old: Revision, new: Revision) -> list[tuple[Field, Field | None]]:
    """Return each field with what it is in the newer revision: of the same number, else of the same name."""
    by_key, by_name = fields_by_key(new), {each.name: each for each in reversed(new.fields)}
    places = _by_place(new)
    pairs: list[tuple[Field, Field | None]] = []
    for place, each in _by_place(old).items():
        after = by_key.get(each.node.key) if each.node.key is not None else places.get(place)
        if after is None and "/T" in each.node.content:
            after = by_name.get(each.name)
        pairs.append((each, after))
    return pairs


def _by_place(revision: Revision) -> dict[tuple[str, bool, int], Field]:
    """Return the nodes of a form by name, whether they have a number of their own, and the how-manieth of those."""
    counts: dict[tuple[str, bool], int] = {}
    places: dict[tuple[str, bool, int], Field] = {}
    for each in revision.fields:
        sort = each.name, each.node.key is None
        counts[sort] = counts.get(sort, 0) + 1
        places[*sort, counts[sort]] = each
    return places


def _find(annotation: Node, among: Iterable[Node]) -> int | None:
    """Return the place of the same annotation: of the same number, or the first that has none either."""
    return next((place for place, other in enumerate(among) if other.key == annotation.key), None)
