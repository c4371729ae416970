"""Write docs/commands.md, the page of every command, from the parsers of the command line.

    python docs/commands.py            check that the page shows what the parsers say
    python docs/commands.py --write    write it

The text is put together here and not by argparse, whose layout differs between versions of Python.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.cli import COMMANDS, build_parser
from api.parsers import Commands

PAGE: Final = Path(__file__).with_name("commands.md")
_INTRODUCTION: Final = """\
# Commands 命令

Every command of `shunzheng`, written from its parsers by `make commands`; a test compares the two. Options that are not
marked as required may be left out.

Exit codes of all: 0 done, 1 failed (the message says why and what to do next), 2 wrong usage, 130 stopped by Ctrl-C. What a
command says beside these stands in its section. With `--json` a failure stands on standard output too, as
`{"error", "reason", "rows"}`.
"""
_EXIT_CODES: Final = "Exit code"
_DEFAULT_CODES: Final = "0 done, 1 failed, 2 wrong usage."


def write_page() -> str:
    """Return the whole page."""
    commands = _find_topic(build_parser())
    assert commands is not None
    index = [f"- [`{name}`](#{name}) — {_escape_cell(purpose)}" for name, (_, purpose) in COMMANDS.items()]
    sections = (
        _write_section((name,), commands.choices[name], purpose) for name, (_, purpose) in COMMANDS.items()
    )
    lines = [_INTRODUCTION, *index, *(line for section in sections for line in section)]
    return "\n".join(lines) + "\n"


def _write_section(path: tuple[str, ...], command: argparse.ArgumentParser, purpose: str) -> Iterator[str]:
    """Yield the section of a command, or of a topic and each of its actions."""
    yield f"\n{'#' * (1 + len(path))} {' '.join(path)}\n"
    yield _write_sentence(purpose)
    topic = _find_topic(command)
    if topic:
        purposes = {action.dest: action.help or "" for action in topic._choices_actions}
        for name, action_parser in topic.choices.items():
            yield from _write_section((*path, name), action_parser, purposes[name])
        return
    about, codes = _divide_description(command.description or "", purpose)
    if about:
        yield f"\n{about}"
    yield f"\n    {_write_usage(path, command)}\n"
    yield "| argument | what it is |\n|---|---|"
    for action in _list_arguments(command):
        yield f"| {_write_name(action)} | {_escape_cell(_describe_argument(command, action))} |"
    yield f"\nExit codes: {codes}"


def _find_topic(command: argparse.ArgumentParser) -> "Commands | None":
    return next(
        (action for action in command._actions if isinstance(action, argparse._SubParsersAction)), None
    )


def _divide_description(description: str, purpose: str) -> tuple[str, str]:
    """Return what a description says beyond the purpose, and its exit codes, which stand behind `Exit code`."""
    about, separator, codes = description.partition(_EXIT_CODES)
    about = about.replace(purpose, "", 1).strip(" .") if about.startswith(purpose) else about.strip()
    sentence = _write_sentence(_escape_cell(about)) if about else ""
    return sentence, codes.lstrip("s: ") if separator else _DEFAULT_CODES


def _list_arguments(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return positional arguments, then required options, then the others; without --help."""
    arguments = [action for action in command._actions if not isinstance(action, argparse._HelpAction)]
    return sorted(arguments, key=lambda action: (bool(action.option_strings), not action.required))


def _write_usage(path: tuple[str, ...], command: argparse.ArgumentParser) -> str:
    groups = [group for group in command._mutually_exclusive_groups if group.required]
    alternative_arguments = [action for group in groups for action in group._group_actions]
    usage_parts = ["shunzheng", *path]
    usage_parts += [
        _write_argument(action)
        for action in _list_arguments(command)
        if _is_needed(action) and action not in alternative_arguments
    ]
    usage_parts += [
        f"({' | '.join(_write_argument(action) for action in group._group_actions)})" for group in groups
    ]
    optional_arguments = [
        action
        for action in _list_arguments(command)
        if not _is_needed(action) and action not in alternative_arguments
    ]
    return " ".join([*usage_parts, *(["[OPTION…]"] if optional_arguments else [])])


def _is_needed(action: argparse.Action) -> bool:
    return action.required or not action.option_strings


def _write_argument(action: argparse.Action) -> str:
    """Return an argument as it is typed, such as `--node URL`, `[FILE…]`."""
    value = _write_value(action)
    if action.option_strings:
        return f"{action.option_strings[-1]} {value}".rstrip()
    return f"[{value}]" if action.nargs in ("*", "?") else value


def _write_value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    metavar = action.metavar
    if isinstance(metavar, tuple):
        return " ".join(metavar)
    if metavar is None and action.choices is not None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    name = metavar or (action.dest.upper() if action.option_strings else action.dest)
    return f"{name}…" if action.nargs in ("*", "+") else name


def _write_name(action: argparse.Action) -> str:
    options = ", ".join(action.option_strings)
    return f"`{' '.join(filter(None, (options, _write_value(action))))}`".replace("|", "\\|")


def _describe_argument(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an argument, and what the parser holds a user to beside it."""
    group = next((g for g in command._mutually_exclusive_groups if action in g._group_actions), None)
    alternatives = (
        [_write_argument(other) for other in group._group_actions if other is not action] if group else []
    )
    notes = []
    if action.option_strings and action.required:
        notes.append("required")
    if isinstance(action, argparse._AppendAction) and "repeat" not in (action.help or ""):
        notes.append("may be repeated")
    if alternatives:
        notes.append(f"not with {', '.join(alternatives)}")
    return "; ".join(filter(None, (action.help or "", *notes)))


def _escape_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


def _write_sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "。", "?", "!")) else text + "."


def main() -> int:
    """Write the page, or tell whether it is as the parsers say."""
    text = write_page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    print("docs/commands.md is not what the parsers say: run `make commands`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
