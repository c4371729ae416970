"""What a later seal shows: beside an earlier one, or over what was signed.

The first is ordinary, the second is somebody else's word.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Final

import pytest

from ledger.crypto.suites import SM3
from ledger.documents.inspection import Inspection
from ledger.documents.ofd import looks, pages
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.ofd.sealing import LIST_PART, Stamp, apply_seal, sign_document
from ledger.documents.ofd.stamps import Box, parse_box
from ledger.documents.openers import inspect
from ledger.documents.seals.making import make_seal, use_seal
from ledger.documents.seals.ses import Picture
from ledger.verification.reasons import Verdict
from tests.papers import (
    DOCUMENT,
    NOW,
    PAGE,
    SIGN,
    department,
    draft,
    holder,
    maker,
    outcome,
    parts,
    seal,
    sealed,
    signed,
    trust,
    with_part,
)

SECOND: Final = "Doc_0/Signs/Sign_2"
OTHER_LIST: Final = "Doc_1/Signs/Signatures.xml"
ENTRY: Final = b"<ofd:Signature "
#: The first seal stands at 150, 230 and is 40 wide and high; so is the second, in the other lower corner.
BESIDE: Final = Stamp("1", 100, 230, 40, 40)


def seal_of(width: int = 40, height: int = 40, number: int = 2) -> bytes:
    picture = Picture("PNG", b"\x89PNG\r\n\x1a\n", width, height)
    other = holder("另一示例局").certificate.der
    return make_seal(
        draft(
            identifier=f"4290060000000{number}",
            name="另一示例局",
            user_certificates=(other,),
            picture=picture,
        ),
        maker(),
    )


def co_sealed(stamps: Sequence[Stamp], *, of: bytes | None = None, by: bytes | None = None) -> bytes:
    """A sealed document that a second department of the list sealed a minute later."""
    return apply_seal(of or sealed(), by or seal_of(), holder("另一示例局"), NOW + 60, stamps)


def co_resealed(old: bytes, new: bytes) -> bytes:
    """A document sealed twice, with the second description changed and honestly sealed again."""
    members = parts(co_sealed([BESIDE]))
    description = f"{SECOND}/Signature.xml"
    assert old in members[description]
    members[description] = members[description].replace(old, new)
    value = use_seal(seal_of(), holder("另一示例局"), members[description], f"/{description}", NOW + 60)
    return write_archive(members | {f"{SECOND}/SignedValue.dat": value})


def inspected(document: bytes) -> Inspection:
    inspection = inspect(document, trust())
    assert inspection.problem is None, inspection.problem
    return inspection


def assert_look_added(document: bytes) -> None:
    """The earlier signature is left open, and the later vouches for all that is seen."""
    first, second = inspected(document).signatures
    assert outcome(first, "references") == ("unknown", "look_added")
    assert (first.verdict, first.altered_parts) == (Verdict.UNVERIFIABLE, ())
    assert (outcome(second, "references"), second.verdict) == (("pass", "ok"), Verdict.VALID)


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([BESIDE], id="beside"),
        pytest.param([Stamp("1", 110, 230, 40, 40)], id="touching"),
        pytest.param([Stamp("1", 0, 0, 40, 40)], id="in the corner"),
        pytest.param([], id="invisible"),
        pytest.param([Stamp("1", 100, 230, 20, 20)], id="smaller than its seal"),
        pytest.param([BESIDE, Stamp("1", 50, 230, 40, 40)], id="twice on one page"),
    ],
)
def test_a_seal_beside_a_seal(stamps: list[Stamp]) -> None:
    inspection = inspected(co_sealed(stamps))
    assert [report.verdict for report in inspection.signatures] == [Verdict.VALID, Verdict.VALID]


@pytest.mark.parametrize(
    ("stamps", "by"),
    [
        pytest.param([Stamp("1", 150, 230, 40, 40)], seal_of(), id="over the first"),
        pytest.param([Stamp("1", 111, 230, 40, 40)], seal_of(), id="over the edge of the first"),
        pytest.param([Stamp("1", 0, 0, 210, 297)], seal_of(), id="over the whole page"),
        pytest.param([Stamp("1", 0, 0, 210, 220)], seal_of(), id="over all but the first"),
        pytest.param([Stamp("1", 0, 0, 210, 220)], seal_of(210, 220), id="a seal as large as a page"),
        pytest.param([Stamp("1", 100, 230, 41, 40)], seal_of(), id="wider than its seal"),
        pytest.param([Stamp("1", 100, 180, 40, 41)], seal_of(), id="higher than its seal"),
        pytest.param([Stamp("1", -10, 0, 40, 40)], seal_of(), id="over the edge of the page"),
        pytest.param([Stamp("1", 100, 270, 40, 40)], seal_of(), id="below the page"),
        pytest.param([Stamp("7", 100, 100, 40, 40)], seal_of(), id="on no page"),
        pytest.param([Stamp("01", 100, 100, 40, 40)], seal_of(), id="on a page spelled otherwise"),
        pytest.param([BESIDE, Stamp("1", 150, 230, 40, 40)], seal_of(), id="one of two over the first"),
        pytest.param(
            [Stamp("1", 40 * column, 40 * row, 40, 40) for column in range(5) for row in range(5)],
            seal_of(),
            id="many beside one another",
        ),
    ],
)
def test_a_seal_over_what_was_signed(stamps: list[Stamp], by: bytes) -> None:
    assert_look_added(co_sealed(stamps, by=by))


def test_a_seal_over_what_a_person_signed() -> None:
    """Who signed without a seal shows nothing that could be overlapped; size and place of the seal count all the same."""
    assert inspected(co_sealed([BESIDE], of=signed())).verdict is Verdict.VALID
    assert_look_added(co_sealed([Stamp("1", 0, 0, 210, 297)], of=signed()))


def test_many_signers_cover_a_page_together() -> None:
    """Each seal lies beside the others and is no larger than it may be."""
    document = sealed()
    for number in range(8):
        document = co_sealed([Stamp("1", 40 * (number % 4), 50 * (number // 4), 40, 40)], of=document)
    reports = inspected(document).signatures
    assert [report.verdict for report in reports] == [Verdict.VALID] * 9
    for number in range(8, 12):
        document = co_sealed([Stamp("1", 40 * (number % 4), 50 * (number // 4), 40, 40)], of=document)
    reasons = [outcome(report, "references")[1] for report in inspected(document).signatures]
    assert reasons == ["look_added"] * 3 + ["ok"] * 10


def test_the_list_does_not_say_who_was_first() -> None:
    """The second seal lies over the first and is put in front of it in the list, which no signature covers."""
    members = parts(co_sealed([Stamp("1", 150, 230, 40, 40)]))
    elements = members[LIST_PART].split(b"<ofd:Signature ")
    later = elements.pop().removesuffix(b"</ofd:Signatures>\n")
    members[LIST_PART] = b"<ofd:Signature ".join([elements[0], later, *elements[1:]]) + b"</ofd:Signatures>\n"
    second, first = inspected(write_archive(members)).signatures
    assert outcome(first, "references") == ("unknown", "look_added")
    assert second.verdict is Verdict.VALID


def _uncovered(members: dict[str, bytes], name: str) -> bytes:
    """Take the reference to a part out of the second description."""
    description = members[f"{SECOND}/Signature.xml"]
    start = description.index(f'<ofd:Reference FileRef="/{name}"'.encode())
    return description[:start] + description[description.index(b"</ofd:Reference>", start) + 16 :]


@pytest.mark.parametrize("name", ["Signature.xml", "SignedValue.dat", "Seal.esl"])
def test_a_seal_that_the_later_one_does_not_cover_whole(name: str) -> None:
    """Whatever the look of the first depends on may have come after the second, which lies over it."""
    members = parts(co_sealed([Stamp("1", 150, 230, 40, 40)]))
    description = members[f"{SECOND}/Signature.xml"] = _uncovered(members, f"{SIGN}/{name}")
    path = f"/{SECOND}/Signature.xml"
    members[f"{SECOND}/SignedValue.dat"] = use_seal(
        seal_of(), holder("另一示例局"), description, path, NOW + 60
    )
    reports = inspected(write_archive(members)).signatures
    assert [outcome(report, "references")[1] for report in reports] == ["look_added"] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"100 230 40 40", b"1e2 230 40 40", id="an exponent"),
        pytest.param(b"100 230 40 40", b"100,230,40,40", id="commas"),
        pytest.param(b"100 230 40 40", b"100 230 40", id="three numbers"),
        pytest.param(b"100 230 40 40", b"140 270 -40 -40", id="backwards"),
        pytest.param(b"100 230 40 40", b"nan 230 40 40", id="no number"),
        pytest.param(b' Boundary="100 230 40 40"', b"", id="no place"),
        pytest.param(b' PageRef="1"', b"", id="no page"),
        pytest.param(b'40 40"/>', b'40 40" Clip="0 0"/>', id="a clip that is none"),
        pytest.param(
            b"</ofd:SignedInfo>",
            b'<ofd:More><StampAnnot PageRef="1" Boundary="0 0 210 297"/></ofd:More></ofd:SignedInfo>',
            id="a stamp elsewhere in the description",
        ),
    ],
)
def test_a_place_that_cannot_be_read(old: bytes, new: bytes) -> None:
    assert_look_added(co_resealed(old, new))


@pytest.mark.parametrize("boundary", ["100.00 230.00 40.30 40", " 100 230\n40 40 ", "+100 230.5 40 40."])
def test_a_place_in_other_words(boundary: str) -> None:
    assert inspected(co_resealed(b"100 230 40 40", boundary.encode())).verdict is Verdict.VALID


def test_a_stamp_whose_earlier_one_cannot_be_read() -> None:
    strange = write_archive(
        _described(parts(sealed()), lambda text: text.replace(b"150 230 40 40", b"150 230"))
    )
    assert inspected(strange).verdict is Verdict.VALID
    assert_look_added(co_sealed([BESIDE], of=strange))


def _described(members: dict[str, bytes], change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    name = f"{SIGN}/Signature.xml"
    description = change(members[name])
    value = use_seal(seal(), department(), description, f"/{name}", NOW)
    return members | {name: description, f"{SIGN}/SignedValue.dat": value}


def test_a_stamp_of_no_seal() -> None:
    """A person's signature that says where it is shown: as what, only its reader knows."""
    members = parts(sign_document(sealed(), holder("另一示例局"), NOW + 60))
    name = f"{SECOND}/Signature.xml"
    stamp = b'<ofd:StampAnnot ID="1" PageRef="1" Boundary="0 0 10 10"/></ofd:SignedInfo>'
    members[name] = members[name].replace(b"</ofd:SignedInfo>", stamp)
    first, _ = inspected(write_archive(members)).signatures
    assert outcome(first, "references") == ("unknown", "look_added")


