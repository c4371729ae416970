"""Every row of the table of reasons, reached by a scene.

And how the rows of one report make its verdict.

A scene is a function that returns a report; its name says what was done. Its decorator says which row decides, and
the verdict. A row of `reasons.REASON_TABLE` that no scene reaches fails a test, so a new reason needs a new scene.
"""

from dataclasses import replace
from itertools import product

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.records.records import Record
from ledger.verification.reasons import (
    REASON_TABLE,
    STEP_WORDS,
    UNCOMPARED_REASONS,
    VERDICT_WORDS,
    RowKey,
    Verdict,
    choose_verdict_words,
    decide,
)
from ledger.verification.report import Compared, Report
from tests.scenes import CLAIMS, DOCUMENT, readable, scene
from tests.unit.ledger.verification.steps import (
    age,
    anchoring,
    comparison,
    dates,
    entitlement,
    form,
    links,
    statement,
    status,
)
from tests.unit.ledger.verification.steps.cases import (
    INVALID,
    NOT_CURRENT,
    PASS,
    SCENES,
    SKIPPED,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    one_licence,
    report_of,
)
from tests.unit.ledger.verification.steps.status import after

STEPS = (form, comparison, statement, anchoring, entitlement, status, dates, links, age)


def test_every_module_of_steps_adds_its_scenes() -> None:
    assert {build.__module__ for _, _, build in SCENES.values()} == {module.__name__ for module in STEPS}


@pytest.mark.parametrize("name", SCENES)
def test_scene(name: str) -> None:
    key, verdict, _ = SCENES[name]
    report = report_of(name)
    assert (report.deciding_step.key, report.verdict) == (key, verdict)
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert report.to_json()["verdict"] == verdict


def test_every_row_is_reached_by_a_scene() -> None:
    reached = {step.key for name in SCENES for step in report_of(name).steps}
    assert set(REASON_TABLE) - reached == set(), "rows without a scene"
    assert reached - set(REASON_TABLE) == set(), "steps without a row"


def test_no_row_with_unknown_or_fail_leads_to_valid() -> None:
    for (_, outcome, _), row in REASON_TABLE.items():
        assert (row.verdict is VALID) == (outcome in (PASS, SKIPPED))
        assert (row.verdict is UNVERIFIABLE) == (outcome is UNKNOWN)


def test_every_row_that_is_not_valid_says_what_to_do() -> None:
    for key, row in REASON_TABLE.items():
        assert row.words.zh, key
        assert row.words.en, key
        assert bool(row.advice.zh and row.advice.en) == (row.verdict is not VALID), key
    assert set(STEP_WORDS) == {step for step, _, _ in REASON_TABLE} == set(range(1, 13))
    assert set(VERDICT_WORDS) == set(Verdict)


def test_valid_needs_every_step() -> None:
    for name, (_, verdict, _) in SCENES.items():
        outcomes = {step.outcome for step in report_of(name).steps}
        assert (verdict is VALID) == (outcomes <= {PASS, SKIPPED}), name
        assert (report_of(name).compared is Compared.NOTHING) <= (verdict is not VALID), name


GOOD = [step.key for step in SCENES["a_licence_read_against_its_paper"][2]().steps]
RANK = {INVALID: 0, UNVERIFIABLE: 1, NOT_CURRENT: 2}


@pytest.mark.parametrize("wrong", [key for key, row in REASON_TABLE.items() if row.verdict is not VALID])
def test_a_single_wrong_step_decides(wrong: RowKey) -> None:
    keys = [wrong if key[0] == wrong[0] else key for key in GOOD]
    assert decide(keys) == (REASON_TABLE[wrong].verdict, wrong)


def test_order_of_decision() -> None:
    """Evidence against it, gaps in its origin, what ended it, gaps in its present state; within each the first step."""
    wrong = [key for key, row in REASON_TABLE.items() if row.verdict is not VALID]
    for left, right in product(wrong, wrong):
        if left[0] == right[0]:
            continue
        keys = [left if key[0] == left[0] else right if key[0] == right[0] else key for key in GOOD]
        assert decide(keys)[1] == min(left, right, key=_rank)


