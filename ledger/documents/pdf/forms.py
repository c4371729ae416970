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
from ledger.documents.pdf.reading import ObjectKey
from ledger.documents.pdf.revisions import Field, Node, Page, Revision, get_key, get_raw

SIGNATURE_TYPE: Final = "/Sig"
#: ISO 32000-2, 12.8.5: a timestamp of the document as it stands.
DOCUMENT_TIMESTAMP: Final = "/ETSI.RFC3161"
#: How a dictionary hangs in the file, which says nothing of what it is.
_PLACING_MEMBERS: Final = ("/P", "/Parent", "/Kids", "/StructParent")
_VALUE_MEMBERS: Final = ("/V", "/AS", "/AP", "/RV", "/I", "/TI")
#: How a reader writes a value that it draws anew; writers set it with the value.
_WRITING_MEMBERS: Final = ("/DA", "/Q")
#: What a signature field looks like, and what writers set beside it where they sign (12.5.2, 12.5.6.19, 12.7.4.3).
_LOOK_MEMBERS: Final = ("/AP", "/AS", "/MK", "/BS", "/Border", "/C", "/DA", "/DR", "/H", "/Q")
_FLAGS_MEMBER: Final = "/F"
_BEHAVIOUR_MEMBERS: Final = ("/A", "/AA")
#: What a form draws its fields with where a reader draws them anew (12.7.3, 12.7.4.3).
_DRAWING_MEMBERS: Final = ("/DA", "/DR", "/Q")
_FORM_MEMBERS: Final = frozenset({"/Fields", "/NeedAppearances", "/SigFlags", "/XFA", *_DRAWING_MEMBERS})


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
    filled_names: set[str] = field(default_factory=set)

    def add_extent(self, extent: Extent, *, more_change: Change, other_change: Change) -> None:
        if extent is not Extent.SAME:
            self.kinds.add(more_change if extent is Extent.MORE else other_change)


