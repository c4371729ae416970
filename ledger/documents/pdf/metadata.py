"""The metadata of a PDF: the information dictionary (ISO 32000-2, 14.3.3) and XMP (14.3.2).

What each writer says of itself and of the moment changes with every update, and says nothing of the document.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from pyhanko.pdf_utils.generic import StreamObject

from ledger.documents.markup import local_name, parse
from ledger.documents.pdf.revisions import Revision

#: Local names in XMP, and keys of the information dictionary.
_OF_WRITER: Final = frozenset(
    {"ModifyDate", "MetadataDate", "Producer", "InstanceID", "History", "xmptk", "/ModDate", "/Producer"}
)
_Statement = tuple[tuple[str, ...], str]


def read_statements(revision: Revision) -> frozenset[_Statement]:
    """Return names and text of what the metadata of a revision say. Raises: MalformedInput, LimitExceeded."""
    statements: set[_Statement] = set()
    info = revision.dictionary(revision.trailer, "/Info")
    if info is not None:
        statements.update(((key,), repr(revision.get(info, key))) for key in info if key not in _OF_WRITER)
    described = revision.get(revision.root, "/Metadata")
    if isinstance(described, StreamObject):
        statements.update(_within(parse(described.data, "xmpmeta"), ()))
    return frozenset(statements)


def _within(element: Element, above: tuple[str, ...]) -> Iterator[_Statement]:
    """Whether a property is an attribute or an element is the writer's choice: both have the same name."""
    path = (*above, element.tag)
    for name, value in (("", element.text or ""), *element.items()):
        if value.strip() and name.rpartition("}")[2] not in _OF_WRITER:
            yield ((*path, name) if name else path), value.strip()
    for part in element:
        if local_name(part) not in _OF_WRITER:
            yield from _within(part, path)
