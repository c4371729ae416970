"""Tell what is different between what a signature of a PDF covers and the file as it is.

What counts is what the catalog of a revision leads to, compared by content, however the file is put together: an
object that nothing leads to, and an entry that frees a number that was free, change nothing.
"""

# mypy: allow-untyped-calls
from collections.abc import Iterator
from typing import Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    PdfObject,
    TextStringObject,
)

from ledger.documents.pdf.comparison import Comparison
from ledger.documents.pdf.forms import Change, Changes, FormComparison, pair_fields
from ledger.documents.pdf.reading import ObjectKey, Reader
from ledger.documents.pdf.revisions import Node, Page, Revision, get_key, get_raw, read_revision

#: Members of the catalog that say nothing of the content, or of which it is told apart (metadata).
_UNSEEN_MEMBERS: Final = frozenset({"/Extensions", "/MarkInfo", "/Metadata", "/Version"})
#: Members of the trailer that every update writes anew, or that are compared apart (7.5.5).
_TRAILER_MEMBERS: Final = frozenset(
    {"/Encrypt", "/ID", "/Info", "/Prev", "/Root", "/Size", "/XRefStm", "/DocChecksum", "/AuthCode"}
)
#: Compared by rules of their own.
_MEMBERS_APART: Final = frozenset({"/AcroForm", "/DSS", "/Pages", "/StructTreeRoot", "/Names"})
#: How a reader opens the document: no content.
_OPENING_MEMBERS: Final = frozenset(
    {"/Lang", "/PageLayout", "/PageMode", "/Perms", "/PieceInfo", "/ViewerPreferences"}
)
#: What a reader does by itself or leaves out: added, something else is seen.
_BEHAVIOUR_MEMBERS: Final = frozenset({"/AA", "/JavaScript", "/OCProperties", "/OpenAction"})
#: Of a page: its place, its annotations, what it inherits; compared apart.
_PAGE_TREE_MEMBERS: Final = (
    "/Parent",
    "/Annots",
    "/Contents",
    "/Resources",
    "/MediaBox",
    "/CropBox",
    "/Rotate",
)
#: Of a page: added, all of it is larger or smaller, or something acts or is painted otherwise.
_ADDED_PAGE_MEMBERS: Final = {
    "/UserUnit": Change.ALTERED,
    "/AA": Change.LOOK_ADDED,
    "/Group": Change.LOOK_ADDED,
}
#: Of a page, what writers add beside a field or set with every change, and no reader shows.
_UNSHOWN_PAGE_MEMBERS: Final = frozenset(
    {"/LastModified", "/Metadata", "/PieceInfo", "/StructParents", "/Tabs"}
)
#: Indexes of the structure tree, which follow from its elements.
_STRUCTURE_INDEXES: Final = ("/IDTree", "/ParentTree", "/ParentTreeNextKey")


def compare_revisions(reader: Reader, signed_number: int) -> Changes:
    """Compare the revision that was signed with the last one.

    Raises: LimitExceeded, and what pyHanko makes of hostile bytes.
    """
    old_revision, new_revision = (
        read_revision(reader, signed_number),
        read_revision(reader, reader.total_revisions - 1),
    )
    return _Differences(old_revision, new_revision).find()