class FormComparison:
    """Compares the fields and annotations of two revisions, and notes what is different."""

    def __init__(
        self, old_revision: Revision, new_revision: Revision, comparison: Comparison, changes: Changes
    ) -> None:
        self._old_revision, self._new_revision, self._comparison, self._changes = (
            old_revision,
            new_revision,
            comparison,
            changes,
        )
        self._old_fields, self._new_fields = (
            index_fields_by_key(old_revision),
            index_fields_by_key(new_revision),
        )

    def compare_fields(self) -> None:
        """Compare the fields of the forms, and the forms themselves."""
        field_pairs = pair_fields(self._old_revision, self._new_revision)
        for old_field, new_field in field_pairs:
            if new_field is None:
                self._note_missing(old_field)
            else:
                self._compare_field(old_field, new_field)
        paired_ids = {id(new_field) for _, new_field in field_pairs}
        for new_field in self._new_revision.fields:
            if id(new_field) not in paired_ids:
                self._note_added(new_field)
        self._compare_forms(
            self._old_revision.form or DictionaryObject(), self._new_revision.form or DictionaryObject()
        )

    def compare_annotations(self, old_page: Page, new_page: Page) -> None:
        """Compare what lies on a page; the places of form fields are compared with those."""
        remaining_annotations = list(new_page.annotations)
        new_indexes = []
        for annotation in old_page.annotations:
            new_index = _find_annotation_index(annotation, remaining_annotations)
            if new_index is None:
                self._note_gone(annotation)
                continue
            new_annotation = remaining_annotations.pop(new_index)
            new_indexes.append(
                next(
                    index
                    for index, candidate in enumerate(new_page.annotations)
                    if candidate is new_annotation
                )
            )
            if annotation.key not in self._old_fields or new_annotation.key not in self._new_fields:
                self._compare_annotation(annotation.content, new_annotation.content)
        if new_indexes != sorted(new_indexes):
            self._changes.kinds.add(Change.UNEXPLAINED)
        for annotation in remaining_annotations:
            self._note_placed(annotation)

    def _note_gone(self, annotation: Node) -> None:
        form_field = self._old_fields.get(annotation.key)
        is_empty_signature = (
            form_field is not None
            and form_field.field_type == SIGNATURE_TYPE
            and not self._is_signed(form_field)
        )
        is_shown = self._old_revision.is_seen(annotation.content) and not is_empty_signature
        self._changes.kinds.add(Change.ALTERED if is_shown else Change.UNEXPLAINED)

    def _note_placed(self, annotation: Node) -> None:
        form_field = self._new_fields.get(annotation.key)
        is_signature = form_field is not None and form_field.field_type == SIGNATURE_TYPE
        if not is_signature or self._new_revision.is_seen(annotation.content):
            self._changes.kinds.add(Change.LOOK_ADDED)

    def _compare_annotation(self, old_annotation: DictionaryObject, new_annotation: DictionaryObject) -> None:
        self._note_look(old_annotation, new_annotation, *_PLACING_MEMBERS)

    def _note_look(
        self, old_content: DictionaryObject, new_content: DictionaryObject, *omitted_names: str
    ) -> None:
        """Note what is different of something that is shown, or was hidden."""
        extent = self._comparison.compare_members(old_content, new_content, *omitted_names)
        is_seen = "/Rect" not in old_content or self._old_revision.is_seen(old_content)
        if is_seen and "/Rect" in old_content and not self._new_revision.is_seen(new_content):
            self._changes.kinds.add(Change.ALTERED)
        change_of_other = Change.ALTERED if is_seen else Change.LOOK_ADDED
        self._changes.add_extent(extent, more_change=Change.LOOK_ADDED, other_change=change_of_other)

    def _is_signed(self, form_field: Field) -> bool:
        return self._old_revision.resolve(form_field.value) is not None

    def _compare_field(self, old_field: Field, new_field: Field) -> None:
        if old_field.field_type != SIGNATURE_TYPE:
            self._compare_other_field(old_field, new_field)
        elif self._is_signed(old_field):
            self._compare_signed(old_field, new_field)
        else:
            self._compare_empty(old_field, new_field)

    def _compare_other_field(self, old_field: Field, new_field: Field) -> None:
        old_content, new_content = old_field.node.content, new_field.node.content
        if any(
            self._comparison.compare(get_raw(old_content, name), get_raw(new_content, name))
            for name in _VALUE_MEMBERS
        ):
            self._changes.kinds.add(Change.FILLED)
            self._changes.filled_names.add(old_field.name)
        elif any(
            self._comparison.compare(get_raw(old_content, name), get_raw(new_content, name))
            for name in _WRITING_MEMBERS
        ):
            self._changes.kinds.add(Change.LOOK_ADDED)
        self._note_look(old_content, new_content, *_PLACING_MEMBERS, *_VALUE_MEMBERS, *_WRITING_MEMBERS)

    def _compare_signed(self, old_field: Field, new_field: Field) -> None:
        old_content, new_content = old_field.node.content, new_field.node.content
        extent = self._comparison.compare_members(old_content, new_content, *_PLACING_MEMBERS, "/V")
        self._changes.add_extent(extent, more_change=Change.LOOK_ADDED, other_change=Change.ALTERED)
        old_value, new_value = (
            self._old_revision.get_dictionary(old_content, "/V"),
            self._new_revision.get_dictionary(new_content, "/V"),
        )
        if (
            old_value is None
            or new_value is None
            or extract_contents(old_value) != extract_contents(new_value)
        ):
            self._changes.kinds.update({Change.ALTERED} if old_value is not new_value else ())
            return
        extent = self._comparison.compare_members(old_value, new_value, "/Contents")
        self._changes.add_extent(extent, more_change=Change.UNEXPLAINED, other_change=Change.ALTERED)

    def _compare_empty(self, old_field: Field, new_field: Field) -> None:
        """Compare a field that nobody had signed: whoever signed the document left its place for somebody."""
        old_content, new_content = old_field.node.content, new_field.node.content
        is_signed = self._note_signed(new_field)
        if "/Rect" in old_content or "/Rect" in new_content:
            self._compare_look(old_content, new_content, is_signed=is_signed)
        rest_extent = self._comparison.compare_members(
            old_content, new_content, *_PLACING_MEMBERS, *_LOOK_MEMBERS, _FLAGS_MEMBER, "/V", "/Rect", "/M"
        )
        if rest_extent is not Extent.SAME:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _compare_look(
        self, old_content: DictionaryObject, new_content: DictionaryObject, *, is_signed: bool
    ) -> None:
        are_old_and_new_seen = (
            self._old_revision.is_seen(old_content),
            self._new_revision.is_seen(new_content),
        )
        place_extent = self._comparison.compare(get_raw(old_content, "/Rect"), get_raw(new_content, "/Rect"))
        is_look_changed = any(
            self._comparison.compare(get_raw(old_content, name), get_raw(new_content, name))
            for name in _LOOK_MEMBERS
        )
        if are_old_and_new_seen[1] and (
            place_extent or not are_old_and_new_seen[0] or (is_look_changed and not is_signed)
        ):
            self._changes.kinds.add(Change.LOOK_ADDED)
        elif are_old_and_new_seen[1] and is_look_changed:
            self._changes.kinds.add(Change.SIGNED_LOOK)
        elif are_old_and_new_seen[0] and not are_old_and_new_seen[1]:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _note_signed(self, new_field: Field) -> bool:
        """Note a signature in a field; one that the older revision had elsewhere is no new one."""
        value, key = self._new_revision.resolve(new_field.value), get_key(new_field.value)
        if not isinstance(value, DictionaryObject):
            return False
        section = (
            None if key is None else self._new_revision.reader.find_section(key, self._new_revision.number)
        )
        if section is not None and section <= self._old_revision.number:
            self._changes.kinds.add(Change.UNEXPLAINED)
            return False
        is_stamp = str(self._new_revision.get(value, "/SubFilter")) == DOCUMENT_TIMESTAMP
        self._changes.kinds.add(Change.STAMPED if is_stamp else Change.SIGNED)
        return True

    def _note_missing(self, old_field: Field) -> None:
        was_signed = old_field.field_type == SIGNATURE_TYPE and self._is_signed(old_field)
        self._changes.kinds.add(Change.ALTERED if was_signed else Change.UNEXPLAINED)

    def _note_added(self, new_field: Field) -> None:
        content = new_field.node.content
        is_shown = "/Rect" in content and self._new_revision.is_seen(content)
        if is_shown or any(name in content for name in _BEHAVIOUR_MEMBERS):
            self._changes.kinds.add(Change.LOOK_ADDED)
        if new_field.field_type == SIGNATURE_TYPE:
            self._changes.kinds.add(Change.UNSEEN)
            self._note_signed(new_field)
        elif new_field.field_type is not None or "/Kids" not in content:
            self._changes.kinds.add(Change.UNEXPLAINED)

    def _compare_forms(self, old_form: DictionaryObject, new_form: DictionaryObject) -> None:
        """Compare what belongs to no field: a reader may draw every field anew with it."""
        for name in ({*old_form} | {*new_form}) - _FORM_MEMBERS:
            if self._comparison.compare(get_raw(old_form, name), get_raw(new_form, name)):
                self._changes.kinds.add(Change.UNEXPLAINED)
        extent = self._comparison.compare(get_raw(old_form, "/XFA"), get_raw(new_form, "/XFA"))
        self._changes.add_extent(extent, more_change=Change.LOOK_ADDED, other_change=Change.ALTERED)
        if self._comparison.compare(get_raw(old_form, "/SigFlags"), get_raw(new_form, "/SigFlags")):
            self._changes.kinds.add(Change.UNSEEN)
        if not any(
            form_field.field_type not in (None, SIGNATURE_TYPE) for form_field in self._old_revision.fields
        ):
            return  # nothing is drawn with the rest
        if self._is_drawn_anew(self._old_revision, old_form) != self._is_drawn_anew(
            self._new_revision, new_form
        ):
            self._changes.kinds.add(Change.LOOK_ADDED)
        for name in _DRAWING_MEMBERS:
            if self._comparison.compare(get_raw(old_form, name), get_raw(new_form, name)):
                is_harmless = name == "/DR" and self._are_kept(old_form, new_form)
                self._changes.kinds.add(Change.UNSEEN if is_harmless else Change.LOOK_ADDED)

    @staticmethod
    def _is_drawn_anew(revision: Revision, form: DictionaryObject) -> bool:
        need_appearances = revision.get(form, "/NeedAppearances")
        return isinstance(need_appearances, BooleanObject) and bool(need_appearances.value)

    def _are_kept(self, old_form: DictionaryObject, new_form: DictionaryObject) -> bool:
        """Tell whether every resource that fields are drawn with is what it was, beside others, and none is drawn anew."""
        if self._is_drawn_anew(self._old_revision, old_form):
            return False
        old_resources = self._old_revision.get_dictionary(old_form, "/DR") or DictionaryObject()
        new_resources = self._new_revision.get_dictionary(new_form, "/DR") or DictionaryObject()
        for category in old_resources:
            old_category, new_category = (
                self._old_revision.get_dictionary(old_resources, category),
                self._new_revision.get_dictionary(new_resources, category),
            )
            if old_category is None or new_category is None:
                if self._comparison.compare(
                    get_raw(old_resources, category), get_raw(new_resources, category)
                ):
                    return False
            elif any(
                self._comparison.compare(get_raw(old_category, name), get_raw(new_category, name))
                for name in old_category
            ):
                return False
        return True