def _rank(key: RowKey) -> tuple[int, int]:
    verdict = REASON_TABLE[key].verdict
    late = key[0] in (9, 10, 12) or key[2] in (
        "nothing_presented",
        "claims_incomplete",
        "spelled_otherwise",
        "content_erased",
    )
    present = verdict is UNVERIFIABLE and late
    return 3 if present else RANK[verdict], key[0]


# -- the sentence of a verdict --

ENDS = {
    "suspended": ("正被暂扣", "suspended at present"),
    "superseded": ("已换发", "superseded by a newer version"),
    "cancelled": ("已注销", "cancelled"),
    "revoked": ("已撤销", "revoked"),
    "withdrawn": ("已吊销", "withdrawn"),
    "transferred": ("已转出", "transferred"),
    "void": ("已宣告失效", "void"),
    "expired": ("已过有效期", "expired"),
    "not_yet_valid": ("尚未生效", "not yet in force"),
    "signature_ended": ("签章已宣告失效", "no longer sealed: its sealing was declared void"),
}


def test_each_end_has_a_sentence_of_its_own() -> None:
    """Suspended is not ended, and what begins tomorrow is not over."""
    assert set(ENDS) == {reason for (_, _, reason), row in REASON_TABLE.items() if row.verdict is NOT_CURRENT}
    for reason, (zh, en) in ENDS.items():
        assert choose_verdict_words(NOT_CURRENT, reason, "document_matches") == (
            f"真实，但{zh}",
            f"Genuine, but {en}",
        )
        for compared in UNCOMPARED_REASONS:
            told = choose_verdict_words(NOT_CURRENT, reason, compared)
            assert "真实" not in told.zh
            assert "genuine" not in told.en.lower()
            assert zh in told.zh
            assert en in told.en


def test_a_code_alone_says_what_became_of_the_certificate_and_calls_no_paper_genuine() -> None:
    told = report_of("a_code_alone_of_a_revoked_licence").to_json()["words"]
    assert told == {
        "zh": "此码所指的证照已撤销；未核对纸面内容",
        "en": "The certificate that this code names is revoked; the paper was not compared",
    }
    told = report_of("a_paper_of_a_revoked_licence_read_by_halves").to_json()["words"]
    assert told == {
        "zh": "此码所指的证照已撤销；纸面内容未全部核对",
        "en": "The certificate that this code names is revoked; the paper was compared in part only",
    }


# -- the report --


def test_claims_that_contradict_the_record_are_named_with_what_both_say() -> None:
    name = "a_licence_of_a_restaurant_whose_claims_are_a_driving_licence_of_other_police"
    step = report_of(name).get_step(3)
    assert step.evidence
    listed = step.evidence["contradictions"]
    assert isinstance(listed, list)
    assert [found["claim"] for found in listed if isinstance(found, dict)] == [
        "ZZLXDM",
        "ZZBFJGDM",
        "ZZYXQJZRQ",
    ]
    assert listed[-1] == {
        "claim": "ZZYXQJZRQ",
        "claimed": "2099-12-31",
        "recorded": {"zh": "2031-03-01", "en": "2031-03-01"},
    }


def test_report_names_the_cause_only_with_its_proof() -> None:
    _, _, proven = after("suspend", "revoke")
    _, _, bare = after("revoke", attached=False)
    assert proven.status
    assert proven.status.cause_proof
    evidence = proven.status.to_evidence()
    assert (evidence["action"], evidence["basis"]) == ("revoke", "示例条例 第七条")
    assert bare.status
    assert bare.status.cause_proof is None
    other = report_of("a_suspension_recorded_and_a_revocation_anchored").status
    assert other
    assert other.cause_proof is None
    assert set(bare.status.to_evidence()) == {"status", "source", "sequence", "known_at", "since"}