class _Differences:
    """One comparison of two revisions."""

    def __init__(self, old_revision: Revision, new_revision: Revision) -> None:
        self._old_revision, self._new_revision, self._changes = old_revision, new_revision, Changes()
        self._structure_node_by_key = {node.key: node for node in _walk_structure(old_revision)}
        self._comparison = Comparison(old_revision, new_revision, self._pair_apart())
        self._form = FormComparison(old_revision, new_revision, self._comparison, self._changes)

    def find(self) -> Changes:
        if self._is_encrypted_otherwise():
            self._changes.kinds.add(Change.ALTERED)
            return self._changes
        for name in {*self._old_revision.root, *self._new_revision.root} - _MEMBERS_APART:
            self._compare_member(name)
        self._compare_names()
        self._compare_pages()
        self._form.compare_fields()
        self._compare_structure()
        if self._comparison.compare(
            get_raw(self._old_revision.root, "/DSS"), get_raw(self._new_revision.root, "/DSS")
        ):
            self._changes.kinds.add(Change.DATA if "/DSS" in self._new_revision.root else Change.UNSEEN)
        for name in {*self._old_revision.trailer, *self._new_revision.trailer} - _TRAILER_MEMBERS:
            if self._comparison.compare(
                get_raw(self._old_revision.trailer, name), get_raw(self._new_revision.trailer, name)
            ):
                self._changes.kinds.add(Change.UNEXPLAINED)
        if self._comparison.compare(
            get_raw(self._old_revision.trailer, "/Info"), get_raw(self._new_revision.trailer, "/Info")
        ):
            self._changes.kinds.add(Change.UNSEEN)
        return self._changes

    def _pair_apart(self) -> dict[ObjectKey, ObjectKey | None]:
        """Return what is compared by rules of its own, by what each is in the newer revision."""
        pairs: dict[ObjectKey | None, ObjectKey | None] = {key: key for key in self._structure_node_by_key}
        pairs |= {node.key: node.key for page in self._old_revision.pages for node in page.annotations}
        pairs |= {
            old_part.node.key: None if new_part is None else new_part.node.key
            for old_part, new_part in pair_fields(self._old_revision, self._new_revision)
        }
        pairs |= {
            old_part.node.key: new_part.node.key
            for old_part, new_part in zip(self._old_revision.pages, self._new_revision.pages, strict=False)
        }
        pairs |= {key: key for key in self._old_revision.tree_keys}
        pairs[get_key(get_raw(self._old_revision.trailer, "/Root"))] = get_key(
            get_raw(self._new_revision.trailer, "/Root")
        )
        return {key: new_key for key, new_key in pairs.items() if key is not None}

    def _is_encrypted_otherwise(self) -> bool:
        """Tell whether another key opens the file, which makes other objects of the same bytes."""
        keys = [
            get_key(get_raw(revision.trailer, "/Encrypt"))
            for revision in (self._old_revision, self._new_revision)
        ]
        if keys == [None, None]:
            return "/Encrypt" in self._old_revision.trailer or "/Encrypt" in self._new_revision.trailer
        find_section = self._old_revision.reader.find_section
        sections = [
            None if key is None else find_section(key, revision.number)
            for key, revision in zip(keys, (self._old_revision, self._new_revision), strict=True)
        ]
        return (
            keys[0] != keys[1]
            or sections[0] != sections[1]
            or _read_first_id(self._old_revision) != _read_first_id(self._new_revision)
        )

    def _compare_member(self, name: str) -> None:
        extent = self._comparison.compare(
            get_raw(self._old_revision.root, name), get_raw(self._new_revision.root, name)
        )
        if name in _UNSEEN_MEMBERS:
            change_of_more = change_of_other = Change.UNSEEN
        elif name in _OPENING_MEMBERS:
            change_of_more = change_of_other = Change.UNEXPLAINED
        else:
            change_of_more = Change.LOOK_ADDED if name in _BEHAVIOUR_MEMBERS else Change.UNEXPLAINED
            change_of_other = Change.ALTERED
        self._changes.add_extent(extent, more_change=change_of_more, other_change=change_of_other)

    def _compare_names(self) -> None:
        old_names = self._old_revision.get_dictionary(self._old_revision.root, "/Names") or DictionaryObject()
        new_names = self._new_revision.get_dictionary(self._new_revision.root, "/Names") or DictionaryObject()
        for name in {*old_names} | {*new_names}:
            extent = self._comparison.compare(get_raw(old_names, name), get_raw(new_names, name))
            change_of_more = Change.LOOK_ADDED if name in _BEHAVIOUR_MEMBERS else Change.UNEXPLAINED
            self._changes.add_extent(extent, more_change=change_of_more, other_change=Change.ALTERED)

    def _compare_pages(self) -> None:
        if len(self._old_revision.pages) != len(self._new_revision.pages):
            self._changes.kinds.add(Change.ALTERED)
            return
        for old_page, new_page in zip(self._old_revision.pages, self._new_revision.pages, strict=True):
            self._compare_page(old_page, new_page)
            self._form.compare_annotations(old_page, new_page)

    def _compare_page(self, old_page: Page, new_page: Page) -> None:
        names = {*old_page.inherited_members} | {*new_page.inherited_members}
        extents = [
            self._comparison.compare(
                old_page.inherited_members.get(name), new_page.inherited_members.get(name)
            )
            for name in names - {"/Resources"}
        ]
        if any(extents):
            self._changes.kinds.add(Change.ALTERED)
        resources_extent = self._comparison.compare(
            old_page.inherited_members.get("/Resources"), new_page.inherited_members.get("/Resources")
        )
        self._changes.add_extent(resources_extent, more_change=Change.LOOK_ADDED, other_change=Change.ALTERED)
        old_content, new_content = old_page.node.content, new_page.node.content
        content_streams = (
            ArrayObject(page.list_elements(content, "/Contents"))
            for page, content in ((self._old_revision, old_content), (self._new_revision, new_content))
        )
        # Where what was painted is painted still, more is seen; it may lie over it, as a note may.
        self._changes.add_extent(
            self._comparison.compare(*content_streams),
            more_change=Change.LOOK_ADDED,
            other_change=Change.ALTERED,
        )
        for name in ({*old_content} | {*new_content}) - {*_PAGE_TREE_MEMBERS}:
            extent = self._comparison.compare(get_raw(old_content, name), get_raw(new_content, name))
            if name in _UNSHOWN_PAGE_MEMBERS:
                change_of_other = (
                    Change.UNSEEN if self._old_revision.get(old_content, name) is None else Change.UNEXPLAINED
                )
                self._changes.add_extent(extent, more_change=change_of_other, other_change=change_of_other)
            else:
                change_of_more = _ADDED_PAGE_MEMBERS.get(name, Change.UNEXPLAINED)
                self._changes.add_extent(extent, more_change=change_of_more, other_change=Change.ALTERED)

    def _compare_structure(self) -> None:
        """Compare what a page says to those who do not see it; elements for a new field may be added."""
        old_root = self._old_revision.get_dictionary(self._old_revision.root, "/StructTreeRoot")
        new_root = self._new_revision.get_dictionary(self._new_revision.root, "/StructTreeRoot")
        if old_root is None or new_root is None:
            if old_root is not new_root:
                self._changes.kinds.add(Change.UNEXPLAINED if old_root is None else Change.ALTERED)
            return
        extent = self._comparison.compare_members(old_root, new_root, "/K", *_STRUCTURE_INDEXES)
        self._changes.add_extent(extent, more_change=Change.UNSEEN, other_change=Change.ALTERED)
        self._compare_kids(old_root, new_root)
        self._compare_indexes(old_root, new_root)
        for key, old_node in self._structure_node_by_key.items():
            new_element = (
                None if key is None else self._new_revision.reader.read(key, self._new_revision.number)
            )
            if key is None:
                continue
            if not isinstance(new_element, DictionaryObject):
                self._changes.kinds.add(Change.ALTERED)
                continue
            extent = self._comparison.compare_members(old_node.content, new_element, "/K", "/P")
            self._changes.add_extent(extent, more_change=Change.UNEXPLAINED, other_change=Change.ALTERED)
            self._compare_kids(old_node.content, new_element)

    def _compare_kids(self, old_parent: DictionaryObject, new_parent: DictionaryObject) -> None:
        old_kids = ArrayObject(self._old_revision.list_elements(old_parent, "/K"))
        new_kids = ArrayObject(self._new_revision.list_elements(new_parent, "/K"))
        extent = self._comparison.compare(old_kids, new_kids)
        self._changes.add_extent(extent, more_change=Change.UNSEEN, other_change=Change.UNEXPLAINED)

    def _compare_indexes(self, old_root: DictionaryObject, new_root: DictionaryObject) -> None:
        for name in _STRUCTURE_INDEXES:
            extent = self._comparison.compare(get_raw(old_root, name), get_raw(new_root, name))
            self._changes.add_extent(extent, more_change=Change.UNSEEN, other_change=Change.UNSEEN)


