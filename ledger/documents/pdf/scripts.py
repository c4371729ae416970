"""Find scripts (JavaScript) in a PDF.

A reader that runs them may show something else than the pages say.

Looked at are the names of the catalog, what happens at opening, printing and turning pages, annotations, fields, outlines
and the form in XML (ISO 32000-2, 12.6.3, 12.6.4.17, 12.7.8; XFA). Nothing is run.
"""

from collections.abc import Iterator
from typing import Final

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, PdfObject, StreamObject

from ledger.documents.pdf.reading import ObjectKey, Reader
from ledger.documents.pdf.revisions import Revision, get_key, get_raw, read_revision

_ACTION_MEMBERS: Final = ("/A", "/AA", "/OpenAction")
#: Members of an action that lead to others, or to pages and fields that are looked at by themselves.
_UNFOLLOWED_MEMBERS: Final = frozenset({"/D", "/P", "/Parent", "/T", "/Annotation", "/AN"})
_XFA_SCRIPT_SIGNS: Final = (b"<script", b":script", b"javascript")


def has_scripts(reader: Reader) -> bool:
    """Tell whether the last revision carries scripts. Raises: LimitExceeded, what pyHanko makes of hostile bytes."""
    revision = read_revision(reader, reader.total_revisions - 1)
    names_dictionary = revision.get_dictionary(revision.root, "/Names")
    if names_dictionary is not None and revision.get(names_dictionary, "/JavaScript") is not None:
        return True
    if any(
        _runs_scripts(revision, get_raw(dictionary, name))
        for dictionary in _walk_action_holders(revision)
        for name in _ACTION_MEMBERS
    ):
        return True
    return revision.form is not None and _has_scripted_form(revision, revision.form)


def _walk_action_holders(revision: Revision) -> Iterator[DictionaryObject]:
    """Return the dictionaries in which an action can stand."""
    yield revision.root
    for page in revision.pages:
        yield page.node.content
        yield from (annotation.content for annotation in page.annotations)
    yield from (field.node.content for field in revision.fields)
    pending_outline_items = [revision.get_dictionary(revision.root, "/Outlines")]
    visited_ids: set[int] = set()
    while pending_outline_items:
        outline_item = pending_outline_items.pop()
        if outline_item is not None and id(outline_item) not in visited_ids:
            visited_ids.add(id(outline_item))
            revision.reader.count_step()
            yield outline_item
            pending_outline_items += [
                revision.get_dictionary(outline_item, "/First"),
                revision.get_dictionary(outline_item, "/Next"),
            ]


def _runs_scripts(revision: Revision, action: PdfObject | None) -> bool:
    pending_values, visited_keys = [action], set[ObjectKey]()
    while pending_values:
        value = pending_values.pop()
        key = get_key(value)
        if key is not None and key in visited_keys:
            continue
        visited_keys |= set() if key is None else {key}
        revision.reader.count_step()
        value = revision.resolve(value)
        if isinstance(value, DictionaryObject):
            if "/JS" in value or str(revision.get(value, "/S")) == "/JavaScript":
                return True
            if "/Kids" not in value:  # a page or a field, not an action
                pending_values.extend(get_raw(value, name) for name in {*value} - _UNFOLLOWED_MEMBERS)
        elif isinstance(value, ArrayObject) and not _is_destination(revision, value):
            pending_values.extend(value.raw_get(index) for index in range(len(value)))
    return False


def _is_destination(revision: Revision, value: ArrayObject) -> bool:
    first_element = revision.resolve(value.raw_get(0)) if value else None
    return isinstance(first_element, DictionaryObject) and "/Parent" in first_element


def _has_scripted_form(revision: Revision, form: DictionaryObject) -> bool:
    xfa_parts = [revision.resolve(part) for part in revision.list_elements(form, "/XFA")]
    contents = (part.data.lower() for part in xfa_parts if isinstance(part, StreamObject))
    return any(sign in content for content in contents for sign in _XFA_SCRIPT_SIGNS)
