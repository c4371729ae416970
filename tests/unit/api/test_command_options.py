"""What a handler of a command reads of its options, the parser of that command has.

What may be left out may be None.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import get_args, get_type_hints

import pytest

from api.cli import build_parser


def list_commands(
    command: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command that runs, with its name."""
    topics = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    for topic in topics:
        for word, inner in topic.choices.items():
            yield from list_commands(inner, f"{name} {word}".strip())
    if not topics:
        yield name, command


COMMANDS = dict(list_commands(build_parser()))


def readers(command: argparse.ArgumentParser) -> Iterator[Callable[..., object]]:
    """Yield the functions that read the options of a command: its handler, and what makes an act of them."""
    handler = command.get_default("run")
    yield handler.func if isinstance(handler, partial) else handler
    if build := command.get_default("build"):
        yield build


@pytest.mark.parametrize("name", COMMANDS)
def test_a_handler_reads_what_its_parser_has(name: str) -> None:
    command = COMMANDS[name]
    arguments = {action.dest: action for action in command._actions}
    for reader in readers(command):
        options_type = get_type_hints(reader).get("options", object)
        assert options_type is not argparse.Namespace
        hints = get_type_hints(options_type) if options_type is not object else {}
        assert hints.keys() <= arguments.keys() | command._defaults.keys()
        for member in hints.keys() & arguments.keys():
            argument = arguments[member]
            may_be_missing = argument.default is None and not argument.required
            assert (type(None) in get_args(hints[member])) == may_be_missing, member