def _walk_structure(revision: Revision) -> Iterator[Node]:
    """Return the elements of the structure tree that have a number of their own (14.7.2)."""
    root = revision.get_dictionary(revision.root, "/StructTreeRoot")
    pending_nodes = [] if root is None else revision.list_nodes(root, "/K")
    visited_keys: set[ObjectKey] = set()
    while pending_nodes:
        node = pending_nodes.pop()
        revision.reader.count_step()
        if node.key is not None and node.key in visited_keys:
            continue
        if node.key is not None:
            visited_keys.add(node.key)
            yield node
        pending_nodes.extend(revision.list_nodes(node.content, "/K"))


def _read_first_id(revision: Revision) -> bytes:
    """Return the part of the file's identifier that keys are made of."""
    id_parts = revision.list_elements(revision.trailer, "/ID")
    first_part = revision.resolve(id_parts[0]) if id_parts else None
    return first_part.original_bytes if isinstance(first_part, ByteStringObject | TextStringObject) else b""


def find_metadata_keys(reader: Reader, signed_number: int) -> set[ObjectKey]:
    """Return the numbers of the metadata themselves, in all revisions after one."""
    revisions = [read_revision(reader, number) for number in range(signed_number + 1, reader.total_revisions)]
    values = [get_raw(revision.trailer, "/Info") for revision in revisions]
    values += [get_raw(revision.root, "/Metadata") for revision in revisions]
    return {key for value in values if (key := get_key(value)) is not None}


