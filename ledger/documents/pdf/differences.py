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

from ledger.documents.pdf.comparison import Comparison, Extent
from ledger.documents.pdf.forms import Change, Changes, FormComparison, pair_fields
from ledger.documents.pdf.reading import Key, Reader
from ledger.documents.pdf.revisions import Node, Page, Revision, key_of, raw, read_revision

#: Members of the catalog that say nothing of the content, or of which it is told apart (metadata).
_UNSEEN: Final = frozenset({"/Extensions", "/MarkInfo", "/Metadata", "/Version"})
#: Members of the trailer that every update writes anew, or that are compared apart (7.5.5).
_OF_TRAILER: Final = frozenset(
    {"/Encrypt", "/ID", "/Info", "/Prev", "/Root", "/Size", "/XRefStm", "/DocChecksum", "/AuthCode"}
)
#: Compared by rules of their own.
_APART: Final = frozenset({"/AcroForm", "/DSS", "/Pages", "/StructTreeRoot", "/Names"})
#: How a reader opens the document: no content.
_OPENING: Final = frozenset(
    {"/Lang", "/PageLayout", "/PageMode", "/Perms", "/PieceInfo", "/ViewerPreferences"}
)
#: What a reader does by itself or leaves out: added, something else is seen.
_BEHAVIOUR: Final = frozenset({"/AA", "/JavaScript", "/OCProperties", "/OpenAction"})
#: Of a page: its place, its annotations, what it inherits; compared apart.
_OF_TREE: Final = ("/Parent", "/Annots", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate")
#: Of a page, what writers add beside a field or set with every change, and no reader shows.
_BESIDE: Final = frozenset({"/LastModified", "/Metadata", "/PieceInfo", "/StructParents", "/Tabs"})
#: Indexes of the structure tree, which follow from its elements.
_INDEXES: Final = ("/IDTree", "/ParentTree", "/ParentTreeNextKey")


def compare_revisions(reader: Reader, signed: int) -> Changes:
    """Compare the revision that was signed with the last one.

    Raises: LimitExceeded, and what pyHanko makes of hostile bytes.
    """
    old, new = read_revision(reader, signed), read_revision(reader, reader.total_revisions - 1)
    return _Differences(old, new).find()


class _Differences:
    """One comparison of two revisions."""

    def __init__(self, old: Revision, new: Revision) -> None:
        self._old, self._new, self._changes = old, new, Changes()
        self._elements = {node.key: node for node in _walk_structure(old)}
        self._comparison = Comparison(old, new, self._pair_apart())
        self._form = FormComparison(old, new, self._comparison, self._changes)

    def find(self) -> Changes:
        if self._is_encrypted_otherwise():
            self._changes.kinds.add(Change.ALTERED)
            return self._changes
        for name in {*self._old.root, *self._new.root} - _APART:
            self._compare_member(name)
        self._compare_names()
        self._compare_pages()
        self._form.compare_fields()
        self._compare_structure()
        if self._comparison.compare(raw(self._old.root, "/DSS"), raw(self._new.root, "/DSS")):
            self._changes.kinds.add(Change.DATA if "/DSS" in self._new.root else Change.UNSEEN)
        for name in {*self._old.trailer, *self._new.trailer} - _OF_TRAILER:
            if self._comparison.compare(raw(self._old.trailer, name), raw(self._new.trailer, name)):
                self._changes.kinds.add(Change.UNEXPLAINED)
        if self._comparison.compare(raw(self._old.trailer, "/Info"), raw(self._new.trailer, "/Info")):
            self._changes.kinds.add(Change.UNSEEN)
        return self._changes

    def _pair_apart(self) -> dict[Key, Key | None]:
        """Return what is compared by rules of its own, by what each is in the newer revision."""
        pairs: dict[Key | None, Key | None] = {key: key for key in self._elements}
        pairs |= {node.key: node.key for page in self._old.pages for node in page.annotations}
        pairs |= {
            before.node.key: None if after is None else after.node.key
            for before, after in pair_fields(self._old, self._new)
        }
        pairs |= {
            before.node.key: after.node.key
            for before, after in zip(self._old.pages, self._new.pages, strict=False)
        }
        pairs |= {key: key for key in self._old.tree}
        pairs[key_of(raw(self._old.trailer, "/Root"))] = key_of(raw(self._new.trailer, "/Root"))
        return {key: other for key, other in pairs.items() if key is not None}

    def _is_encrypted_otherwise(self) -> bool:
        """Tell whether another key opens the file, which makes other objects of the same bytes."""
        keys = [key_of(raw(revision.trailer, "/Encrypt")) for revision in (self._old, self._new)]
        if keys == [None, None]:
            return "/Encrypt" in self._old.trailer or "/Encrypt" in self._new.trailer
        find = self._old.reader.find_section
        sections = [
            None if key is None else find(key, revision.number)
            for key, revision in zip(keys, (self._old, self._new), strict=True)
        ]
        return (
            keys[0] != keys[1] or sections[0] != sections[1] or _first_id(self._old) != _first_id(self._new)
        )

    def _compare_member(self, name: str) -> None:
        extent = self._comparison.compare(raw(self._old.root, name), raw(self._new.root, name))
        if name in _UNSEEN:
            more = other = Change.UNSEEN
        elif name in _OPENING:
            more = other = Change.UNEXPLAINED
        else:
            more = Change.LOOK_ADDED if name in _BEHAVIOUR else Change.UNEXPLAINED
            other = Change.ALTERED
        self._changes.add_extent(extent, more=more, other=other)

    def _compare_names(self) -> None:
        old = self._old.dictionary(self._old.root, "/Names") or DictionaryObject()
        new = self._new.dictionary(self._new.root, "/Names") or DictionaryObject()
        for name in {*old} | {*new}:
            extent = self._comparison.compare(raw(old, name), raw(new, name))
            more = Change.LOOK_ADDED if name in _BEHAVIOUR else Change.UNEXPLAINED
            self._changes.add_extent(extent, more=more, other=Change.ALTERED)

    def _compare_pages(self) -> None:
        if len(self._old.pages) != len(self._new.pages):
            self._changes.kinds.add(Change.ALTERED)
            return
        for before, after in zip(self._old.pages, self._new.pages, strict=True):
            self._compare_page(before, after)
            self._form.compare_annotations(before, after)

    def _compare_page(self, before: Page, after: Page) -> None:
        names = {*before.inherited} | {*after.inherited}
        extents = [
            self._comparison.compare(before.inherited.get(name), after.inherited.get(name))
            for name in names - {"/Resources"}
        ]
        if any(extents):
            self._changes.kinds.add(Change.ALTERED)
        resources = self._comparison.compare(
            before.inherited.get("/Resources"), after.inherited.get("/Resources")
        )
        self._changes.add_extent(resources, more=Change.LOOK_ADDED, other=Change.ALTERED)
        old, new = before.node.content, after.node.content
        drawn = (
            ArrayObject(page.elements(content, "/Contents"))
            for page, content in ((self._old, old), (self._new, new))
        )
        if self._comparison.compare(*drawn):
            self._changes.kinds.add(Change.ALTERED)
        for name in ({*old} | {*new}) - {*_OF_TREE}:
            extent = self._comparison.compare(raw(old, name), raw(new, name))
            if name in _BESIDE:
                other = Change.UNSEEN if self._old.get(old, name) is None else Change.UNEXPLAINED
                self._changes.add_extent(extent, more=other, other=other)
            else:
                more = Change.LOOK_ADDED if name == "/AA" else Change.ALTERED
                self._changes.add_extent(extent, more=more, other=Change.ALTERED)

    def _compare_structure(self) -> None:
        """Compare what a page says to those who do not see it; elements for a new field may be added."""
        old = self._old.dictionary(self._old.root, "/StructTreeRoot")
        new = self._new.dictionary(self._new.root, "/StructTreeRoot")
        if old is None or new is None:
            if old is not new:
                self._changes.kinds.add(Change.UNEXPLAINED if old is None else Change.ALTERED)
            return
        extent = self._comparison.compare_members(old, new, "/K", *_INDEXES)
        self._changes.add_extent(extent, more=Change.UNSEEN, other=Change.ALTERED)
        self._compare_kids(old, new)
        self._compare_indexes(old, new)
        for key, node in self._elements.items():
            there = None if key is None else self._new.reader.read(key, self._new.number)
            if key is None:
                continue
            if not isinstance(there, DictionaryObject):
                self._changes.kinds.add(Change.ALTERED)
                continue
            extent = self._comparison.compare_members(node.content, there, "/K", "/P")
            self._changes.add_extent(extent, more=Change.UNEXPLAINED, other=Change.ALTERED)
            self._compare_kids(node.content, there)

    def _compare_kids(self, old: DictionaryObject, new: DictionaryObject) -> None:
        before = ArrayObject(self._old.elements(old, "/K"))
        after = ArrayObject(self._new.elements(new, "/K"))
        extent = self._comparison.compare(before, after)
        self._changes.add_extent(extent, more=Change.UNSEEN, other=Change.UNEXPLAINED)

    def _compare_indexes(self, old: DictionaryObject, new: DictionaryObject) -> None:
        for name in _INDEXES:
            extent = self._comparison.compare(raw(old, name), raw(new, name))
            self._changes.add_extent(extent, more=Change.UNSEEN, other=Change.UNSEEN)


def _walk_structure(revision: Revision) -> Iterator[Node]:
    """Return the elements of the structure tree that have a number of their own (14.7.2)."""
    root = revision.dictionary(revision.root, "/StructTreeRoot")
    pending = [] if root is None else revision.nodes(root, "/K")
    visited: set[Key] = set()
    while pending:
        node = pending.pop()
        revision.reader.count_step()
        if node.key is not None and node.key in visited:
            continue
        if node.key is not None:
            visited.add(node.key)
            yield node
        pending.extend(revision.nodes(node.content, "/K"))


def _first_id(revision: Revision) -> bytes:
    """Return the part of the file's identifier that keys are made of."""
    listed = revision.elements(revision.trailer, "/ID")
    first = revision.resolve(listed[0]) if listed else None
    return first.original_bytes if isinstance(first, ByteStringObject | TextStringObject) else b""


def is_data_alone(reader: Reader, signed: int) -> bool:
    """Tell whether every object written after a revision is one that its security store leads to, or changes nothing."""
    explained: set[Key] = set()
    written: set[Key] = set()
    for number in range(signed + 1, reader.total_revisions):
        revision = read_revision(reader, number)
        explained |= _collect(revision, raw(revision.root, "/DSS"))
        explained |= {key for key in (key_of(raw(revision.trailer, "/Root")),) if key is not None}
        explained |= {
            (stream.idnum, stream.generation) for stream in reader.xrefs.object_streams_used_in(number)
        }
        itself = reader.xrefs.get_xref_container_info(number).stream_ref
        explained |= set() if itself is None else {(itself.idnum, itself.generation)}
        written |= {(ref.idnum, ref.generation) for ref in reader.xrefs.explicit_refs_in_revision(number)}
    old, new = read_revision(reader, signed), read_revision(reader, reader.total_revisions - 1)
    comparison = Comparison(old, new, {})
    return all(
        comparison.compare(reader.read(key, old.number), reader.read(key, new.number)) is Extent.SAME
        for key in written - explained
    )


def _collect(revision: Revision, value: PdfObject | None) -> set[Key]:
    """Return the numbers of all objects that a value leads to."""
    keys: set[Key] = set()
    pending: list[PdfObject | None] = [value]
    while pending:
        value = pending.pop()
        revision.reader.count_step()
        key = key_of(value)
        if key is not None:
            if key not in keys:
                keys.add(key)
                pending.append(revision.reader.read(key, revision.number))
        elif isinstance(value, DictionaryObject):
            pending.extend(raw(value, name) for name in value)
        elif isinstance(value, ArrayObject):
            pending.extend(value.raw_get(place) for place in range(len(value)))
    return keys
