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

    part_of_page: dict[str, str | None]
    default_box: Box | None


@dataclass(slots=True)
class PageSizes:
    """Finds the physical size of pages; each is read once, and all together in bounded time."""

    _archive: Archive
    _trees: dict[str, PageTree | None] = field(default_factory=dict)
    _boxes: dict[tuple[str, str], Box | None] = field(default_factory=dict)
    _bytes_left: int = MAX_PAGES_BYTES

    def find(self, document: str, page: str) -> Box | None:
        """Return the box of a page by its identifier in a document; None where that cannot be told."""
        key = document, page
        if key not in self._boxes:
            try:
                self._boxes[key] = self._read(document, page)
            except MalformedInput:
                self._boxes[key] = None
        return self._boxes[key]

    def _read(self, document: str, page: str) -> Box | None:
        if document not in self._trees:
            self._trees[document] = None  # where it cannot be read, it is not tried again
            self._trees[document] = _read_tree(self._archive, document)
        tree = self._trees[document]
        part = None if tree is None else tree.part_of_page.get(page)
        if tree is None or part is None or part not in self._archive:
            return None
        self._bytes_left -= self._archive.entries[part].size
        if self._bytes_left < 0:
            return None
        area = parse_until(self._archive.read(part, MAX_XML_BYTES), "Page", "Area")
        return tree.default_box if area is None else _read_physical_box(area) or tree.default_box


def _read_tree(archive: Archive, part: str) -> PageTree:
    root = archive.read_xml(part, "Document")
    common_data, pages = find_child(root, "CommonData"), find_child(root, "Pages")
    area = None if common_data is None else find_child(common_data, "PageArea")
    part_of_page: dict[str, str | None] = {}
    for page in () if pages is None else find_children(pages, "Page"):
        identifier, location = page.get("ID", ""), locate(archive, part, page.get("BaseLoc", ""))
        part_of_page[identifier] = None if identifier in part_of_page else location.part
    return PageTree(part_of_page, None if area is None else _read_physical_box(area))


def _read_physical_box(area: Element) -> Box | None:
    """Return the physical box of an area, None where it has none. Raises: MalformedInput where that is no box."""
    box_element = find_child(area, "PhysicalBox")
    if box_element is None:
        return None
    box = parse_box(read_text(box_element))
    if box is None:
        raise MalformedInput("the physical box of a page is four numbers")
    return box
