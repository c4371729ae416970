"""Types of the parsers of the command line, and options that many commands have."""

import argparse
from pathlib import Path
from typing import TypeAlias

#: The commands of the program, or the actions of one topic such as `shunzheng keys`: each module adds its own to them.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_directory(parser: argparse.ArgumentParser, help_text: str = "directory of the node") -> None:
    """Add the directory of a node as an argument."""
    parser.add_argument("directory", type=Path, help=help_text)


def add_json(parser: argparse.ArgumentParser, help_text: str = "for programs") -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help=help_text)


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """Add `--catalogue`: the command line chooses that folder before the command runs."""
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="FOLDER",
        help="a city's folder over the catalogue that comes with the program; see docs/catalogue.md",
    )
