"""`shunzheng search` and `shunzheng figures`: which records there are, and how many."""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from sqlalchemy import Connection

from anchoring.database.engine import find_missing_file, open_snapshot
from anchoring.database.reading import open_for_reading
from anchoring.register.search.listing import Criteria, check_searchable, count_records, list_records
from api.client.authorities import add_authorities
from api.client.options import add_token_file, read_token
from api.console import add_language, note, say, show_json
from api.node.errors import SettingsError
from api.node.loading import load_settings
from api.parsers import Commands, add_json
from api.rendering.listings import (
    FIGURE_HEADING,
    LISTING_HEADING,
    FigureJson,
    ListedJson,
    describe_figure,
    describe_listed,
    list_figure_cells,
    list_listed_cells,
    make_criteria_json,
    make_figure_json,
    make_listed_json,
)
from api.rendering.sheets import Cell, check_ending, write_table
from api.words import ACTION_WORDS
from ledger.encoding.canonical import Json
from ledger.encoding.times import find_day_bounds, parse_date
from ledger.errors import MalformedInput
from ledger.registry.status import Status
from ledger.words import Language

if TYPE_CHECKING:
    from api.client.client import NodeClient

T = TypeVar("T")
_NIGHT_HOURS: Final = (22, 6)  # hours by a clock in China, where nobody says otherwise
# Lines that are shown where no file is written: a screen holds no more.
_SHOWN_RECORDS: Final = 1_000


class _CriteriaOptions(Protocol):
    directory: Path | None
    node: str | None
    ca_file: Path | None
    token_file: Path | None
    reason: str | None
    type: str | None
    issuer: str | None
    state: str | None
    act: str | None
    key: bytes | None
    basis: str | None
    holder: str | None
    since: date | None
    until: date | None
    accepted_since: date | None
    accepted_until: date | None
    night: tuple[int, int] | None
    within_day: bool
    output: Path | None
    lang: Language
    json: bool


class _SearchOptions(_CriteriaOptions, Protocol):
    limit: int


def add(commands: Commands) -> None:
    search_parser = commands.add_parser(
        "search",
        description="Lists the records of a register by what they state, in the order of the log: of a node's directory, "
        "which is read alone, or at the node, with a token of the scope `search`; each certificate that is shown there is "
        "logged as a look with its reason. Claims are not shown: `trace` and `proof` do that.",
    )
    search_parser.add_argument(
        "--limit", type=int, default=_SHOWN_RECORDS, help=f"records at most; default: {_SHOWN_RECORDS:,}"
    )
    search_parser.set_defaults(run=_search)
    figures_parser = commands.add_parser(
        "figures",
        description="Counts the records of a register by month (of a clock in China, when they were taken), type, issuer "
        "and action. Where and how: as `search`.",
    )
    figures_parser.set_defaults(run=_show_figures)
    for parser in (search_parser, figures_parser):
        _add_source(parser)
        _add_criteria(parser)
        parser.add_argument(
            "-o", "--output", type=Path, metavar="FILE", help="write a table instead: .csv or .xlsx"
        )
        add_language(parser)
        add_json(parser)


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, nargs="?", help="directory of the issuing node")
    parser.add_argument("--node", metavar="URL", help="the node of the issuing city, instead of a directory")
    add_authorities(parser)
    add_token_file(parser)
    parser.add_argument("--reason", help="with --node: why it is asked; it is kept in the log of looks")


