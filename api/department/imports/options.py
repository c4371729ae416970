"""The options that tables are imported with, and what they mean."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from anchoring.catalogue.chosen import get_catalogue
from api.console import note
from api.department.imports.checking import SKIP
from api.department.imports.journal import Journal
from api.department.imports.profiles import list_profiles
from api.department.imports.sorts import ACCEPTABLE
from api.parsers import add_catalogue, add_json
from ledger.errors import MalformedInput

#: The journal of a department's imports, beside their tables.
JOURNAL_NAME: Final = "import.journal"
_CHANGE_ACTIONS: Final = ("amend", "renew", SKIP)


class TableOptions(Protocol):
    file: Path
    profile: str
    sheet: list[str]
    issuer: str
    journal: Path | None
    accept: list[str]
    changes: list[str]
    json: bool


def add_table(command: argparse.ArgumentParser) -> None:
    """Add what check and run have in common."""
    command.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="CSV, TSV, Excel, web page or JSON lines; the content tells which",
    )
    command.add_argument(
        "--profile",
        default="plain",
        metavar="P",
        help=f"a file, or one of {', '.join(list_profiles())}; default: plain",
    )
    command.add_argument(
        "--sheet",
        action="append",
        default=[],
        metavar="NAME",
        help="sheet of a workbook, or '*' for all; repeatable",
    )
    command.add_argument(
        "--issuer",
        default="",
        metavar="CODE",
        help="credit code of the issuer, where rows and profile name none",
    )
    command.add_argument(
        "--journal",
        type=Path,
        metavar="F",
        help=f"journal of all imports of the department; default: {JOURNAL_NAME} beside FILE",
    )
    command.add_argument(
        "--accept",
        action="append",
        default=[],
        choices=ACCEPTABLE,
        metavar="NAME",
        help=f"go on although there are warnings 警告 of this sort: {', '.join(ACCEPTABLE)}; repeatable",
    )
    command.add_argument(
        "--changes",
        action="append",
        default=[],
        metavar="[TYPE=]ACTION",
        help="what rows that differ from what is registered are, for all or for a type by code or name: "
        f"{', '.join(_CHANGE_ACTIONS)}; "
        "without it, a person is asked once a type; repeatable",
    )
    add_catalogue(command)
    add_json(command)


@dataclass(slots=True)
class Choices:
    """What changed rows are, by type; a person at a terminal is asked once for each."""

    actions: dict[str, str]

    def choose(self, type_code: str, proposal: str) -> str:
        """Return the action for changed rows of a type, empty where nobody has chosen."""
        catalogue_type = get_catalogue().find_type(type_code)
        type_name = catalogue_type.name.zh if catalogue_type else type_code
        for code_or_name in (type_code, type_name, ""):
            if code_or_name in self.actions:
                return self.actions[code_or_name]
        self.actions[type_code] = self._ask(type_name, proposal)
        return self.actions[type_code]

    def _ask(self, type_name: str, proposal: str) -> str:
        if not sys.stdin.isatty():
            return ""
        note(
            f"{type_name}: rows differ from what is registered, the first looks like {proposal}. 变更 amend, "
            "换发 renew, or skip?"
        )
        answer = sys.stdin.readline().strip()
        return answer if answer in _CHANGE_ACTIONS else ""


def read_choices(options: TableOptions) -> Choices:
    """Return the actions for changed rows. Raises: MalformedInput."""
    actions: dict[str, str] = {}
    for choice in options.changes:
        type_name, _, action = choice.rpartition("=")
        if action not in _CHANGE_ACTIONS:
            raise MalformedInput(
                f"--changes takes {', '.join(_CHANGE_ACTIONS)}, or TYPE=one of them, and not {choice[:80]}"
            )
        actions[type_name] = action
    return Choices(actions)


def open_journal(options: TableOptions) -> Journal:
    """Open the journal that is named, or that beside the table. Raises: MalformedInput, OSError."""
    return Journal(options.journal or options.file.parent / JOURNAL_NAME)