def test_stamps_of_another_value() -> None:
    members = parts(co_sealed([BESIDE])) | {f"{SECOND}/SignedValue.dat": b"\x30\x00"}
    first, second = inspected(write_archive(members)).signatures
    assert outcome(first, "references") == ("unknown", "look_added")
    assert second.verdict is Verdict.UNVERIFIABLE


def test_what_was_altered_is_said_before_what_was_added() -> None:
    altered = with_part(co_sealed([Stamp("1", 0, 0, 210, 297)]), PAGE, lambda data: data + b"\n")
    first, _ = inspected(altered).signatures
    assert outcome(first, "references") == ("fail", "altered")


def of_pages(*boxes: str, default: str = "0 0 210 297") -> bytes:
    """A document with pages of these physical boxes; an empty one has none of its own."""
    members = parts(DOCUMENT)
    listed = "".join(
        f'<ofd:Page ID="{number}" BaseLoc="Pages/Page_{number - 1}/Content.xml"/>'
        for number in range(1, len(boxes) + 1)
    )
    root = members["Doc_0/Document.xml"].decode().replace("0 0 210 297", default)
    at, end = root.index("<ofd:Pages>") + 11, root.index("</ofd:Pages>")
    members["Doc_0/Document.xml"] = (root[:at] + listed + root[end:]).encode()
    for number, box in enumerate(boxes):
        sized = f"<Area><PhysicalBox>{box}</PhysicalBox></Area>" if box else ""
        members[f"Doc_0/Pages/Page_{number}/Content.xml"] = f"<Page>{sized}<Content/></Page>".encode()
    return write_archive(members)


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        pytest.param(of_pages("0 0 420 297"), Verdict.VALID, id="a wide page"),
        pytest.param(of_pages("", default="0 0 420 297"), Verdict.VALID, id="as wide as the document says"),
        pytest.param(
            of_pages("0 0 210 297", default="0 0 420 297"), Verdict.UNVERIFIABLE, id="a narrow page"
        ),
        pytest.param(of_pages("0 0"), Verdict.UNVERIFIABLE, id="a page without a size"),
        pytest.param(of_pages("", default="0 0 a b"), Verdict.UNVERIFIABLE, id="no size at all"),
        pytest.param(
            with_part(
                of_pages("0 0 420 297", default="0 0 420 297"), PAGE, b"<Page><Area><CropBox/></Area></Page>"
            ),
            Verdict.VALID,
            id="an area without a size",
        ),
    ],
)
def test_the_size_of_the_page(document: bytes, verdict: Verdict) -> None:
    first = apply_seal(document, seal(), department(), NOW, [Stamp("1", 10, 10, 40, 40)])
    assert inspected(co_sealed([Stamp("1", 300, 100, 40, 40)], of=first)).verdict is verdict