def index_fields_by_key(revision: Revision) -> dict[ObjectKey | None, Field]:
    """Return the nodes of a form by number and generation."""
    return {
        form_field.node.key: form_field for form_field in revision.fields if form_field.node.key is not None
    }


def pair_fields(old_revision: Revision, new_revision: Revision) -> list[tuple[Field, Field | None]]:
    """Return each field with what it is in the newer revision: of the same number, else of the same name."""
    new_field_by_key, new_field_by_name = (
        index_fields_by_key(new_revision),
        {new_field.name: new_field for new_field in reversed(new_revision.fields)},
    )
    new_field_by_place = _index_fields_by_place(new_revision)
    field_pairs: list[tuple[Field, Field | None]] = []
    for name_and_place, old_field in _index_fields_by_place(old_revision).items():
        new_field = (
            new_field_by_key.get(old_field.node.key)
            if old_field.node.key is not None
            else new_field_by_place.get(name_and_place)
        )
        if new_field is None and "/T" in old_field.node.content:
            new_field = new_field_by_name.get(old_field.name)
        field_pairs.append((old_field, new_field))
    return field_pairs


def _index_fields_by_place(revision: Revision) -> dict[tuple[str, bool, int], Field]:
    """Return the nodes of a form by name, whether they have a number of their own, and the how-manieth of those."""
    field_counts: dict[tuple[str, bool], int] = {}
    field_by_place: dict[tuple[str, bool, int], Field] = {}
    for form_field in revision.fields:
        name_and_keyless = form_field.name, form_field.node.key is None
        field_counts[name_and_keyless] = field_counts.get(name_and_keyless, 0) + 1
        field_by_place[*name_and_keyless, field_counts[name_and_keyless]] = form_field
    return field_by_place


def _find_annotation_index(annotation: Node, annotations: Iterable[Node]) -> int | None:
    """Return the place of the same annotation: of the same number, or the first that has none either."""
    return next(
        (index for index, candidate in enumerate(annotations) if candidate.key == annotation.key), None
    )
