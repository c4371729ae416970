"""Options by which a command says what a new version, or a note 附注, states."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from api.department.rows.days import NO_END
from api.department.rows.notes import RELATION_OF_ACTION
from ledger.encoding.canonical import Json, decode
from ledger.errors import MalformedInput
from ledger.records.records import PRESENTABLE_ACTIONS

#: Options of the commands that make a new version, as the others have them: they state no content.
_NO_CONTENT_OPTIONS: Final[Mapping[str, object]] = {
    "claims": None, "without": [], "document": [], "issued": None, "valid_from": None, "valid_until": None,
    "no_end": False, "kept": [],
}  # fmt: skip
#: Options of the commands that note a certificate, as the others have them.
_NO_NOTE_OPTIONS: Final[Mapping[str, object]] = {"title": None, "text": None, "until": None}


class ContentOptions(Protocol):
    """What a command was told that a new version or a note states."""

    claims: Path | None
    without: list[str]
    document: list[str]
    issued: str | None
    valid_from: str | None
    valid_until: str | None
    no_end: bool
    kept: list[Path]
    title: str | None
    text: str | None
    until: str | None
    to: str | None


def add_content(command: argparse.ArgumentParser, action: str) -> None:
    """Add the options of an action to its command; those of other actions have the value of none."""
    if action in PRESENTABLE_ACTIONS:
        add_version(command)
    else:
        command.set_defaults(**_NO_CONTENT_OPTIONS)
    if action == "transfer":
        command.add_argument(
            "--to",
            metavar="LOG",
            help="the log of the city that takes it over, where that is in this registry: the basis names it, and "
            "`shunzheng receive` of that city needs it",
        )
    else:
        command.set_defaults(to=None)
    if action in RELATION_OF_ACTION:
        _add_note(command)
    else:
        command.set_defaults(**_NO_NOTE_OPTIONS)


def add_version(command: argparse.ArgumentParser) -> None:
    """Add the options by which a command says what a new version states."""
    command.add_argument(
        "--claims",
        type=Path,
        metavar="F",
        help="JSON object: the claims that are new or other than before",
    )
    command.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="claim that the new version does not state any more; repeatable",
    )
    command.add_argument(
        "--document",
        action="append",
        default=[],
        metavar="F",
        help="of the new version, in place of all before; repeatable",
    )
    for day_option, explanation in (
        ("issued", "when it was issued"),
        ("valid-from", "its first day"),
        ("valid-until", f"its last day, or {NO_END}"),
    ):
        command.add_argument(
            f"--{day_option}",
            metavar="YYYY-MM-DD",
            help=f"of the new version: {explanation}; left out, as before",
        )
    command.add_argument(
        "--no-end", action="store_true", help=f"the new version has no end {NO_END}, whatever was before"
    )
    command.add_argument(
        "--kept",
        action="append",
        type=Path,
        default=[],
        metavar="SUBMISSION",
        help="signed submission that was kept: for current versions whose claims the node does not hold or show; repeatable",
    )


def _add_note(command: argparse.ArgumentParser) -> None:
    command.add_argument("--title", help="what it is, as 年审, 签注, 校验, 异议, where a row names none")
    command.add_argument(
        "--text", help="what it says to everybody who verifies, where a row says nothing: no names of persons"
    )
    command.add_argument(
        "--until",
        metavar="YYYY-MM-DD",
        help="its last day, where a row names none; of a dispute the deadline, without which there is none",
    )


def read_content(options: ContentOptions) -> dict[str, Json]:
    """Return the members of a row that a new version or a note states. Raises: MalformedInput, OSError."""
    note_texts = {"title": options.title, "text": options.text, "valid_until": options.until}
    day_members = {
        "issued": options.issued,
        "valid_from": options.valid_from,
        "valid_until": options.valid_until,
    }
    content_members: dict[str, Json] = {name: day for name, day in day_members.items() if day is not None}
    content_members |= {name: text for name, text in note_texts.items() if text is not None}
    if options.no_end:
        if options.valid_until is not None:
            raise MalformedInput("give --valid-until or --no-end, not both")
        content_members["valid_until"] = NO_END
    if options.claims:
        content_members["claims"] = decode(options.claims.read_bytes())
    if options.document:
        content_members["documents"] = list(options.document)
    if options.without:
        content_members["without"] = list(options.without)
    return content_members