def test_a_page_that_is_listed_twice() -> None:
    """Readers differ in which of the two they show under the identifier."""
    members = parts(of_pages("0 0 210 297", "0 0 210 297"))
    members["Doc_0/Document.xml"] = members["Doc_0/Document.xml"].replace(b'ID="2"', b'ID="1"')
    first = apply_seal(write_archive(members), seal(), department(), NOW, [])
    assert_look_added(co_sealed([BESIDE], of=first))


def test_a_page_that_is_long_behind_its_size() -> None:
    members = parts(of_pages("0 0 210 297"))
    members[PAGE] = members[PAGE].replace(b"<Content/>", b"<a/>" * 40_000)
    first = apply_seal(write_archive(members), seal(), department(), NOW, [Stamp("1", 150, 230, 40, 40)])
    assert inspected(co_sealed([BESIDE], of=first)).verdict is Verdict.VALID


def riding(top: int, by: bytes | None, of: bytes) -> bytes:
    """A seal across the edges of five pages, a slice of it on each, as ofdrw places it."""
    document = co_sealed(
        [Stamp(str(page + 1), 202 - 8 * page, top, 40, 40) for page in range(5)], of=of, by=by
    )
    members = parts(document)
    folder = max(name.rpartition("/")[0] for name in members if name.endswith("Signature.xml"))
    name = f"{folder}/Signature.xml"
    for page in range(5):
        box = f'Boundary="{202 - 8 * page} {top} 40 40"'
        clipped = f'{box} Clip="{8 * page} 0 8 40"'
        members[name] = members[name].replace(box.encode(), clipped.encode())
    value = use_seal(by or seal_of(), holder("另一示例局"), members[name], f"/{name}", NOW + 60)
    return write_archive(members | {f"{folder}/SignedValue.dat": value})


