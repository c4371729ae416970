"""Inclusion proofs of transparency-dev/merkle: RFC 9162 with SHA-256, good and spoilt."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.crypto.suites import SHA256
from ledger.crypto.trees import compute_root
from ledger.errors import MalformedInput

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus" / "merkle" / "inclusion"
CASES: Final = sorted(CORPUS.rglob("*.json"))

pytestmark = pytest.mark.skipif(not CASES, reason=f"needs the outside test data of {CORPUS}")


def verifies(case: dict[str, Any]) -> bool:
    path = [b64decode(element) for element in case["proof"] or []]
    try:
        root = compute_root(SHA256, b64decode(case["leafHash"]), case["leafIdx"], case["treeSize"], path)
    except MalformedInput:
        return False
    return root == b64decode(case["root"])


@pytest.mark.parametrize("file", CASES, ids=lambda file: str(file.relative_to(CORPUS).with_suffix("")))
def test_inclusion(file: Path) -> None:
    case = json.loads(file.read_bytes())
    assert verifies(case) is not case["wantErr"], case["desc"]


def test_the_cases_are_all_there() -> None:
    expected = [json.loads(file.read_bytes())["wantErr"] for file in CASES]
    assert (len(expected), expected.count(False)) == (73, 3)
