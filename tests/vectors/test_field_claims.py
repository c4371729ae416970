"""How a clerk or a reader of text spells a paper, against the right answers of corpus/field."""

import json
from pathlib import Path
from typing import Final

import pytest

from ledger.encoding.canonical import Json
from ledger.records.claims import FullDisclosure
from ledger.verification.comparison import PresentedContent, compare
from tests.properties.second_verifier import second

FIELD: Final = Path(__file__).parents[3] / "shared" / "corpus" / "field" / "claims-spelling"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")

#: What step 2 says of the file, as its README has it.
ANSWERS: Final = {"exact": "claims_match", "nfd": "claims_match", "lower-x": "spelled_otherwise"}


def read(name: str) -> dict[str, Json]:
    values: dict[str, Json] = json.loads((FIELD / name).read_text(encoding="utf-8"))
    return values


def registered() -> FullDisclosure:
    (line,) = (FIELD / "cmp.ndjson").read_text(encoding="utf-8").splitlines()
    return FullDisclosure(bytes(range(16)), tuple(sorted(json.loads(line)["claims"].items())))


@pytest.mark.parametrize("path", sorted(FIELD.glob("*.json")), ids=lambda path: path.stem)
def test_the_right_answer(path: Path) -> None:
    disclosure, claims = registered(), read(path.name)
    _, step = compare(PresentedContent(claims=claims), disclosure)
    assert step.reason == ANSWERS[path.stem]
    read_by_second = second.read_disclosure(json.loads(json.dumps(disclosure.to_json())))
    assert second.take_step(second.compare_presented, [], claims, read_by_second)[1] == ANSWERS[path.stem]


@pytest.mark.parametrize("name", ANSWERS)
def test_another_text_is_still_forged(name: str) -> None:
    """Whatever else is spelled otherwise beside it."""
    claims = read(f"{name}.json") | {"ZZMC": "居住登"}
    _, step = compare(PresentedContent(claims=claims), registered())
    assert step.reason == "claim_mismatch"
