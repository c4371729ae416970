"""The example licences: valid, varied, evidently fictional, made by the program beside them."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import examples
from anchoring.catalogue.chosen import get_catalogue
from examples import generate
from examples.licences import LAST_DAY
from examples.types import list_claims
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding import times
from ledger.records.identifiers import (
    CertificateIdentifier,
    check_credit_code,
    check_resident_number,
    get_division,
)

FOLDER = Path(examples.__file__).parent
MEMBERS = {"kind", "action", "identifier", "issuer", "issued", "valid_from", "valid_until", "claims"}
# Organisation codes that show themselves made up: one counts upwards, the others begin with EX.
DEPARTMENT = re.compile("11429006(01234567|EXAMPLE[0-9])..")
ORGANISATION = re.compile("(91|92|51|52)429006EX[0-9]{6}..")
RESIDENT = re.compile("429006(19[0-9]{6})99[6-9][0-9X]")


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def licences() -> list[dict[str, Any]]:
    return read("licences.ndjson")


@pytest.fixture(scope="module")
def with_documents() -> list[dict[str, Any]]:
    return read("with-documents.ndjson")


@pytest.fixture(scope="module")
def everything(licences: list[dict[str, Any]], with_documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return licences + with_documents


@pytest.fixture(scope="module")
def departments() -> dict[str, dict[str, Any]]:
    content = json.loads((FOLDER / "departments.json").read_text(encoding="utf-8"))
    return {department["credit_code"]: department for department in content}


def test_generating_again_changes_nothing() -> None:
    for path, content in generate.files().items():
        assert (FOLDER / path).read_bytes() == content, f"{path} differs: run python -m examples.generate"


def test_no_document_is_left_over() -> None:
    made = {path for path in generate.files() if path.startswith("documents/")}
    assert {f"documents/{path.name}" for path in (FOLDER / "documents").iterdir()} == made


def test_writing_goes_where_it_is_told(tmp_path: Path) -> None:
    generate.write(tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == set(generate.files())


def test_there_are_enough_and_none_twice(
    licences: list[dict[str, Any]], everything: list[dict[str, Any]]
) -> None:
    assert len(licences) == 2000
    lineages = {CertificateIdentifier.parse(record["identifier"]).lineage for record in everything}
    assert len(lineages) == len(everything) == 2004
    assert len({record["claims"]["ZZMC"] for record in licences}) >= 30
    assert min(Counter(record["claims"]["ZZMC"] for record in licences).values()) > 1


def test_the_departments_are_fictional_and_well_formed(departments: dict[str, dict[str, Any]]) -> None:
    assert len(departments) == 3
    for code, department in departments.items():
        check_credit_code(code)
        assert get_division(code) == "429006"
        assert DEPARTMENT.fullmatch(code)
        assert "示例" in department["name"]
        assert "Example" in department["name_en"]
    served = [code for department in departments.values() for code in department["types"]]
    assert len(served) == len(set(served))


def test_each_licence_is_in_form(
    everything: list[dict[str, Any]], departments: dict[str, dict[str, Any]]
) -> None:
    for record in everything:
        assert set(record) - {"documents"} <= MEMBERS
        assert (record["kind"], record["action"]) == ("licence", "issue")
        identifier = CertificateIdentifier.parse(record["identifier"])
        assert identifier.version == 1
        assert len(identifier.serial) == 20
        assert identifier.issuer == record["issuer"]
        assert identifier.type in departments[record["issuer"]]["types"]


def test_claims_are_those_of_the_type(everything: list[dict[str, Any]]) -> None:
    for record in everything:
        claims = record["claims"]
        type_ = get_catalogue().find_type(CertificateIdentifier.parse(record["identifier"]).type)
        assert type_ is not None
        fields = list_claims(type_)
        assert 12 <= len(claims) <= 20
        assert {field.name for field in fields if field.required} <= set(claims)
        assert list(claims) == [field.name for field in fields if field.name in claims]
        assert (claims["ZZMC"], claims["ZZLXDM"]) == (type_.name.zh, type_.code)
        for field in fields:
            if field.name in claims:
                check_value(field, claims[field.name])


def check_value(field: ClaimField, value: object) -> None:
    if field.repeatable:
        assert isinstance(value, list)
        assert value
    for one in value if isinstance(value, list) and field.repeatable else [value]:
        if field.form is Form.INTEGER:
            assert type(one) is int
            continue
        assert isinstance(one, str)
        assert one
        if field.form is Form.CHOICE:
            assert one in field.values
        if field.form is Form.DATE:
            assert date.fromisoformat(one).isoformat() == one
        if field.form is Form.TIME:
            assert times.format_time(times.parse_time(one)) == one


def test_claims_agree_with_the_record(everything: list[dict[str, Any]], departments: dict[str, Any]) -> None:
    for record in everything:
        claims = record["claims"]
        assert claims["ZZBS"] == record["identifier"]
        assert claims["ZZBFJGDM"] == record["issuer"]
        assert claims["ZZBFJG"] == departments[record["issuer"]]["name"]
        assert claims["ZZBFRQ"] == record["issued"]
        assert claims.get("ZZYXQQSRQ") == record.get("valid_from")
        assert claims.get("ZZYXQJZRQ") == record.get("valid_until")


def test_dates_are_of_all_sorts(licences: list[dict[str, Any]]) -> None:
    last = LAST_DAY.isoformat()
    for record in licences:
        assert "2014-01-01" <= record["issued"] <= last
        assert record["issued"] <= record.get("valid_from", "9") <= record.get("valid_until", "9")
    expired = sum(record.get("valid_until", "9") < last for record in licences)
    unending = sum("valid_until" not in record for record in licences)
    not_begun = sum(record.get("valid_from", "0") > last for record in licences)
    assert 20 <= expired <= 200
    assert 200 <= unending <= 1200
    assert 1 <= not_begun <= 20


def test_holders_are_fictional_and_well_formed(everything: list[dict[str, Any]]) -> None:
    for record in everything:
        claims = record["claims"]
        names, codes, kinds = (
            value if isinstance(value, list) else [value]
            for value in (claims["CZZT"], claims["CZZTDM"], claims["CZZTDMLXDM"])
        )
        for name, code, kind in zip(names, codes, kinds, strict=True):
            if kind == "001":
                check_credit_code(code)
                assert ORGANISATION.fullmatch(code)
                assert "示例" in name
            elif kind == "111":
                check_resident(code)
            else:
                assert (kind, claims["ZZMC"], code) == ("999", "出生医学证明", claims["ZZBH"])


def check_resident(number: str) -> None:
    check_resident_number(number)
    found = RESIDENT.fullmatch(number)
    assert found
    assert found[1] > "1927"  # at most a hundred years old in 2027: those sequences are not for them


def test_every_number_in_the_text_is_fictional(everything: list[dict[str, Any]]) -> None:
    """Wherever a code stands, in whatever claim, it is one of the made-up kinds."""
    for record in everything:
        for name, value in record["claims"].items():
            text = json.dumps(value, ensure_ascii=False)
            if name in {"ZZBS", "ZZLXDM", "KZ_HGXKBS", "KZ_BDCDYH"}:
                continue
            for code in re.findall(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])", text):
                assert (
                    DEPARTMENT.fullmatch(code) or ORGANISATION.fullmatch(code) or RESIDENT.fullmatch(code)
                ), name
            assert "鄂R" not in text or "鄂R·I" in text


def test_addresses_are_in_tianmen_and_nowhere(everything: list[dict[str, Any]]) -> None:
    text = json.dumps(everything, ensure_ascii=False)
    addresses = re.findall('湖北省[^"]*', text)
    assert len(addresses) > 1000
    assert all(re.match("湖北省天门市.{2,4}(街道|镇|乡)(示例|样例|范例)", address) for address in addresses)


def test_joint_holders_stand_side_by_side(licences: list[dict[str, Any]]) -> None:
    for record in licences:
        claims = record["claims"]
        if claims["ZZMC"] in {"结婚证", "离婚证"}:
            assert len(claims["CZZT"]) == 2
        if claims["ZZMC"] == "不动产权证":
            assert claims["KZ_GYQK"] == ("单独所有" if len(claims["CZZT"]) == 1 else "共同共有")


def test_a_comprehensive_permit_covers_licences_of_the_same_holder(licences: list[dict[str, Any]]) -> None:
    found = {record["identifier"]: record["claims"] for record in licences}
    comprehensive = [claims for claims in found.values() if claims["ZZMC"] == "行业综合许可证"]
    assert comprehensive
    for claims in comprehensive:
        covered = [found[identifier] for identifier in claims["KZ_HGXKBS"]]
        assert [one["ZZMC"] for one in covered] == claims["KZ_HGXK"]
        assert {one["CZZTDM"] for one in covered} == {claims["CZZTDM"]}


def test_documents_are_beside_the_lines_and_small(with_documents: list[dict[str, Any]]) -> None:
    paths = [path for record in with_documents for path in record["documents"]]
    assert sorted(Path(path).suffix for path in paths) == [".html", ".ofd", ".pdf", ".pdf", ".txt"]
    for record in with_documents:
        for path in record["documents"]:
            content = (FOLDER / path).read_bytes()
            assert len(content) < 20_000
            if path.endswith((".html", ".txt", ".ofd")):
                assert record["identifier"].encode() in content
            assert content.startswith(
                {".pdf": b"%PDF-1.5\n", ".ofd": b"PK\x03\x04"}.get(Path(path).suffix, b"")
            )


def test_the_cross_references_of_a_pdf_are_right() -> None:
    content = (FOLDER / "documents/food-permit.pdf").read_bytes()
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert content[start:].startswith(b"xref\n0 8\n0000000000 65535 f \n")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n \n", content[start:]), 1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)


def test_the_readme_shows_a_line_that_exists(with_documents: list[dict[str, Any]]) -> None:
    block = (FOLDER / "README.md").read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    shown = json.loads(block)
    record = with_documents[0]
    assert shown["claims"].items() <= record["claims"].items()
    assert {name: value for name, value in record.items() if name != "claims"} == {
        name: value for name, value in shown.items() if name != "claims"
    }
