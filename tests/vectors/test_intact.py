"""No intact document, seal or signature at hand is called invalid or unreadable.

Those of ../shared/corpus; `keyword.ofd` was altered after it was signed, as the README there says.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.openers import inspect
from ledger.verification.reasons import Verdict

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs the outside test data of {CORPUS}")

KINDS: Final = (".pdf", ".ofd", ".esl", ".dat")
ALTERED: Final = {"ofd/keyword.ofd"}
FILES: Final = sorted(path for path in CORPUS.rglob("*") if path.suffix in KINDS)
INTACT: Final = [path for path in FILES if path.relative_to(CORPUS).as_posix() not in ALTERED]


@pytest.mark.parametrize("path", INTACT, ids=lambda path: path.name)
def test_no_intact_file_is_called_altered(path: Path) -> None:
    inspection = inspect(path.read_bytes())
    assert (inspection.problem, inspection.verdict) == (None, Verdict.UNVERIFIABLE)  # nobody is trusted
    for trust_list in (*path.parent.glob("tl.pem"), *path.parent.glob("trust.json")):
        assert inspect(path.read_bytes(), decode_trust_list(trust_list.read_bytes())).verdict is Verdict.VALID


def test_what_was_altered_is_still_called_so() -> None:
    for name in ALTERED:
        assert inspect((CORPUS / name).read_bytes()).verdict is Verdict.INVALID


def test_there_are_files_of_every_kind() -> None:
    assert Counter(path.suffix for path in FILES).keys() == set(KINDS)
