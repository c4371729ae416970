"""The XML of strangers, without document types and entities, and bounded in size."""

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ledger.errors import LimitExceeded, MalformedInput

#: The list of references of a document of ten thousand parts.
MAX_BYTES: Final = 2 * 1024 * 1024
#: A signature nests five deep.
MAX_DEPTH: Final = 32
#: Two for each of ten thousand references.
MAX_ELEMENTS: Final = 25_000
_DECLARED_ENCODING: Final = re.compile(rb"""<\?xml [^>]{0,100}encoding=["']([\w-]+)["']""")
#: Encodings that expat does not know, and one that cannot be meant where its name can be read in single bytes.
_CODEC_OF_ENCODING: Final = {
    b"gbk": "gb18030",
    b"gb2312": "gb18030",
    b"gb18030": "gb18030",
    b"utf-16": "utf-8",
}


def parse(data: bytes, root_name: str) -> Element:
    """Return the root element, whose local name must be `root_name`. Raises: MalformedInput, LimitExceeded."""
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"an XML part has {MAX_BYTES} bytes at most")
    root_element = _build(data, _BoundedBuilder())
    _check_root(root_element, root_name)
    return root_element


def parse_until(data: bytes, root_name: str, child_name: str) -> Element | None:
    """Return the first element `child_name` directly below the root, reading no further; None where there is none.

    For parts that are long behind what is asked of them. Raises: MalformedInput, LimitExceeded.
    """
    try:
        _build(data, _BuilderUntil(root_name, child_name))
    except _ReachedError as reached_error:
        return reached_error.child
    return None


def _build(data: bytes, builder: TreeBuilder) -> Element:
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    encoding_match = _DECLARED_ENCODING.match(data)
    encoding = _CODEC_OF_ENCODING.get(encoding_match[1].lower()) if encoding_match else None
    try:
        parser.feed(data.decode(encoding) if encoding else data)
        root_element: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedInput(f"not well-formed XML, or with a document type: {str(error)[:120]}") from error
    return root_element


def _check_root(root_element: Element, root_name: str) -> None:
    if local_name(root_element) != root_name:
        raise MalformedInput(f"expected an XML element {root_name}, not {local_name(root_element)[:40]!r}")


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace: writers use several, with and without a prefix."""
    return element.tag.rpartition("}")[2]


def find_children(element: Element, name: str) -> list[Element]:
    """Return the elements of that local name directly below."""
    return [child for child in element if local_name(child) == name]


def find_child(element: Element, name: str) -> Element | None:
    """Return the one element of that local name, or None. Raises: MalformedInput where there are several."""
    matching_children = find_children(element, name)
    if len(matching_children) > 1:
        raise MalformedInput(f"the XML has {name} several times where it stands once")
    return matching_children[0] if matching_children else None


def read_text(element: Element | None) -> str:
    """Return the text of an element without the space around it; of none, nothing."""
    return (element.text or "").strip() if element is not None else ""


class _BoundedBuilder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._element_count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._element_count += 1
        if self._depth > MAX_DEPTH or self._element_count > MAX_ELEMENTS:
            raise LimitExceeded(f"the XML nests deeper than {MAX_DEPTH} or has over {MAX_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


class _ReachedError(Exception):
    """What was asked for is complete."""

    def __init__(self, child: Element) -> None:
        super().__init__()
        self.child = child


class _BuilderUntil(_BoundedBuilder):
    """Stops where an element of that local name, directly below the root, ends."""

    def __init__(self, root_name: str, child_name: str) -> None:
        super().__init__()
        self._root_name, self._child_name = root_name, child_name

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        element = super().start(tag, attrs)
        if self._depth == 1:
            _check_root(element, self._root_name)
        return element

    def end(self, tag: str, /) -> Element:
        element = super().end(tag)
        if self._depth == 1 and local_name(element) == self._child_name:
            raise _ReachedError(element)
        return element
