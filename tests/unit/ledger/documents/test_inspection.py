"""The report on a file: its shape, the table behind its words, and the proof inside."""

import json
from itertools import permutations
from typing import Final

import pytest

from ledger.documents.carriers import attach
from ledger.documents.findings import (
    CHECKS,
    FINDING_TABLE,
    Check,
    decide,
    fail_check,
    leave_unknown,
    pass_check,
    pick_worst,
)
from ledger.documents.inspection import Inspection
from ledger.documents.kinds import BEGINNINGS, FileKind
from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import sign_document
from ledger.documents.openers import OPENERS, inspect
from ledger.verification.reasons import Outcome, Verdict
from tests import papers
from tests.papers import DOCUMENT, NOW, PAGE, department, parts, seal, sealed, trust, with_part
from tests.scenes import scene

CITY, ITEMS = scene()
GOOD: Final = {
    "zh": "签章完好，签发证书的机构在本市可信名单内",
    "en": "intact, and vouched for by an authority on this city's list",
}
PROOF: Final = CITY.proof(ITEMS[0])


def test_the_shape_of_a_report() -> None:
    report = inspect(sealed(), trust()).to_json()
    signature: dict[str, object] = {**report["signatures"][0]}
    assert {name: value for name, value in report.items() if name not in ("signatures", "words")} == {
        "type": "ofd", "proof": None, "problem": None, "verdict": "valid",
    }  # fmt: skip
    assert report["words"] == GOOD
    del signature["checks"]
    checks = report["signatures"][0]["checks"]
    assert signature == {
        "kind": "ses",
        "version": 4,
        "signer": "天门市示例局",
        "issuer": "示例根证书",
        "seal_id": "42900600000001",
        "seal_name": "天门市示例局电子证照专用章",
        "seal_maker": "示例制章单位",
        "signed_at": "2026-03-02T01:00:00Z",
        "stamped_at": None,
        "findings": [],
        "covers_all": True,
        "altered": [],
        "uncovered": [],
        "verdict": "valid",
        "words": GOOD,
        "reason_words": {"zh": "全部检查通过", "en": "Every check passed"},
    }
    assert set(checks.values()) == {"pass"}
    assert json.loads(json.dumps(report)) == report


def test_a_finding_has_words() -> None:
    (signature,) = inspect(sealed(), None).to_json()["signatures"]
    assert signature["checks"]["chain"] == "unknown"
    assert signature["findings"] == [
        {
            "check": "chain",
            "name": {"zh": "证书颁发机构可信", "en": "certificates lead to a trusted authority"},
            "outcome": "unknown",
            "reason": "no_trust_list",
            "words": {
                "zh": "未指定可信机构名单，证书由谁签发未作核对",
                "en": "No list of trusted authorities was given: who vouches for the certificates was not looked at",
            },
        }
    ]


@pytest.mark.parametrize(
    ("document", "trusted", "zh", "en"),
    [
        (
            sealed(),
            False,
            "内容未改动，但未指定可信机构名单，证书由谁签发未作核对",
            "Intact, but: No list of trusted authorities was given: who vouches for the certificates was not looked at",
        ),
        (
            with_part(sealed(), PAGE, b"<Page/>"),
            False,
            "签名后文件被改动",
            "Parts were altered after signing",
        ),
        (
            seal(),
            False,
            "未指定可信机构名单，证书由谁签发未作核对",
            "No list of trusted authorities was given: who vouches for the certificates was not looked at",
        ),
        (
            write_archive(parts(sealed()) | {"a": b""}),
            True,
            "部分文件不在保护范围内",
            "Some parts are not covered by the signature",
        ),
    ],
    ids=["not trusted", "altered", "a seal alone", "something added"],
)
def test_why(document: bytes, trusted: bool, zh: str, en: str) -> None:
    """An altered document is never called intact, whatever else there is to say."""
    (report,) = inspect(document, trust() if trusted else None).signatures
    assert report.reason == (zh, en)


