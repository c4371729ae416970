"""The committed documents and seals: what is found in them, and what made them.

Their generator still writes the same bytes.
"""

from pathlib import Path
from typing import Final

import pytest

from ledger.documents.openers import inspect
from tests.papers import trust
from tests.vectors.documents.generate import files

FOLDER: Final = Path(__file__).parent / "documents"
VERDICTS: Final = {
    "unsigned.ofd": "unverifiable",
    "signed.ofd": "valid",
    "sealed-1.ofd": "valid",
    "sealed-4.ofd": "valid",
    "sealed-5.ofd": "valid",
    "twice.ofd": "valid",
    "page-altered.ofd": "invalid",
    "seal-1.esl": "valid",
    "seal-4.esl": "valid",
    "seal-5.esl": "valid",
    "seal-by-digest.esl": "valid",
    "value-1.dat": "unverifiable",
    "value-4.dat": "unverifiable",
    "value-5.dat": "unverifiable",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert inspect((FOLDER / name).read_bytes(), trust()).verdict == VERDICTS[name]


def test_the_generator_writes_what_is_committed() -> None:
    committed = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix not in (".py", "")}
    assert files() == committed
    assert set(VERDICTS) <= set(committed)
