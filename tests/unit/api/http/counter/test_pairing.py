"""Several certificates at once: each document goes to its proof, each has its verdict."""

from fastapi.testclient import TestClient

from examples.renderings import render_ofd
from ledger.documents.carriers import attach
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import (
    CLAIMS,
    DOCUMENT,
    LICENCE,
    OTHER,
    Page,
    confirm,
    drop,
    is_counted,
    verdicts,
)


def test_two_genuine_licences_dropped_together_are_two_verdicts(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("b.pdf", OTHER),
        ("a.pdf", DOCUMENT),
        ("1.json", two[0]),
        ("2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "valid"]
    assert len(page.all("h1")) == 1
    assert "2 份证照，各有结论" in page.text
    assert "未核验" not in page.text
    assert "天门市示例餐饮店" in page.text
    assert "别家店" in page.text


def test_an_altered_document_is_compared_with_the_proof_of_its_name(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("a.pdf", DOCUMENT),
        ("B.pdf", OTHER + b"!"),
        ("a.pdf.proof.json", two[0]),
        ("b.pdf.proof.json", two[1]),
    )
    assert verdicts(page) == ["valid", "invalid"]


def test_what_belongs_to_no_proof_is_named_and_nothing_is_said_of_it(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("a.pdf", DOCUMENT),
        ("stray\u202e.pdf", OTHER + b"!"),
        ("1.json", two[0]),
        ("2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "unverifiable"]
    assert "未核验：没有凭据为下列文件作证" in page.text
    assert "stray⟨U+202E⟩.pdf" in page.text


def test_a_document_without_proof_beside_one_that_carries_its_own(city: City, wuhan: TestClient) -> None:
    carrier = render_ofd("营业执照", [("名称", "甲")])
    city.submit(city.licence("TM2022A0000000000003", CLAIMS, carrier))
    city.anchor()
    carrying = attach(carrier, city.proof(identifier("TM2022A0000000000003")))
    page = drop(wuhan, ("a.ofd", carrying), ("b.pdf", OTHER))
    assert verdicts(page) == ["valid"]
    assert "未核验" in page.text
    assert "b.pdf" in page.text
    page = drop(wuhan, ("a.ofd", carrying), ("", OTHER))
    assert verdicts(page) == ["valid"]


def test_an_attachment_beside_a_licence_and_its_only_proof_is_not_checked(
    wuhan: TestClient, proof: bytes
) -> None:
    """A form that travels along is no forgery of the licence; nobody vouches for it, and the page names it first."""
    page = drop(wuhan, ("a.pdf", DOCUMENT), ("申请表.pdf", OTHER), ("p.json", proof))
    assert verdicts(page) == ["valid"]
    assert "未核验：没有凭据为下列文件作证" in page.text
    assert page.text.index("申请表.pdf") < page.text.index("真实有效", page.text.index("申请表.pdf"))
    assert "所核验的文件\na.pdf" in page.text or "所核验的文件a.pdf" in page.text


def test_an_altered_document_of_the_only_proof_is_compared_whatever_its_name(
    wuhan: TestClient, proof: bytes
) -> None:
    page = drop(wuhan, ("扫描件.pdf", DOCUMENT + b"!"), ("申请表.pdf", OTHER), ("p.json", proof))
    assert verdicts(page) == ["invalid"]


def test_an_altered_copy_under_the_name_of_the_proof_is_compared_beside_the_genuine_one(
    wuhan: TestClient, proof: bytes
) -> None:
    page = drop(wuhan, ("genuine.pdf", DOCUMENT), ("a.pdf", DOCUMENT + b"!"), ("a.pdf.proof.json", proof))
    assert verdicts(page) == ["invalid"]


def test_thirty_licences_of_a_tender_are_thirty_verdicts_with_an_overview(
    city: City, wuhan: TestClient
) -> None:
    contents = [f"%PDF-1.7 licence {number}".encode() for number in range(30)]
    for number, content in enumerate(contents):
        city.submit(city.licence(f"TM2022T00000000000{number:02}", CLAIMS, content))
    city.anchor()
    files = []
    for number, content in enumerate(contents):
        presented = content + b"!" if number in (7, 19) else content
        proof = city.proof(identifier(f"TM2022T00000000000{number:02}")).encode()
        files += [(f"{number}.pdf", presented), (f"{number}.pdf.proof.json", proof)]
    page = drop(wuhan, *files)
    assert [number for number, verdict in enumerate(verdicts(page)) if verdict == "invalid"] == [7, 19]
    rows = [row["class"] for row in page.all("tr") if "class" in row]
    assert [number for number, verdict in enumerate(rows) if verdict != "valid"] == [7, 19]


def test_one_certificate_is_one_verdict_however_often_its_proof_is_given(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    code = encode_paper(city.proof(LICENCE))
    files = [
        ("document", ("a.pdf", DOCUMENT)),
        ("document", ("1.json", proof)),
        ("document", ("2.json", proof)),
    ]
    answer = wuhan.post("/", files=files, data={"code": code})
    assert verdicts(Page(answer.text)) == ["valid"]


def test_each_of_several_codes_is_confirmed_by_itself(
    city: City, wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(wuhan, ("1.json", two[0]), ("2.json", two[1]))
    assert verdicts(page) == ["unverifiable", "unverifiable"]
    tokens = [field["value"] for field in page.all("input") if field.get("name") == "token"]
    assert len({*tokens}) == 2
    hidden = [field for field in page.all("input") if field.get("type") == "hidden"]
    codes = [*dict.fromkeys(field["value"] for field in hidden if field["name"] == "code")]
    for code, token in zip(codes, tokens, strict=True):
        assert is_counted(confirm(wuhan, {"code": code, "token": token, "confirmed": "all"}))
    assert not is_counted(confirm(wuhan, {"code": codes[0], "token": tokens[1], "confirmed": "all"}))
