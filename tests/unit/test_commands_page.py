"""docs/commands.md says what the parsers say: every command, every argument, explained."""

import importlib
import re
from pathlib import Path
from typing import Any, Final

import pytest

from api.cli import COMMANDS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "commands.md"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module that writes the page."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("commands")


def test_the_page_is_what_the_parsers_say(written: Any) -> None:
    assert PAGE.read_text("utf-8").splitlines() == written.write_page().splitlines(), "run `make commands`"


def test_every_command_has_a_section_and_every_argument_an_explanation() -> None:
    page = PAGE.read_text("utf-8")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == list(COMMANDS)
    sections = re.split(r"^##+ ", page, flags=re.MULTILINE)[1:]
    for section in sections:
        if "\n    shunzheng " in section:
            assert "\nExit codes: " in section, section
    for row in re.findall(r"^\| `.*$", page, re.MULTILINE):
        explained = row.rpartition("` | ")[2]
        assert not re.match(r"\s*\||required|not with", explained), row
