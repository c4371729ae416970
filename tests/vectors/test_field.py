"""Every folder of ../shared/corpus/field has a test of its right answers."""

import re
from pathlib import Path
from typing import Final

import pytest

FIELD: Final = Path(__file__).parents[3] / "shared" / "corpus" / "field"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs the outside test data of {FIELD}")

#: Folder, and the module beside this one that tries what is in it.
MODULES: Final = {
    "chain-client-words": "test_field_chain",
    "claims-spelling": "test_field_claims",
    "console-gbk": "test_field_console",
    "csv-blank-row": "test_field_sheets",
    "csv-misspelt-term": "test_field_sheets",
    "csv-silently-mangled": "test_field_sheets",
    "ofd-foxit-deflate-trailer": "test_ofd",
    "pdf-encrypted-empty-password": "test_field_pdf",
    "pdf-free-list-entries": "test_field_pdf",
    "pdf-timestamp-in-ber": "test_field_pdf",
    "pdf-validation-data-replaced": "test_field_pdf",
    "pdf-xref-stream-number-reused": "test_field_pdf",
    "submit-row-numbers": "test_field_sheets",
}


def test_no_folder_is_overlooked() -> None:
    assert {path.name for path in FIELD.iterdir() if path.is_dir()} == MODULES.keys()


@pytest.mark.parametrize("folder", MODULES)
def test_each_is_tried_by_the_module_that_is_named(folder: str) -> None:
    module = Path(__file__).with_name(f"{MODULES[folder]}.py")
    assert re.search(rf'"{folder}[/"]', module.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", MODULES)
def test_no_file_is_overlooked(folder: str) -> None:
    """A README, lists of trust, and what the module names or finds by its ending."""
    module = Path(__file__).with_name(f"{MODULES[folder]}.py").read_text(encoding="utf-8")
    for path in (FIELD / folder).iterdir():
        if path.name not in ("README", "tl.pem", "trust.json"):
            assert path.name in module or f'glob("*{path.suffix}")' in module, path.name