def _add_criteria(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--type", metavar="CODE", help="type of certificate; or `seal`, `signature`")
    parser.add_argument("--issuer", metavar="CODE", help="code of the issuing body")
    parser.add_argument(
        "--state", choices=[status.name.lower() for status in Status], help="of the current version"
    )
    parser.add_argument("--act", choices=["issue", *ACTION_WORDS], help="what the record does")
    parser.add_argument("--key", type=_read_key, metavar="0xID", help="the key that signed")
    parser.add_argument("--basis", metavar="TEXT", help="part of the legal basis")
    parser.add_argument("--holder", metavar="TEXT", help="whole name or code of a holder 持证主体")
    parser.add_argument("--since", type=_read_day, metavar="DAY", help="issued on this day or later")
    parser.add_argument("--until", type=_read_day, metavar="DAY", help="issued on this day or earlier")
    parser.add_argument(
        "--accepted-since", type=_read_day, metavar="DAY", help="taken into the log on this day or later"
    )
    parser.add_argument(
        "--accepted-until", type=_read_day, metavar="DAY", help="taken into the log on this day or earlier"
    )
    parser.add_argument(
        "--night",
        type=_read_night,
        nargs="?",
        const=_NIGHT_HOURS,
        metavar="FROM-TO",
        help="taken in these hours of a clock in China; without hours, {}-{}".format(*_NIGHT_HOURS),
    )
    parser.add_argument(
        "--within-day",
        action="store_true",
        help="only acts on a certificate within 24 hours of its first record",
    )


def _read_key(text: str) -> bytes:
    if not re.fullmatch("0x[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError("a key is named by 0x and 64 hexadecimal digits")
    return bytes.fromhex(text[2:])


def _read_day(text: str) -> date:
    try:
        return parse_date(text)
    except MalformedInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _read_night(text: str) -> tuple[int, int]:
    hours_match = re.fullmatch("([0-9]{1,2})-([0-9]{1,2})", text)
    if (
        hours_match is None
        or int(hours_match[1]) > 23
        or int(hours_match[2]) > 24
        or int(hours_match[1]) == int(hours_match[2])
    ):
        raise argparse.ArgumentTypeError("two hours from 0 to 24, as 22-6")
    return int(hours_match[1]), int(hours_match[2])


def _search(options: _SearchOptions) -> int:
    if options.limit < 1:
        raise MalformedInput("--limit is a number of records from 1 on")
    with _ask(options) as source:
        listing = islice(source.search(_make_criteria(options), options.limit), options.limit)
        return _show(listing, options, LISTING_HEADING, list_listed_cells, describe_listed)


def _show_figures(options: _CriteriaOptions) -> int:
    with _ask(options) as source:
        figures = source.figures(_make_criteria(options))
        return _show(figures, options, FIGURE_HEADING, list_figure_cells, describe_figure)


def _show(
    rows: Iterable[T],
    options: _CriteriaOptions,
    heading: Sequence[str],
    list_cells: Callable[[T], Sequence[Cell]],
    describe: Callable[[T, Language], str],
) -> int:
    """Show rows, or write them as a table."""
    if options.output is not None:
        row_count = write_table(options.output, heading, map(list_cells, rows))
        note(
            f"{options.output}: {row_count:,} rows 行. It leads to persons: keep it as you keep the register."
        )
    elif options.json:
        show_json(list(rows))
    else:
        for row in rows:
            say(describe(row, options.lang))
    return 0


def _make_criteria(options: _CriteriaOptions) -> Criteria:
    return Criteria(
        type=options.type,
        issuer=options.issuer,
        state=Status[options.state.upper()] if options.state else None,
        action=options.act,
        key=options.key,
        basis=options.basis,
        holder=options.holder,
        since=options.since.isoformat() if options.since else None,
        until=options.until.isoformat() if options.until else None,
        accepted_since=find_day_bounds(options.accepted_since)[0] if options.accepted_since else None,
        accepted_before=find_day_bounds(options.accepted_until)[1] if options.accepted_until else None,
        night=options.night,
        within_day=options.within_day,
    )


class _Source(Protocol):
    """Where records are searched."""

    def search(self, criteria: Criteria, limit: int) -> Iterator[ListedJson]: ...

    def figures(self, criteria: Criteria) -> Iterator[FigureJson]: ...


@contextmanager
def _ask(options: _CriteriaOptions) -> Iterator[_Source]:
    """Give the register of a directory, or a node. Raises: MalformedInput for options that do not go together."""
    if options.output is not None:
        check_ending(options.output)
    if (options.directory is None) == (options.node is None):
        raise MalformedInput("name either the directory of a node or, with --node, its address")
    if options.node is None:
        assert options.directory is not None
        with _open_register(options.directory) as connection:
            yield _OwnRegister(connection)
        return
    if not options.reason:
        raise MalformedInput(
            "a node is asked with --reason: a case, a complaint; it is kept in the log of looks"
        )
    from api.client.client import NodeClient  # loads an HTTP library, which a directory does without

    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        yield _AskedNode(node, options.reason)


@contextmanager
def _open_register(directory: Path) -> Iterator[Connection]:
    """Give the register of a node's directory, to read it alone. Raises: SettingsError, AnchoringError."""
    settings = load_settings(directory)
    if settings.register_url is None:
        raise SettingsError(f"the node in {directory} issues nothing: it has no register to search")
    if find_missing_file(settings.register_url) is not None:
        raise SettingsError(f"the node in {directory} has no register yet: start it once")
    with open_for_reading(settings.register_url) as engine, open_snapshot(engine) as connection:
        check_searchable(connection)
        yield connection


class _OwnRegister:
    """A register that is read here: whoever may do that has all of it, so no look is logged."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def search(self, criteria: Criteria, limit: int) -> Iterator[ListedJson]:
        return map(make_listed_json, list_records(self._connection, criteria, limit=limit))

    def figures(self, criteria: Criteria) -> Iterator[FigureJson]:
        return map(make_figure_json, count_records(self._connection, criteria))


class _AskedNode:
    """A node that is asked for a reason."""

    def __init__(self, node: "NodeClient", reason: str) -> None:
        self._node, self._reason = node, reason

    def search(self, criteria: Criteria, limit: int) -> Iterator[ListedJson]:
        return self._node.search(self._make_question(criteria), limit)

    def figures(self, criteria: Criteria) -> Iterator[FigureJson]:
        return iter(self._node.count_records(self._make_question(criteria)))

    def _make_question(self, criteria: Criteria) -> dict[str, Json]:
        return {"reason": self._reason} | make_criteria_json(criteria)
