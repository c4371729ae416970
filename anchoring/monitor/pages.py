"""Pages of a log's entries, asked of one node and read; a page serves several anchors.

What stands in a page is checked for its form only: whether entries are those of an anchor, `anchoring.monitor.monitor`
judges.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from anchoring.errors import PeerFailed, PeerNewer, PeerRefused
from ledger.encoding.canonical import Json, decode
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput, NewerFormat
from ledger.limits import MAX_LOG_SIZE
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.trust import Anchor

PAGE_ENTRIES: Final = 500  # asked for at a time, some 500 kB
MAX_PAGES: Final = 100  # of one anchor: five times the submissions that this program puts into a batch
ROUND_SECONDS: Final = 60  # for one log before the next has its turn
_MAX_ERROR_CHARS: Final = 300  # characters kept of an error


class EntryPeer(Protocol):
    """Another city's node."""

    @property
    def name(self) -> str: ...

    def fetch_entries(self, log: str, position: int, limit: int) -> bytes:
        """Return its page of the log's entries that begin at `position` or beyond.

        In bounded time and memory. Raises: PeerFailed.
        """


class WrongAnswer(Exception):
    """What a node gave is not in the documented form, or more than is taken."""


@dataclass(slots=True)
class Pages:
    """The entries of one log as one node gives them, a page at a time; a page serves several anchors."""

    peer: EntryPeer
    log: str
    clock: Callable[[], float]
    _entries: dict[int, Entry | MalformedInput] = field(default_factory=dict)
    _covered_positions: range = range(0)

    def read_entries(self, anchor: Anchor) -> list[Entry] | None:
        """Return the entries that begin where `anchor` does and follow one another up to its size or beyond.

        None where the node does not have them all. Raises: PeerFailed, Wrong.
        """
        entries, position, deadline = list[Entry](), anchor.size_before, self.clock() + ROUND_SECONDS
        page_count = 0
        while position < anchor.size:
            if position not in self._covered_positions:
                page_count += 1
                if page_count > MAX_PAGES:
                    raise WrongAnswer(
                        f"its entries of anchor {anchor.sequence} fill more than {page_count - 1} pages"
                    )
                if self.clock() > deadline:
                    raise PeerFailed(
                        f"its entries of anchor {anchor.sequence} take longer than {ROUND_SECONDS} s"
                    )
                self._fetch(position)
            entry = self._entries.get(position)
            if entry is None:
                return None
            if isinstance(entry, NewerFormat):
                raise PeerNewer(_make_printable(entry))
            if isinstance(entry, MalformedInput):
                raise WrongAnswer(_make_printable(entry))
            entries.append(entry)
            position += entry.statement.record_count
        return entries

    def _fetch(self, position: int) -> None:
        page_bytes = self.peer.fetch_entries(self.log, position, PAGE_ENTRIES)
        self._entries, end_position = dict(_read_entries(page_bytes)), position + 1
        for first_position, entry in self._entries.items():
            record_count = 1 if isinstance(entry, MalformedInput) else entry.statement.record_count
            end_position = max(end_position, first_position + record_count)
        self._covered_positions = range(position, end_position)


def _read_entries(page_bytes: bytes) -> Iterator[tuple[int, Entry | MalformedInput]]:
    """Read (first position, entry) from a page; what else stands in it is not looked at. Raises: PeerRefused."""
    try:
        for member in Fields(decode(page_bytes), "page").take_array("items", PAGE_ENTRIES):
            fields = Fields(member, "item")
            yield fields.take_integer("first", 0, MAX_LOG_SIZE), _decode_entry_or_fault(fields.take("entry"))
    except MalformedInput as error:
        raise PeerRefused(f"its answer is no page of entries: {_make_printable(error)}") from error


def _make_printable(error: MalformedInput) -> str:
    """Return what an error says, without what a terminal might obey: it may quote what a node sent."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(error))[:_MAX_ERROR_CHARS]


def _decode_entry_or_fault(value: Json) -> Entry | MalformedInput:
    try:
        return decode_entry(value)
    except MalformedInput as error:
        return error
