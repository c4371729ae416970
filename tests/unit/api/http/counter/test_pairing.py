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
        ("document", "b.pdf", OTHER),
        ("document", "a.pdf", DOCUMENT),
        ("document", "1.json", two[0]),
        ("proof", "2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "valid"]
    assert len(page.all("h1")) == 1
    assert "2 份证照，各有结论" in page.text
    assert "未作核验" not in page.text
    assert "天门市示例餐饮店" in page.text
    assert "别家店" in page.text


def test_an_altered_document_is_compared_with_the_proof_of_its_name(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("document", "a.pdf", DOCUMENT),
        ("document", "B.pdf", OTHER + b"!"),
        ("proof", "a.pdf.proof.json", two[0]),
        ("proof", "b.pdf.proof.json", two[1]),
    )
    assert verdicts(page) == ["valid", "invalid"]


def test_what_belongs_to_no_proof_is_named_and_nothing_is_said_of_it(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("document", "a.pdf", DOCUMENT),
        ("document", "stray\u202e.pdf", OTHER + b"!"),
        ("proof", "1.json", two[0]),
        ("proof", "2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "unverifiable"]
    assert "下列文件不属于所给的任何凭据，未作核验" in page.text
    assert "stray⟨U+202E⟩.pdf" in page.text


def test_a_document_without_proof_beside_one_that_carries_its_own(city: City, wuhan: TestClient) -> None:
    carrier = render_ofd("营业执照", [("名称", "甲")])
    city.submit(city.licence("TM2022A0000000000003", CLAIMS, carrier))
    city.anchor()
    carrying = attach(carrier, city.proof(identifier("TM2022A0000000000003")))
    page = drop(wuhan, ("document", "a.ofd", carrying), ("document", "b.pdf", OTHER))
    assert verdicts(page) == ["valid"]
    assert "未作核验" in page.text
    assert "b.pdf" in page.text
    page = drop(wuhan, ("document", "a.ofd", carrying), ("document", "", OTHER))
    assert verdicts(page) == ["valid"]


def test_to_the_only_proof_belongs_whatever_is_given_with_it(wuhan: TestClient, proof: bytes) -> None:
    """Nobody gets an altered page past the counter by presenting it beside the genuine one."""
    page = drop(
        wuhan, ("document", "a.pdf", DOCUMENT), ("document", "b.pdf", OTHER), ("proof", "p.json", proof)
    )
    assert verdicts(page) == ["invalid"]


def test_one_certificate_is_one_verdict_however_often_its_proof_is_given(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    code = encode_paper(city.proof(LICENCE))
    files = [("document", ("a.pdf", DOCUMENT)), ("proof", ("1.json", proof)), ("document", ("2.json", proof))]
    answer = wuhan.post("/", files=files, data={"code": code})
    assert verdicts(Page(answer.text)) == ["valid"]


def test_each_of_several_codes_is_confirmed_by_itself(
    city: City, wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(wuhan, ("proof", "1.json", two[0]), ("proof", "2.json", two[1]))
    assert verdicts(page) == ["unverifiable", "unverifiable"]
    tokens = [field["value"] for field in page.all("input") if field.get("name") == "token"]
    assert len({*tokens}) == 2
    codes = [field["value"] for field in page.all("input") if field.get("name") == "code"]
    for code, token in zip(codes, tokens, strict=True):
        assert is_counted(confirm(wuhan, {"code": code, "token": token, "confirmed": "all"}))
    assert not is_counted(confirm(wuhan, {"code": codes[0], "token": tokens[1], "confirmed": "all"}))