def test_the_table() -> None:
    """Nothing unknown is valid, only what was seen to be wrong is invalid, and everything has words in both languages."""
    for (name, outcome, _), row in FINDING_TABLE.items():
        assert name in CHECKS
        assert all(row.words)
        assert row.words.zh != row.words.en
        assert (row.verdict is Verdict.VALID) is (outcome is Outcome.PASS)
        if row.verdict is Verdict.INVALID:
            assert outcome is Outcome.FAIL
    assert {name for name, outcome, _ in FINDING_TABLE if outcome is Outcome.PASS} == set(CHECKS)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], Verdict.UNVERIFIABLE),
        ([pass_check("structure")], Verdict.VALID),
        ([pass_check("structure"), leave_unknown("chain", "signer")], Verdict.UNVERIFIABLE),
        ([leave_unknown("chain", "signer"), fail_check("references", "altered")], Verdict.INVALID),
        ([pass_check("structure"), fail_check("validity", "seal")], Verdict.UNVERIFIABLE),
    ],
)
def test_the_worst_check_decides(checks: list[Check], expected: Verdict) -> None:
    assert decide(checks) is expected


def test_a_document_is_as_good_as_its_worst_signature() -> None:
    assert pick_worst([Verdict.VALID, Verdict.UNVERIFIABLE]) is Verdict.UNVERIFIABLE
    assert pick_worst([Verdict.INVALID, Verdict.UNVERIFIABLE]) is Verdict.INVALID
    stranger = papers.holder("不在名单者", of="另一根证书")
    twice = sign_document(sealed(), stranger, NOW)
    inspection = inspect(twice, trust())
    assert [one.verdict for one in inspection.signatures] == [Verdict.VALID, Verdict.UNVERIFIABLE]
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_nothing_signed_proves_nothing() -> None:
    assert Inspection("ofd").verdict is Verdict.UNVERIFIABLE
    assert inspect(DOCUMENT, trust()).verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG", b"\x00" * 100], ids=repr)
def test_files_of_another_kind(data: bytes) -> None:
    inspection = inspect(data, trust())
    assert (inspection.type, inspection.signatures, inspection.verdict) == (
        "unknown",
        (),
        Verdict.UNVERIFIABLE,
    )
    assert inspection.problem


@pytest.mark.parametrize("document", [sealed(), b"%PDF-1.7\n"], ids=["OFD", "PDF"])
def test_data_in_front_of_a_document(document: bytes) -> None:
    """As one maker of seals writes it: another reader would look for the document behind, and may find another one."""
    inspection = inspect(b"\nSIGNED\0" + document, trust())
    assert "in front" in (inspection.problem or "")
    assert (inspection.type, inspection.verdict) == ("unknown", Verdict.UNVERIFIABLE)


def test_kinds_are_told_by_what_files_begin_with() -> None:
    assert inspect(seal(), trust()).type == "seal"
    assert inspect(sealed(), trust()).type == "ofd"
    assert set(BEGINNINGS) == set(OPENERS) == set(FileKind)
    for mark, other in permutations(BEGINNINGS.values(), 2):
        assert not mark.startswith(other)


def test_a_proof_that_travels_inside() -> None:
    inspection = inspect(attach(sealed(), PROOF), trust())
    assert inspection.proof == PROOF
    assert inspection.to_json()["proof"] == PROOF.to_json()
    assert inspection.verdict is Verdict.VALID


@pytest.mark.parametrize("comment", [b"", b"made by somebody", b"\xff"])
def test_other_comments(comment: bytes) -> None:
    inspection = inspect(write_archive(parts(sealed()), comment), trust())
    assert (inspection.proof, inspection.problem, inspection.verdict) == (None, None, Verdict.VALID)


def test_the_carrier_stays_when_a_document_is_signed_again() -> None:
    carried = attach(sealed(), PROOF)
    assert inspect(sign_document(carried, department(), NOW), trust()).proof == PROOF


def test_a_document_without_seals_is_not_called_doubtful() -> None:
    """What was not looked at is said, in place of the verdict's words for a certificate."""
    for inspection, zh in (
        (Inspection("pdf"), "文件未加盖签章，也没有签名"),
        (Inspection("pdf", problem="it is cut off"), "文件未能读取，其中的签章未核对"),
        (inspect(sealed(), None), "签章未能全部核对"),
    ):
        report = inspection.to_json()
        assert (report["verdict"], report["words"]["zh"]) == ("unverifiable", zh)
        assert "无法确认" not in str(report["words"])
        assert all("无法确认" not in str(signature["words"]) for signature in report["signatures"])