@pytest.mark.parametrize("action", ["renew", "amend"])
def test_predecessor_and_successor_name_each_other_by_hash(action: str) -> None:
    city, licence, _ = one_licence()
    renewal = city.follow(action, licence)
    city.register(renewal)
    old, new = city.verify(city.proof(licence, renewal)), city.verify(city.proof(renewal))
    assert (old.reason, new.verdict) == ("superseded", VALID)
    assert old.status
    evidence = old.status.to_evidence()
    assert evidence["identifier"] == renewal.record.identifier
    assert evidence["record"] == SM3.format(renewal.leaf)
    shown = new.to_json()["record"]
    assert isinstance(shown, dict)
    assert shown["previous"] == SM3.format(licence.leaf)


def test_a_successor_cannot_name_another_predecessor() -> None:
    city, licence, _ = one_licence()
    renewal = city.follow("renew", licence)
    city.register(renewal)
    proof = city.proof(renewal)
    altered = replace(proof, record=replace(renewal.record, previous=b"\x01" * 32))
    assert city.verify(altered).reason == "not_in_submission"


def test_report_names_no_successor_of_another_licence() -> None:
    city, (licence, other, _) = scene()
    renewals = [city.follow("renew", licence), city.follow("renew", other)]
    city.register(*renewals)
    for renewal, item in zip(renewals, (licence, other), strict=True):
        assert _cause_of(city.verify(city.proof(item, renewal))) == renewal.record
    assert _cause_of(city.verify(city.proof(licence, renewals[1]))) is None


def _cause_of(report: Report) -> Record | None:
    assert report.status
    return report.status.cause_proof.record if report.status.cause_proof else None


def test_report_repeats_no_claims_of_a_forgery() -> None:
    assert "claims" not in report_of("a_claim_altered_in_the_proof_and_on_the_paper").to_json()
    assert "claims" not in report_of("a_signature_of_another_key").to_json()
    assert "claims" in report_of("a_paper_with_another_scope").to_json()


def test_report_shows_what_is_withheld() -> None:
    body = report_of("some_claims_shown_and_read").to_json()
    assert body["claims"] == {"CZZT": CLAIMS["CZZT"], "ZZMC": CLAIMS["ZZMC"]}
    assert body["withheld"] == ["KZ_JYFW", "ZZBFRQ", "document/1"]
    assert report_of("some_claims_shown_and_read").compared is Compared.CLAIMS
    assert report_of("a_document_beside_its_proof").compared is Compared.DOCUMENT


def test_report_names_the_document_that_differs() -> None:
    city, _, proof = one_licence()
    evidence = city.verify(proof, documents=[DOCUMENT, b"other"]).get_step(2).evidence
    assert evidence == {"document": 2, "size": 5}


def test_positions_are_counted_through_batches_and_entries() -> None:
    city, _ = scene(count=5)
    batches = [[city.licence() for _ in range(size)] for size in (3, 1, 4)]
    city.anchor(*(city.submit(*batch) for batch in batches))
    items = {}
    for batch in batches:
        for item in batch:
            report = city.verify(city.proof(item))
            assert (report.verdict, report.position) == (VALID, city.position(item))
            items[report.position] = item
    assert set(items) == set(range(5, 13))


def test_report_finds_its_steps_by_number() -> None:
    report = report_of("a_licence_read_against_its_paper")
    assert [report.get_step(number).number for number in range(1, 13)] == list(range(1, 13))
    assert report.reason == report.deciding_step.reason


def test_both_suites_and_both_algorithms() -> None:
    for algorithm in ("p256", "sm2"):
        for changes in ({}, {"suite": SHA256}):
            city, items = scene(count=5, algorithm=algorithm, **changes)
            for item in items:
                proof = city.proof(item)
                assert city.verify(proof.encode(), claims=readable(proof)).verdict is VALID
