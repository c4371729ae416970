"""Consistency proofs of transparency-dev/merkle: RFC 9162 with SHA-256, good and spoilt."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.crypto.append_only import check_consistency
from ledger.crypto.suites import SHA256
from ledger.errors import MalformedInput

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus" / "merkle" / "consistency"
CASES: Final = sorted(CORPUS.rglob("*.json"))

pytestmark = pytest.mark.skipif(not CASES, reason=f"needs the outside test data of {CORPUS}")


def verifies(case: dict[str, Any]) -> bool:
    path = [b64decode(element) for element in case["proof"] or []]
    old_root, root = (b64decode(case[name]) for name in ("root1", "root2"))
    try:
        check_consistency(SHA256, case["size1"], old_root, case["size2"], root, path)
    except MalformedInput:
        return False
    return True


@pytest.mark.parametrize("file", CASES, ids=lambda file: str(file.relative_to(CORPUS).with_suffix("")))
def test_consistency(file: Path) -> None:
    case = json.loads(file.read_bytes())
    assert verifies(case) is not case["wantErr"], case["desc"]


def test_the_cases_are_all_there() -> None:
    expected = [json.loads(file.read_bytes())["wantErr"] for file in CASES]
    assert (len(expected), expected.count(False)) == (74, 4)
