"""A PDF as one of its updates left it: its catalog, pages, annotations and form fields."""

# mypy: allow-untyped-calls
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
)

from ledger.documents.pdf.reading import ObjectKey, Reader

#: References to references; the standard has none, writers one.
_MAX_HOPS: Final = 8
#: What a page takes from those above it (ISO 32000-2, 7.7.3.4), and a field from those above it (12.7.4.1).
_INHERITED_MEMBERS: Final = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
#: Flags of an annotation that keep it from the screen: invisible, hidden, not viewed (12.5.3).
_UNSEEN_FLAGS: Final = 1 | 2 | 32


def get_key(value: PdfObject | None) -> ObjectKey | None:
    """Return number and generation of what a reference names; None for what is no reference."""
    return (value.idnum, value.generation) if isinstance(value, IndirectObject) else None


def get_raw(container: DictionaryObject, name: str) -> PdfObject | None:
    """Return what stands under a name, as a reference where it is one."""
    value: PdfObject | None = container.raw_get(name) if name in container else None
    return value


@dataclass(frozen=True, slots=True)
class Node:
    """A dictionary and the reference that led to it, which its place has not always."""

    key: ObjectKey | None
    content: DictionaryObject


@dataclass(frozen=True, slots=True)
class Page:
    """A leaf of the page tree; `inherited_members` is what it takes from the nodes above."""

    node: Node
    inherited_members: dict[str, PdfObject]
    annotations: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A node of the form: a field, a place of one on a page, or both. `value` is the field's own or inherited."""

    node: Node
    name: str
    field_type: str | None
    value: PdfObject | None


class Revision:
    """What a reader of the file sees after the update `number`, the first being 0."""

    def __init__(self, reader: Reader, number: int) -> None:
        self.reader, self.number = reader, number
        self._objects: dict[ObjectKey, PdfObject | None] = {}
        self.trailer: DictionaryObject = reader.trailer.flatten(number)
        self.root = self.get_dictionary(self.trailer, "/Root") or DictionaryObject()
        self.tree_keys: set[ObjectKey] = set()
        self.pages = tuple(self._walk_pages())
        self.form = self.get_dictionary(self.root, "/AcroForm")
        self.fields = tuple(self._walk_fields())

    def resolve(self, value: PdfObject | None) -> PdfObject | None:
        """Follow references; None for null and for what is not there."""
        for _ in range(_MAX_HOPS):
            key = get_key(value)
            if key is None:
                return None if isinstance(value, NullObject) else value
            if key not in self._objects:
                self._objects[key] = self.reader.read(key, self.number)
            value = self._objects[key]
        return None

    def get(self, container: DictionaryObject, name: str) -> PdfObject | None:
        return self.resolve(get_raw(container, name))

    def get_dictionary(self, container: DictionaryObject, name: str) -> DictionaryObject | None:
        value = self.get(container, name)
        return value if isinstance(value, DictionaryObject) else None

    def list_elements(self, container: DictionaryObject, name: str) -> list[PdfObject]:
        """Return the elements of an array, as references where they are; one that stands alone is an array of one."""
        value = self.get(container, name)
        if isinstance(value, ArrayObject):
            return [value.raw_get(index) for index in range(len(value))]
        lone_element = get_raw(container, name)
        return [] if value is None or lone_element is None else [lone_element]

    def list_nodes(self, container: DictionaryObject, name: str) -> list[Node]:
        """Return the dictionaries among the elements of an array."""
        keyed_elements = [
            (get_key(element), self.resolve(element)) for element in self.list_elements(container, name)
        ]
        return [
            Node(key, content) for key, content in keyed_elements if isinstance(content, DictionaryObject)
        ]

    def is_seen(self, annotation: DictionaryObject) -> bool:
        """Tell whether a reader shows an annotation: it has an area, and no flag that hides it."""
        flags = self.get(annotation, "/F")
        if isinstance(flags, int) and flags & _UNSEEN_FLAGS:
            return False
        return self.has_area(annotation)

    def has_area(self, annotation: DictionaryObject) -> bool:
        corners = [self.resolve(corner) for corner in self.list_elements(annotation, "/Rect")]
        try:
            left, bottom, right, top = (float(str(corner)) for corner in corners)
        except ValueError:
            return bool(corners)
        return left != right and bottom != top

    def _walk_pages(self) -> Iterator[Page]:
        root_node = Node(
            get_key(get_raw(self.root, "/Pages")),
            self.get_dictionary(self.root, "/Pages") or DictionaryObject(),
        )
        pending_nodes: list[tuple[Node, dict[str, PdfObject]]] = [(root_node, {})]
        visited_keys: set[ObjectKey] = set()
        while pending_nodes:
            node, members_above = pending_nodes.pop()
            if node.key is not None and node.key in visited_keys:
                continue
            visited_keys |= {node.key} if node.key is not None else set()
            self.reader.count_step()
            stated_values = {name: get_raw(node.content, name) for name in _INHERITED_MEMBERS}
            inherited_members = members_above | {
                name: value for name, value in stated_values.items() if value is not None
            }
            has_kids = "/Kids" in node.content
            if has_kids:
                self.tree_keys |= {node.key} if node.key is not None else set()
                pending_nodes.extend(
                    (kid, inherited_members) for kid in reversed(self.list_nodes(node.content, "/Kids"))
                )
            if not has_kids or self._may_be_page(node.content):
                members = self._add_defaults(inherited_members)
                yield Page(node, members, tuple(self.list_nodes(node.content, "/Annots")))

    def _add_defaults(self, inherited_members: dict[str, PdfObject]) -> dict[str, PdfObject]:
        """Return what holds of a page; where nothing is stated, it is not turned, and all of it is shown (7.7.3.3)."""
        members = {
            name: value for name, value in inherited_members.items() if self.resolve(value) is not None
        }
        crop_box = {"/CropBox": members["/MediaBox"]} if "/MediaBox" in members else {}
        return {"/Rotate": NumberObject(0)} | crop_box | members

    def _may_be_page(self, content: DictionaryObject) -> bool:
        """Tell whether a node with others below it can be taken for a page: readers go by the one or the other."""
        return "/Contents" in content or "/Annots" in content or str(self.get(content, "/Type")) == "/Page"

    def _walk_fields(self) -> Iterator[Field]:
        top_nodes = [] if self.form is None else self.list_nodes(self.form, "/Fields")
        no_parent = Field(Node(None, DictionaryObject()), "", None, None)
        pending_nodes = [(node, no_parent) for node in reversed(top_nodes)]
        visited_keys: set[ObjectKey] = set()
        while pending_nodes:
            node, parent = pending_nodes.pop()
            if node.key is not None and node.key in visited_keys:
                continue
            visited_keys |= {node.key} if node.key is not None else set()
            self.reader.count_step()
            field = self._read_field(node, parent)
            yield field
            pending_nodes.extend((kid, field) for kid in reversed(self.list_nodes(node.content, "/Kids")))

    def _read_field(self, node: Node, parent: Field) -> Field:
        title, field_type = self.get(node.content, "/T"), self.get(node.content, "/FT")
        name = "" if title is None else str(title)
        value = get_raw(node.content, "/V")
        return Field(
            node,
            ".".join(part for part in (parent.name, name) if part),
            str(field_type) if isinstance(field_type, NameObject) else parent.field_type,
            parent.value if self.resolve(value) is None else value,
        )


def read_revision(reader: Reader, number: int) -> Revision:
    """Return a revision, which is walked once."""
    if number not in reader.revision_by_number:
        reader.revision_by_number[number] = Revision(reader, number)
    return reader.revision_by_number[number]
