"""The sizes of the pages of an OFD document (GB/T 33190-2016, 7.5 and 7.7).

They are read where a stamp asks for one.
"""

from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from ledger.documents.markup import MAX_BYTES as MAX_XML_BYTES
from ledger.documents.markup import find_child, find_children, parse_until, read_text
from ledger.documents.ofd.archive import Archive
from ledger.documents.ofd.references import locate
from ledger.documents.ofd.stamps import Box, parse_box
from ledger.errors import MalformedInput

#: Bytes of pages that are searched for their size: a second of work.
MAX_PAGES_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PageTree:
    """Where the pages of one document are, by identifier, and the size that they have unless they say another.

    An identifier that stands there twice leads nowhere.
    """

    part_by_page_id: dict[str, str | None]
    default_box: Box | None


@dataclass(slots=True)
class PageSizes:
    """Finds the physical size of pages; each is read once, and all together in bounded time."""

    _archive: Archive
    _tree_by_document: dict[str, PageTree | None] = field(default_factory=dict)
    _box_by_page: dict[tuple[str, str], Box | None] = field(default_factory=dict)
    _bytes_left: int = MAX_PAGES_BYTES

    def find(self, document_part: str, page_id: str) -> Box | None:
        """Return the box of a page by its identifier in a document; None where that cannot be told."""
        document_and_page = document_part, page_id
        if document_and_page not in self._box_by_page:
            try:
                self._box_by_page[document_and_page] = self._read(document_part, page_id)
            except MalformedInput:
                self._box_by_page[document_and_page] = None
        return self._box_by_page[document_and_page]

    def _read(self, document_part: str, page_id: str) -> Box | None:
        if document_part not in self._tree_by_document:
            self._tree_by_document[document_part] = None  # where it cannot be read, it is not tried again
            self._tree_by_document[document_part] = _read_tree(self._archive, document_part)
        tree = self._tree_by_document[document_part]
        page_part = None if tree is None else tree.part_by_page_id.get(page_id)
        if tree is None or page_part is None or page_part not in self._archive:
            return None
        self._bytes_left -= self._archive.entries[page_part].size
        if self._bytes_left < 0:
            return None
        area_element = parse_until(self._archive.read(page_part, MAX_XML_BYTES), "Page", "Area")
        return (
            tree.default_box if area_element is None else _read_physical_box(area_element) or tree.default_box
        )


def _read_tree(archive: Archive, document_part: str) -> PageTree:
    root = archive.read_xml(document_part, "Document")
    common_data_element, pages_element = find_child(root, "CommonData"), find_child(root, "Pages")
    area_element = None if common_data_element is None else find_child(common_data_element, "PageArea")
    part_by_page_id: dict[str, str | None] = {}
    for page_element in () if pages_element is None else find_children(pages_element, "Page"):
        page_id, location = (
            page_element.get("ID", ""),
            locate(archive, document_part, page_element.get("BaseLoc", "")),
        )
        part_by_page_id[page_id] = None if page_id in part_by_page_id else location.part
    return PageTree(part_by_page_id, None if area_element is None else _read_physical_box(area_element))


def _read_physical_box(area_element: Element) -> Box | None:
    """Return the physical box of an area, None where it has none. Raises: MalformedInput where that is no box."""
    box_element = find_child(area_element, "PhysicalBox")
    if box_element is None:
        return None
    box = parse_box(read_text(box_element))
    if box is None:
        raise MalformedInput("the physical box of a page is four numbers")
    return box