def test_seals_across_the_edges_of_pages() -> None:
    first = apply_seal(of_pages(*["0 0 210 297"] * 5), seal(), department(), NOW, [])
    once = riding(40, None, first)
    assert inspected(once).verdict is Verdict.VALID
    assert inspected(riding(90, None, once)).verdict is Verdict.VALID
    reasons = [outcome(report, "references")[1] for report in inspected(riding(60, None, once)).signatures]
    assert reasons == ["ok", "look_added", "ok"]


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    document = co_sealed([BESIDE])
    monkeypatch.setattr(looks, "MAX_STAMPS", 1)
    assert "stamps at most" in (inspect(document, trust()).problem or "")
    monkeypatch.setattr(looks, "MAX_STAMPS", 2)
    assert inspected(document).verdict is Verdict.VALID
    monkeypatch.setattr(looks, "MAX_ON_PAGE", 1)
    assert_look_added(document)


def test_pages_beyond_the_bound_are_not_read() -> None:
    archive = open_archive(DOCUMENT)
    sizes = pages.PageSizes(archive)
    assert sizes.find("Doc_0/Document.xml", "1") == Box(0, 0, 210, 297)
    assert sizes.find("nowhere.xml", "1") is sizes.find("nowhere.xml", "2") is None
    assert pages.PageSizes(archive, _bytes_left=10).find("Doc_0/Document.xml", "1") is None


