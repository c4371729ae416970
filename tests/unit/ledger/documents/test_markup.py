"""The XML of strangers is read without following anything, in bounded time."""

import pytest

from ledger.documents import markup
from ledger.documents.markup import find_child, find_children, parse, read_text
from ledger.errors import LimitExceeded, MalformedInput

LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<a/>", id="plain"),
        pytest.param(b'<o:a xmlns:o="http://www.ofdspec.org"/>', id="with a prefix"),
        pytest.param(b'<a xmlns="http://www.ofdspec.org/2016"/>', id="with a default namespace"),
        pytest.param(b"\xef\xbb\xbf<a/>", id="with a byte order mark"),
        pytest.param('<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_xml_is_read(data: bytes) -> None:
    assert markup.local_name(parse(data, "a")) == "a"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<a>", id="cut off"),
        pytest.param(b"<b/>", id="another root"),
        pytest.param(b"<a/><a/>", id="two roots"),
        pytest.param(LAUGHS, id="entities that multiply"),
        pytest.param(b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', id="a file from outside"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://localhost/">]><a>&x;</a>', id="an address"),
        pytest.param(b"<!DOCTYPE a><a/>", id="any document type"),
        pytest.param(b"<a>&unknown;</a>", id="an unknown entity"),
        pytest.param(b"<a>\x00</a>", id="a zero byte"),
        pytest.param(b'<?xml version="1.0" encoding="nothing"?><a/>', id="an unknown encoding"),
        pytest.param(
            b'<?xml version="1.0" encoding="gbk"?><a>\xff\xff</a>', id="not the encoding that is declared"
        ),
        pytest.param(b'<?xml version="1.0" encoding="big5"?><a/>', id="an encoding that expat does not know"),
        pytest.param(b'<a x="1" x="2"/>', id="an attribute twice"),
    ],
)
def test_other_xml_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        parse(data, "a")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<a>" * 100_000, id="nesting without end"),
        pytest.param(b"<a>" + b"<b/>" * (markup.MAX_ELEMENTS + 1) + b"</a>", id="elements without end"),
        pytest.param(b"<a>" + b" " * markup.MAX_BYTES + b"</a>", id="bytes without end"),
    ],
)
def test_xml_without_end(data: bytes) -> None:
    with pytest.raises(LimitExceeded):
        parse(data, "a")


@pytest.mark.parametrize("encoding", ["GBK", "gb2312", "GB18030", "utf-8"])
def test_encodings_in_use(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?>\n<a>天门</a>'.encode(encoding)
    assert read_text(parse(data, "a")) == "天门"
    with pytest.raises(MalformedInput):
        parse(data.replace(b"<a>", b"<!DOCTYPE a><a>"), "a")


def test_an_encoding_that_cannot_be_meant() -> None:
    """Whoever builds text in memory declares UTF-16, and writes it to the file in UTF-8."""
    data = '<?xml version="1.0" encoding="utf-16"?><a>天门</a>'
    assert (
        read_text(parse(data.encode("utf-8"), "a")) == read_text(parse(data.encode("utf-16"), "a")) == "天门"
    )


def test_children_by_local_name() -> None:
    root = parse(b'<a xmlns:o="x"><o:b> 1 </o:b><b>2</b><c/></a>', "a")
    assert [read_text(one) for one in find_children(root, "b")] == ["1", "2"]
    assert read_text(find_child(root, "c")) == read_text(find_child(root, "d")) == ""
    with pytest.raises(MalformedInput, match="several times"):
        find_child(root, "b")