def find_keys_beside_data(reader: Reader, signed_number: int) -> set[ObjectKey]:
    """Return the numbers of objects that changed after a revision and that no security store leads to."""
    explained_keys: set[ObjectKey] = set()
    written_keys: set[ObjectKey] = set()
    for number in range(signed_number + 1, reader.total_revisions):
        revision = read_revision(reader, number)
        explained_keys |= _collect_keys(revision, get_raw(revision.root, "/DSS"))
        explained_keys |= {key for key in (get_key(get_raw(revision.trailer, "/Root")),) if key is not None}
        explained_keys |= {
            (stream.idnum, stream.generation) for stream in reader.xrefs.object_streams_used_in(number)
        }
        section_stream = reader.xrefs.get_xref_container_info(number).stream_ref
        explained_keys |= (
            set() if section_stream is None else {(section_stream.idnum, section_stream.generation)}
        )
        written_keys |= {
            (ref.idnum, ref.generation) for ref in reader.xrefs.explicit_refs_in_revision(number)
        }
    signed_revision, newest_revision = (
        read_revision(reader, signed_number),
        read_revision(reader, reader.total_revisions - 1),
    )
    comparison = Comparison(signed_revision, newest_revision, {})
    return {
        key
        for key in written_keys - explained_keys
        if comparison.compare(
            reader.read(key, signed_revision.number), reader.read(key, newest_revision.number)
        )
    }


def _collect_keys(revision: Revision, value: PdfObject | None) -> set[ObjectKey]:
    """Return the numbers of all objects that a value leads to."""
    keys: set[ObjectKey] = set()
    pending_values: list[PdfObject | None] = [value]
    while pending_values:
        value = pending_values.pop()
        revision.reader.count_step()
        key = get_key(value)
        if key is not None:
            if key not in keys:
                keys.add(key)
                pending_values.append(revision.reader.read(key, revision.number))
        elif isinstance(value, DictionaryObject):
            pending_values.extend(get_raw(value, name) for name in value)
        elif isinstance(value, ArrayObject):
            pending_values.extend(value.raw_get(index) for index in range(len(value)))
    return keys