def test_a_description_in_two_documents_of_one_file() -> None:
    """The second body has a list of its own, into which anybody can enter the seal that the first body has."""
    members = parts(of_pages("0 0 210 297"))
    members["Doc_1/Document.xml"] = members["Doc_0/Document.xml"]
    members["Doc_1/Pages/Page_0/Content.xml"] = members[PAGE]
    body = "<DocBody><DocRoot>Doc_{0}/Document.xml</DocRoot><Signatures>/Doc_{0}/Signs/Signatures.xml</Signatures></DocBody>"
    members["OFD.xml"] = f"<OFD>{body.format(0)}{body.format(1)}</OFD>".encode()
    name = f"{SIGN}/Signature.xml"
    references = "".join(
        f'<Reference FileRef="/{part}"><CheckValue>{base64.b64encode(SM3.hash(data)).decode()}</CheckValue></Reference>'
        for part, data in members.items()
    )
    members[name] = (
        f'<Signature><SignedInfo><References CheckMethod="SM3">{references}</References>'
        '<StampAnnot ID="1" PageRef="1" Boundary="150 230 40 40"/></SignedInfo>'
        f"<SignedValue>/{SIGN}/SignedValue.dat</SignedValue></Signature>"
    ).encode()
    members[f"{SIGN}/SignedValue.dat"] = use_seal(seal(), department(), members[name], "", NOW)
    entered = f'<Signatures><Signature BaseLoc="/{name}"/></Signatures>'.encode()
    honest = members | {LIST_PART: entered, OTHER_LIST: b"<Signatures/>"}
    reports = inspected(write_archive(honest | {OTHER_LIST: entered})).signatures
    assert [outcome(report, "references") for report in reports] == [("pass", "ok")] * 2, "beside nothing"
    large = members[name].replace(b"150 230 40 40", b"0 0 200 200")
    twice = honest | {
        f"{SECOND}/Signature.xml": large.replace(SIGN.encode(), SECOND.encode()),
        OTHER_LIST: f'<Signatures><Signature BaseLoc="/{SECOND}/Signature.xml"/></Signatures>'.encode(),
    }
    first, _ = inspected(write_archive(twice)).signatures
    assert outcome(first, "references") == ("unknown", "look_added")
    again = twice | {
        LIST_PART: twice[OTHER_LIST].replace(b"<Signatures>", b"<Signatures>" + entered[12:-13]),
        OTHER_LIST: b"<Signatures/>",
    }
    first, _ = inspected(write_archive(again)).signatures
    assert outcome(first, "references") == ("unknown", "look_added")


def protecting_its_list() -> bytes:
    """Sealed twice, and the second seal protects the list of both."""
    members = parts(co_sealed([BESIDE]))
    name = f"{SECOND}/Signature.xml"
    digest = base64.b64encode(SM3.hash(members[LIST_PART])).decode()
    covered = (
        f'<ofd:Reference FileRef="/{LIST_PART}"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>'
    )
    members[name] = members[name].replace(b"</ofd:References>", f"{covered}</ofd:References>".encode())
    value = use_seal(seal_of(), holder("另一示例局"), members[name], f"/{name}", NOW + 60)
    return write_archive(members | {f"{SECOND}/SignedValue.dat": value})


def test_a_protected_list_that_lost_an_entry() -> None:
    """The first signature is taken out of it, and a third one makes the change ordinary."""
    third = sign_document(protecting_its_list(), department(), NOW + 90)
    reasons = [outcome(report, "references")[1] for report in inspected(third).signatures]
    assert reasons == ["ok", "later_signature", "ok"]
    entries = parts(third)[LIST_PART].split(ENTRY)
    lost = with_part(third, LIST_PART, ENTRY.join([entries[0], *entries[2:]]))
    second, _ = inspected(lost).signatures
    assert outcome(second, "references") == ("unknown", "unlisted")


def test_a_protected_list_that_names_an_earlier_signature_again() -> None:
    """Nothing new was signed: the list was altered."""
    document = protecting_its_list()
    first = b'<Signature BaseLoc="/%s/Signature.xml"/></ofd:Signatures>' % SIGN.encode()
    again = with_part(document, LIST_PART, lambda data: data.replace(b"</ofd:Signatures>", first))
    _, second, _ = inspected(again).signatures
    assert outcome(second, "references") == ("fail", "altered")


@pytest.mark.parametrize("name", [LIST_PART, f"{SECOND}/Signature.xml"])
def test_content_in_a_file_of_the_signing(name: str) -> None:
    """The document names annotations that it does not have; a file of a later signature is what a reader takes for them."""
    members = parts(co_sealed([BESIDE]))
    annotation = b'<Page PageID="1"><FileLoc>/Doc_0/a.xml</FileLoc></Page>'
    at = members[name].rindex(b"</")
    members[name] = members[name][:at] + annotation + members[name][at:]
    value = use_seal(seal_of(), holder("另一示例局"), members[f"{SECOND}/Signature.xml"], "", NOW + 60)
    first, second = inspected(write_archive(members | {f"{SECOND}/SignedValue.dat": value})).signatures
    assert (outcome(first, "coverage"), first.uncovered_parts) == (("unknown", "partial"), (name,))
    assert outcome(second, "coverage") == ("unknown", "partial")


@pytest.mark.parametrize("text", ["", "1 2 3 4 5", "1234567 0 1 1", "0x1 0 1 1", "1 2 3 -4", "１ 2 3 4"])
def test_what_is_no_box(text: str) -> None:
    assert parse_box(text) is None
