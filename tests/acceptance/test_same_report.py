"""Python, the command line and HTTP give one report."""

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from anchoring.replica.store import Replica
from api.commands.verify import request_body
from api.console import EXIT_CODES
from api.node.settings import Settings
from ledger.encoding.canonical import Json
from ledger.verification.reasons import Verdict
from ledger.verification.verify import Policy, PresentedContent, verify
from tests.acceptance.cities import Cities, write_rows

CONTENT = "天门市示例商行 营业执照".encode()


@dataclass(frozen=True)
class Case:
    proof: Path
    documents: Sequence[Path] = ()
    claims: Mapping[str, Json] | None = None


@pytest.fixture(scope="module")
def cases(running: Cities, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Return what is presented, by the verdict that it gets."""
    folder = tmp_path_factory.mktemp("presented")
    document, forged = folder / "licence.txt", folder / "forged.txt"
    document.write_bytes(CONTENT)
    forged.write_bytes(CONTENT + b"!")
    claims: dict[str, Json] = {"ZZMC": "营业执照", "CZZT": "天门市示例旧商行"}
    good = running.licence(documents=[document.name])
    ended = running.licence(valid_until="2024-12-31", claims=claims)
    receipt = running.submit(write_rows(folder / "records.ndjson", good, ended), "--wait", "60")
    assert receipt.code == 0, receipt.err
    proof, proof_of_ended = folder / "good.json", folder / "ended.json"
    running.export(good["identifier"], proof)
    running.export(ended["identifier"], proof_of_ended)
    running.wait_known()
    return {
        "valid": Case(proof, [document]),
        "not_current": Case(proof_of_ended, claims=claims),
        "invalid": Case(proof, [forged]),
        "unverifiable": Case(proof),
    }


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_same_report(cities: Cities, cases: dict[str, Case], verdict: Verdict, tmp_path: Path) -> None:
    case = cases[verdict]
    reports = [
        in_python(cities, case),
        on_the_command_line(cities, case, tmp_path, EXIT_CODES[verdict]),
        over_http(cities, case),
    ]
    assert [report["verdict"] for report in reports] == [verdict] * 3
    first, *others = map(comparable, reports)
    assert others == [first] * 2


def in_python(cities: Cities, case: Case) -> dict[str, Any]:
    url = Settings.load(cities.wuhan.directory).replica_url
    documents = tuple(path.read_bytes() for path in case.documents)
    presented = PresentedContent(documents, case.claims or {})
    with closing(Replica(url)) as replica, replica.reading() as trust:
        return verify(presented, case.proof.read_bytes(), trust, int(time.time()), Policy()).to_json()


def on_the_command_line(cities: Cities, case: Case, folder: Path, code: int) -> dict[str, Any]:
    options: list[str | Path] = [*case.documents, "--proof", case.proof]
    if case.claims:
        options += ["--claims", write_rows(folder / "claims.json", case.claims)]
    answer = cities.shunzheng("verify", *options, "--node", cities.wuhan.url, "--json")
    assert answer.code == code, answer.err
    report: dict[str, Any] = answer.json
    return report


def over_http(cities: Cities, case: Case) -> dict[str, Any]:
    body = request_body(
        case.proof.read_text(), [path.read_bytes() for path in case.documents], dict(case.claims or {})
    )
    request = urllib.request.Request(
        cities.wuhan.url + "/v1/verify", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        report: dict[str, Any] = json.load(answer)
    return report


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """Leave out what moves with the clock, the banner, which names issuers as its verifier does, and what is said of
    entries: a node has copies of them, a bare replica none.
    """
    assert report.pop("checked_at").endswith("Z")
    report.pop("banner", None)
    del report["entries"], report["entries_words"]
    for step in report["steps"]:
        step.get("evidence", {}).pop("seconds", None)
    return report
