"""Photos and scans of printed codes at the counter, and the page that prints such a code."""

import io
import logging
import re

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.opening.pictures import PictureReading, decode_reading, encode_reading, is_picture
from api.paper.pages import write_paper
from ledger.errors import MalformedInput
from ledger.proof.paper import encode_paper
from tests.pictures import photograph
from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import (
    DOCUMENT,
    LICENCE,
    Page,
    confirm,
    drop,
    form,
    hidden_fields,
    is_counted,
    verdicts,
)


@pytest.fixture
def photo(city: City, proof: bytes) -> bytes:
    return photograph(write_paper(city.proof(LICENCE), "png"), degrees=7, quality=40)


def test_a_photo_of_a_printed_code_is_compared_item_by_item(wuhan: TestClient, photo: bytes) -> None:
    page = drop(wuhan, ("IMG_0001.JPG", photo))
    assert verdicts(page) == ["unverifiable"]
    assert "天门市示例餐饮店" in page.text
    assert "未核验" not in page.text
    assert is_counted(confirm(wuhan, hidden_fields(page)))


def test_a_photo_beside_the_document_is_its_proof_and_no_document(wuhan: TestClient, photo: bytes) -> None:
    assert verdicts(drop(wuhan, ("a.pdf", DOCUMENT), ("photo.jpg", photo))) == ["valid"]
    assert verdicts(drop(wuhan, ("a.pdf", DOCUMENT + b"!"), ("photo.jpg", photo))) == ["invalid"]


def test_a_photo_of_the_code_of_a_revoked_licence_says_so(
    city: City, wuhan: TestClient, photo: bytes
) -> None:
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    page = drop(wuhan, ("photo.jpg", photo))
    assert verdicts(page) == ["not_current"]
    assert "此码所指的证照已撤销；未核对纸面内容" in page.text


def test_a_registered_picture_is_a_document(city: City, wuhan: TestClient, proof: bytes) -> None:
    picture = photograph(write_paper(city.proof(LICENCE), "png"), cut=0.2)
    city.submit(city.licence("TM2022A0000000000009", {"ZZMC": "营业执照"}, picture))
    city.anchor()
    its_proof = city.proof(identifier("TM2022A0000000000009")).encode()
    assert verdicts(drop(wuhan, ("a.jpg", picture), ("a.jpg.proof.json", its_proof))) == ["valid"]


def test_a_picture_without_a_code_says_how_to_take_it(
    wuhan: TestClient, photo: bytes, city: City, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cut = photograph(write_paper(city.proof(LICENCE), "png"), cut=0.7)
    for name, content, words in (
        ("切掉\u202e.jpg", cut, "请让整个二维码完整入镜"),
        ("坏.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "图片无法读取"),
    ):
        answer = wuhan.post("/", files=[("document", (name, content))])
        assert answer.status_code == 400
        assert words in answer.text
        assert "\u202e" not in answer.text
    assert "切掉" not in caplog.text


def test_a_picture_that_is_too_large_or_takes_too_long_is_no_crash(wuhan: TestClient) -> None:
    """A bomb of 900 million white pixels in a megabyte."""
    file = io.BytesIO()
    Image.new("1", (30_000, 30_000), 1).save(file, "PNG")
    answer = wuhan.post("/", files=[("document", ("bomb.png", file.getvalue()))])
    assert answer.status_code == 400
    assert "图片像素过多" in answer.text


def test_a_large_picture_on_transparent_ground_is_read(wuhan: TestClient, photo: bytes) -> None:
    """As many pixels as an A4 page of 600 dpi has, within the memory that a picture may take."""
    with Image.open(io.BytesIO(photo)) as code:
        page = Image.new("RGBA", (6_000, 6_000))
        page.paste(code.convert("RGBA").resize((4_000, 4_000 * code.height // code.width)), (500, 500))
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=1)
    assert verdicts(drop(wuhan, ("scan.png", file.getvalue()))) == ["unverifiable"]


def test_a_picture_that_does_not_fit_the_memory_is_told_as_too_large(wuhan: TestClient) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (6_300, 6_300)).save(file, "JPEG")
    answer = wuhan.post("/", files=[("document", ("scan.jpg", file.getvalue()))])
    assert answer.status_code == 400
    assert "图片像素过多" in answer.text


def test_the_page_prints_the_code_of_what_it_could_confirm(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    page = Page(wuhan.post("/", files=form({"proof": proof, "document": DOCUMENT})).text)
    assert [element["action"] for element in page.all("form")] == ["/", "/paper"]
    answer = wuhan.post("/paper", data=hidden_fields(page))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert re.fullmatch(r'attachment; filename="[a-z-]+\.pdf"', answer.headers["content-disposition"])
    altered = proof.replace("餐饮服务".encode(), "餐饮批发".encode())
    for text in (altered.decode(), "", "SZ1:", encode_paper(city.proof(LICENCE))[:-5]):
        assert wuhan.post("/paper", data={"code": text}).status_code in (400, 422)
    assert "/paper" not in wuhan.post("/", files=form({"proof": altered, "document": DOCUMENT})).text


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b'{"codes": [1]}', b'{"codes": [], "proof": {}}', b'{"codes": "SZ1:"}', b"\xff"]
)
def test_what_is_not_the_answer_of_a_reader_is_not_believed(answer: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_reading(answer)


def test_an_answer_survives_the_way() -> None:
    reading = PictureReading(("SZ1:A", "顺证"), "")
    assert decode_reading(encode_reading(reading)) == reading


def test_pictures_are_told_by_their_first_bytes() -> None:
    assert is_picture(b"\xff\xd8\xff\xe0")
    assert is_picture(b"RIFF\0\0\0\0WEBPVP8 ")
    assert not is_picture(b"RIFF\0\0\0\0WAVE")
    assert not is_picture(b"%PDF-1.7")
