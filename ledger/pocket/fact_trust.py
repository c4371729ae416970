"""A `Trust` that answers from leaves of the tree over the facts, whoever shows them.

It asks for facts by their names, as docs/formats/facts.md gives them, and for no more than a verification needs: so the
same class finds out which facts a proof needs, and verifies with them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from ledger.crypto.suites import get_suite
from ledger.encoding.canonical import MAX_INTEGER
from ledger.encoding.fields import Fields, parse_hex, parse_key_id
from ledger.encoding.times import parse_time
from ledger.errors import FactUnreadable, MalformedInput
from ledger.registry.facts import NEVER, Leaf, Name, name_fact
from ledger.registry.status import Status
from ledger.registry.trust import (
    PURPOSES,
    Anchor,
    Fact,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    Occurrences,
    PositionStatus,
)

#: Gives the leaf of a name, None where it is shown that there is none. Raises: FactMissing.
ReadLeaf = Callable[[Name], Leaf | None]

F = TypeVar("F", bound=Fact)
T = TypeVar("T")

# What a leaf says of a void anchor; why it is void is for each program to say.
_VOID_REASON = "the facts of the checkpoint say so"
# Of a moment that an act names: 64 bits, in decimal.
_MAX_MOMENT_DIGITS: Final = 20


class FactTrust:
    """A `Trust` as of `time`, the block time of a checkpoint. It knows no entries and no heads.

    Every answer raises FactMissing where a fact is not among those that are shown, FactUnreadable where one is none.
    """

    def __init__(self, registry: str, source: str, time: int, read_leaf: ReadLeaf) -> None:
        self.registry, self.source, self.time = registry, source, time
        self._read_leaf = read_leaf

    def find_head(self, event_number: int) -> bytes | None:
        return None

    def find_log(self, name: str) -> LogState | None:
        return self._find(_read_log, "log", name)

    def find_anchor(self, log: str, sequence: int) -> Anchor | None:
        return self._find(_read_anchor, "anchor", log, str(sequence))

    def find_issuer_log(self, issuer: str, event_number: int) -> str | None:
        for assignment in self._walk(_read_assignment, "issuer", issuer):
            if assignment.event_number <= event_number:
                return assignment.log
        return None

    def find_key(self, key_id: bytes) -> KeyState | None:
        return self._find(_read_key, "key", "0x" + key_id.hex())

    def list_grants(self, key_id: bytes, issuer: str) -> Sequence[Grant]:
        return list(self._walk(_read_grant, "grant", "0x" + key_id.hex(), issuer))[::-1]

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        for change in self._walk(_read_change, "position", log, str(position)):
            if change.sequence <= sequence:
                return change
        return None

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        return None

    def _find(self, read_fact: Callable[[Fields], F], *name: str) -> F | None:
        return next(self._walk(read_fact, *name), None)

    def _walk(self, read_fact: Callable[[Fields], F], *name: str) -> Iterator[F]:
        """Yield all facts that ever stood under a name, the newest first."""
        leaf = self._read_leaf(name)
        if leaf is None:
            return
        yield _read_named(name, leaf, read_fact)
        newest_number = _read(name, leaf, lambda fields: _take_number(fields, "number"))
        for number in range(newest_number - 1, 0, -1):
            earlier_name = (*name, str(number))
            earlier_leaf = self._read_leaf(earlier_name)
            if earlier_leaf is None:
                raise FactUnreadable(name, f"its number is {newest_number}, and there is no fact {number}")
            yield _read_named(earlier_name, earlier_leaf, read_fact)


def _read_named(name: Name, leaf: Leaf, read_fact: Callable[[Fields], F]) -> F:
    """Read a leaf that must be of the fact under whose name it stands. Raises: FactUnreadable."""
    fact = _read(name, leaf, read_fact)
    newest_name = name_fact(fact)
    names = newest_name, (*newest_name, str(leaf.get("number")))
    if leaf.get("fact") != name[0] or name not in names:
        raise FactUnreadable(name, "it says that it is another fact")
    return fact


def _read(name: Name, leaf: Leaf, read_members: Callable[[Fields], T]) -> T:
    try:
        return read_members(Fields(leaf, "fact"))
    except MalformedInput as error:
        raise FactUnreadable(name, str(error)) from error


def _read_log(fields: Fields) -> LogState:
    return LogState(
        name=_take_text(fields, "log"),
        suite=fields.take_parsed("suite", get_suite),
        event_number=_take_number(fields, "n"),
        admin="",
        sequence=_take_number(fields, "sequence"),
        size=_take_number(fields, "size"),
        anchored_at=_take_time(fields, "anchored_at"),
        is_status_known=_take_truth(fields, "status_known"),
    )


def _read_anchor(fields: Fields) -> Anchor:
    return Anchor(
        log=_take_text(fields, "log"),
        sequence=_take_number(fields, "sequence"),
        event_number=_take_number(fields, "n"),
        block_number=_take_number(fields, "block"),
        time=_take_time(fields, "time"),
        size_before=_take_number(fields, "size_before"),
        size=_take_number(fields, "size"),
        root=fields.take_hex("root", 32),
        status_root=fields.take_hex("status_root", 32),
        void_reason=_VOID_REASON if _take_truth(fields, "void") else "",
    )


def _read_assignment(fields: Fields) -> IssuerAssignment:
    return IssuerAssignment(
        _take_text(fields, "issuer"), _take_number(fields, "n"), _take_text(fields, "log")
    )


def _read_key(fields: Fields) -> KeyState:
    return KeyState(
        id=fields.take_parsed("key", parse_key_id),
        spki=parse_hex(_take_text(fields, "spki")),  # any bytes that the registry took, which may be no key
        purpose=fields.take_parsed("purpose", _parse_purpose),
        log=_take_text(fields, "log"),
        event_number=_take_number(fields, "n"),
        retired_at=_take_moment(fields, "retired_at"),
        compromised_since=_take_moment(fields, "compromised_since"),
    )


def _read_grant(fields: Fields) -> Grant:
    return Grant(
        key_id=fields.take_parsed("key", parse_key_id),
        issuer=_take_text(fields, "issuer"),
        event_number=_take_number(fields, "n"),
        kinds=_take_number(fields, "kinds"),
        types=_take_types(fields),
        not_before=_take_moment(fields, "not_before") or 0,
        not_after=_take_moment(fields, "not_after") or 0,
    )


def _read_change(fields: Fields) -> PositionStatus:
    return PositionStatus(
        log=_take_text(fields, "log"),
        position=_take_number(fields, "position"),
        sequence=_take_number(fields, "sequence"),
        since=_take_time(fields, "since"),
        status=fields.take_parsed("status", _parse_status),
        is_contradictory=_take_truth(fields, "contradictory"),
    )


def _take_number(fields: Fields, name: str) -> int:
    return fields.take_integer(name, 0, MAX_INTEGER)


def _take_truth(fields: Fields, name: str) -> bool:
    value = fields.take(name)
    if not isinstance(value, bool):
        raise MalformedInput(f"{fields.place}.{name} must be true or false")
    return value


def _take_text(fields: Fields, name: str) -> str:
    """Return text of any length: the registry bounds what a fact says, and a pocket has the size of a proof."""
    value = fields.take(name)
    if not isinstance(value, str):
        raise MalformedInput(f"{fields.place}.{name} must be text")
    return value


def _take_types(fields: Fields) -> tuple[str, ...]:
    values = fields.take_array("types", MAX_INTEGER)
    types = tuple(value for value in values if isinstance(value, str))
    if len(types) < len(values):
        raise MalformedInput(f"{fields.place}.types must hold text")
    return types


def _take_time(fields: Fields, name: str) -> int:
    """Return a time of a block, 0 where there is none."""
    text = _take_text(fields, name)
    return 0 if text == NEVER else parse_time(text)


def _take_moment(fields: Fields, name: str) -> int | None:
    """Return a moment that an act names, in seconds, None where there is none."""
    text = _take_text(fields, name)
    if text == NEVER:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > _MAX_MOMENT_DIGITS:
        raise MalformedInput(f"{fields.place}.{name} must be empty or a number of seconds")
    return int(text)


def _parse_purpose(text: str) -> int:
    return PURPOSES.get(text) or (int(text) if text.isascii() and text.isdecimal() else 0)


def _parse_status(text: str) -> Status:
    try:
        return Status[text.upper()]
    except KeyError:
        raise MalformedInput(f"there is no status {text!r}") from None
