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
_WRITER_NAMES: Final = frozenset(
    {"ModifyDate", "MetadataDate", "Producer", "InstanceID", "History", "xmptk", "/ModDate", "/Producer"}
)
_Statement = tuple[tuple[str, ...], str]


def read_statements(revision: Revision) -> frozenset[_Statement]:
    """Return names and text of what the metadata of a revision say. Raises: MalformedInput, LimitExceeded."""
    statements: set[_Statement] = set()
    info_dictionary = revision.get_dictionary(revision.trailer, "/Info")
    if info_dictionary is not None:
        statements.update(
            ((key,), repr(revision.get(info_dictionary, key)))
            for key in info_dictionary
            if key not in _WRITER_NAMES
        )
    xmp_stream = revision.get(revision.root, "/Metadata")
    if isinstance(xmp_stream, StreamObject):
        statements.update(_walk_element(parse(xmp_stream.data, "xmpmeta"), ()))
    return frozenset(statements)


def _walk_element(element: Element, path_above: tuple[str, ...]) -> Iterator[_Statement]:
    """Whether a property is an attribute or an element is the writer's choice: both have the same name."""
    path = (*path_above, element.tag)
    for name, value in (("", element.text or ""), *element.items()):
        if value.strip() and name.rpartition("}")[2] not in _WRITER_NAMES:
            yield ((*path, name) if name else path), value.strip()
    for child in element:
        if local_name(child) not in _WRITER_NAMES:
            yield from _walk_element(child, path)
