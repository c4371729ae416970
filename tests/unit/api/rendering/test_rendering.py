"""The page and the command line say the same of one report, in both languages."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from api.documents import open_papers
from api.rendering.slip import write_slip
from api.rendering.text import VerificationJson, describe_inspection, describe_verification
from ledger.documents.inspection import Inspection
from ledger.verification.verify import verify
from ledger.words import Language
from tests.papers import PAGE, sealed, with_part
from tests.scenes import DOCUMENT, scene

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_seal_is_told_alike_and_by_the_reason_of_its_report(language: Language) -> None:
    city, items = scene()
    papers = open_papers([with_part(sealed(), PAGE, b"<Page/>"), sealed()])
    report = verify(
        papers.presented_content, city.proof(items[0]).encode(), city.registry.knowledge, city.registry.now
    )
    seals = write_slip(report, language, papers.inspections).seals
    text = describe_verification(cast(VerificationJson, papers.with_report(report)), language)
    assert len(seals) == 2
    assert [f"  {line.label}: {line.value}" in text.splitlines() for line in seals] == [True, True]
    assert ("Intact, but" if language == "en" else "内容未改动，但") in seals[1].value


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_document_that_could_not_be_read_says_so_and_signatures_have_an_end(language: Language) -> None:
    city, items = scene()
    papers = open_papers([sealed()])
    report = verify(
        papers.presented_content, city.proof(items[0]).encode(), city.registry.knowledge, city.registry.now
    )
    (inspection,) = papers.inspections
    assert inspection
    many = replace(inspection, signatures=inspection.signatures * 64)
    unread = Inspection("pdf", problem="it takes too long")
    seals = write_slip(report, language, [many, None, unread, many]).seals
    assert len(seals) == 102
    assert (seals[0].label, seals[0].value) == (
        "The document cannot be read" if language == "en" else "文件无法读取",
        "it takes too long",
    )
    assert seals[-1].value == "28"


@pytest.mark.parametrize(("language", "said"), [("zh", "文档含脚本"), ("en", "carries scripts")])
def test_scripts_of_a_document_are_told_at_the_page_also_where_nobody_signed(
    language: Language, said: str
) -> None:
    city, items = scene()
    papers = open_papers([sealed()])
    report = verify(
        papers.presented_content, city.proof(items[0]).encode(), city.registry.knowledge, city.registry.now
    )
    scripted = Inspection("pdf", has_scripts=True)
    (line,) = write_slip(report, language, [scripted, None, Inspection("pdf")]).seals
    assert said in line.value
    documents = (replace(papers.documents[0], inspection=scripted),)
    told = replace(papers, documents=documents).with_report(report)
    text = describe_verification(cast(VerificationJson, told), language)
    assert f"  {line.label}: {line.value}" in text.splitlines()
    assert said in describe_inspection(Inspection("pdf", has_scripts=True), language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_until_when_a_status_is_known_is_told_alike(language: Language) -> None:
    city, items = scene()
    city.register(city.follow("suspend", items[0]))
    papers = open_papers([])
    report = verify(
        papers.presented_content, city.proof(items[0]).encode(), city.registry.knowledge, city.registry.now
    )
    facts = write_slip(report, language).facts
    text = describe_verification(cast(VerificationJson, papers.with_report(report)), language)
    known = next(line.label for line in facts if line.label in ("状态信息截至", "Status known as of"))
    assert f"  {known} " in text
    assert (
        "(自 2026年3月2日 09:00:08 起)" if language == "zh" else "(since 2 March 2026, 09:00:08 (UTC+8))"
    ) in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_superseded_certificate_names_its_successor(language: Language) -> None:
    city, items = scene()
    renewed = city.follow("renew", items[0])
    city.register(renewed)
    papers = open_papers([])
    report = verify(
        papers.presented_content,
        city.proof(items[0], renewed).encode(),
        city.registry.knowledge,
        city.registry.now,
    )
    slip = write_slip(report, language)
    text = describe_verification(cast(VerificationJson, papers.with_report(report)), language)
    assert renewed.record.identifier in text
    assert renewed.record.identifier in [line.value for line in slip.facts]
    assert text.startswith("｜".join((slip.headline, *slip.particulars)) + "\n")
    assert ("已换发" if language == "zh" else "superseded") in slip.headline


def test_names_of_items_pass_for_no_label_of_the_page() -> None:
    """A certificate may name its items as it likes; they steer nothing and look like nothing of ours."""
    city, _ = scene()
    licence = city.licence(claims={"\u202eZZ": "a", "持证主体": "假", "证照状态": "有效", "ZZMC": "营业执照"})
    city.register(licence)
    report = city.verify(city.proof(licence))
    labels = [line.label for line in write_slip(report, "zh").claims]
    assert labels == ["证照名称", "自列项“⟨U+202E⟩ZZ”", "自列项“持证主体”", "自列项“证照状态”"]
    hidden = city.verify(city.proof(licence, shown={"ZZMC"}), claims={})
    assert write_slip(hidden, "zh").withheld == ("登记的文件 1", *labels[1:])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_claims_that_contradict_are_told_alike(language: Language) -> None:
    city, _ = scene()
    licence = city.licence(claims={"ZZYXQJZRQ": "2099-12-31\x1b[2J"})
    city.register(licence)
    papers = open_papers([])
    report = city.verify(city.proof(licence))
    line = write_slip(report, language).facts[0]
    text = describe_verification(cast(VerificationJson, papers.with_report(report)), language)
    assert f"  {line.label}: {line.value}" in text.splitlines()
    assert "2099-12-31⟨U+001B⟩[2J" in line.value
    assert "2031-03-01" in line.value


def test_rendering_loads_neither_the_web_framework_nor_templates() -> None:
    script = "import sys, api.rendering.slip, api.rendering.text; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"fastapi", "starlette", "jinja2", "pydantic"} & set(done.stdout.split())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_line_opens_with_the_banner_of_the_page(language: Language) -> None:
    city, items = scene()
    papers = open_papers([DOCUMENT])
    report = verify(
        papers.presented_content, city.proof(items[0]).encode(), city.registry.knowledge, city.registry.now
    )
    names = {report.proof.record.issuer: "天门市市场监督管理局"} if report.proof else {}
    banner = "｜".join((report.words.in_(language), *write_slip(report, language, (), names).particulars))
    told = cast(VerificationJson, papers.with_report(report, issuer_names=names))
    assert describe_verification(told, language).startswith(f"{banner}\n")
    assert "天门市市场监督管理局" in banner
    assert "天门市示例商贸有限公司" in banner


def test_no_name_of_a_holder_adds_a_part_to_the_banner() -> None:
    city, _ = scene()
    licence = city.licence(claims={"CZZT": "张三｜武汉市公安局\n", "ZZBFJG": "武汉市公安局"})
    city.register(licence)
    particulars = write_slip(city.verify(city.proof(licence)), "zh").particulars
    assert particulars[1] == "张三⟨U+FF5C⟩武汉市公安局 ⏎ "
    assert particulars[2].startswith("颁发机构 ")
    hidden = write_slip(city.verify(city.proof(licence, shown={"ZZBFJG"}), claims={}), "zh").particulars
    assert hidden[1] == "持证主体未披露"
