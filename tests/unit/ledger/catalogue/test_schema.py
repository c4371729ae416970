"""The schema that is committed is that of the shapes."""

import json
from pathlib import Path

import pytest

from ledger.catalogue.schema import make_schema

FOLDER = Path(__file__).parents[4] / "catalogue" / "schema"


@pytest.mark.parametrize(("name", "is_complete"), [("catalogue", True), ("city", False)])
def test_the_committed_schema_is_that_of_the_shapes(name: str, is_complete: bool) -> None:
    expected = json.dumps(make_schema(is_complete=is_complete), ensure_ascii=False, indent=1) + "\n"
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == expected, f"write it anew: {expected}"
