"""A `Trust` that answers from leaves of the tree over the facts, whoever shows them.

It asks for facts by their names, as docs/formats/facts.md gives them, and for no more than a verification needs: so the
same class finds out which facts a proof needs, and verifies with them.
"""

from collections.abc import Callable, Iterator, Sequence

from ledger.crypto.suites import get_suite
from ledger.encoding.canonical import MAX_INTEGER
from ledger.encoding.fields import Fields, parse_hex
from ledger.encoding.times import parse_time
from ledger.errors import MalformedInput
from ledger.registry.facts import NEVER, Leaf, Name
from ledger.registry.status import Status
from ledger.registry.trust import PURPOSES, Anchor, Grant, KeyState, LogState, Occurrences, PositionStatus

#: Gives the leaf of a name, None where it is shown that there is none. Raises: FactMissing.
ReadLeaf = Callable[[Name], Leaf | None]

# What a leaf says of a void anchor; why it is void is for each program to say.
_VOID_REASON = "the facts of the checkpoint say so"


class FactTrust:
    """A `Trust` as of `time`, the block time of a checkpoint. It knows no entries and no heads.

    Every answer raises FactMissing where a fact is not among those that are shown, MalformedInput where one is none.
    """

    def __init__(self, registry: str, source: str, time: int, read_leaf: ReadLeaf) -> None:
        self.registry, self.source, self.time = registry, source, time
        self._read_leaf = read_leaf

    def find_head(self, event_number: int) -> bytes | None:
        return None

    def find_log(self, name: str) -> LogState | None:
        fields = self._open("log", name)
        if fields is None:
            return None
        return LogState(
            name=name,
            suite=fields.take_parsed("suite", get_suite),
            event_number=_take_number(fields, "n"),
            admin="",
            sequence=_take_number(fields, "sequence"),
            size=_take_number(fields, "size"),
            anchored_at=_take_time(fields, "anchored_at"),
            is_status_known=_take_truth(fields, "status_known"),
        )

    def find_anchor(self, log: str, sequence: int) -> Anchor | None:
        fields = self._open("anchor", log, str(sequence))
        if fields is None:
            return None
        return Anchor(
            log=log,
            sequence=sequence,
            event_number=_take_number(fields, "n"),
            block_number=_take_number(fields, "block"),
            time=_take_time(fields, "time"),
            size_before=_take_number(fields, "size_before"),
            size=_take_number(fields, "size"),
            root=fields.take_hex("root", 32),
            status_root=fields.take_hex("status_root", 32),
            void_reason=_VOID_REASON if _take_truth(fields, "void") else "",
        )

    def find_issuer_log(self, issuer: str, event_number: int) -> str | None:
        for fields in self._open_all("issuer", issuer):
            if _take_number(fields, "n") <= event_number:
                return fields.take_text("log")
        return None

    def find_key(self, key_id: bytes) -> KeyState | None:
        fields = self._open("key", "0x" + key_id.hex())
        if fields is None:
            return None
        return KeyState(
            id=key_id,
            spki=fields.take_parsed("spki", parse_hex),
            purpose=fields.take_parsed("purpose", _parse_purpose),
            log=fields.take_text("log"),
            event_number=_take_number(fields, "n"),
            retired_at=_take_moment(fields, "retired_at"),
            compromised_since=_take_moment(fields, "compromised_since"),
        )

    def list_grants(self, key_id: bytes, issuer: str) -> Sequence[Grant]:
        grants = [
            Grant(
                key_id=key_id,
                issuer=issuer,
                event_number=_take_number(fields, "n"),
                kinds=_take_number(fields, "kinds"),
                types=tuple(map(str, fields.take_array("types", MAX_INTEGER))),
                not_before=_take_moment(fields, "not_before") or 0,
                not_after=_take_moment(fields, "not_after") or 0,
            )
            for fields in self._open_all("grant", "0x" + key_id.hex(), issuer)
        ]
        return grants[::-1]

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        for fields in self._open_all("position", log, str(position)):
            changed_at = _take_number(fields, "sequence")
            if changed_at <= sequence:
                return PositionStatus(
                    log,
                    position,
                    changed_at,
                    _take_time(fields, "since"),
                    fields.take_parsed("status", _parse_status),
                    _take_truth(fields, "contradictory"),
                )
        return None

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        return None

    def _open(self, *name: str) -> Fields | None:
        leaf = self._read_leaf(name)
        return None if leaf is None else Fields(leaf, "fact")

    def _open_all(self, *name: str) -> Iterator[Fields]:
        """Yield all facts that ever stood under a name, the newest first."""
        fields = self._open(*name)
        if fields is None:
            return
        number = _take_number(fields, "number")
        yield fields
        for earlier_number in range(number - 1, 0, -1):
            earlier_fields = self._open(*name, str(earlier_number))
            if earlier_fields is None:
                raise MalformedInput(
                    f"fact {number} of {' '.join(name)} stands without fact {earlier_number}"
                )
            yield earlier_fields


def _take_number(fields: Fields, name: str) -> int:
    return fields.take_integer(name, 0, MAX_INTEGER)


def _take_truth(fields: Fields, name: str) -> bool:
    value = fields.take(name)
    if not isinstance(value, bool):
        raise MalformedInput(f"{fields.place}.{name} must be true or false")
    return value


def _take_time(fields: Fields, name: str) -> int:
    """Return a time of a block, 0 where there is none."""
    value = fields.take(name)
    if not isinstance(value, str):
        raise MalformedInput(f"{fields.place}.{name} must be text")
    return 0 if value == NEVER else parse_time(value)


def _take_moment(fields: Fields, name: str) -> int | None:
    """Return a moment that an act names, in seconds, None where there is none."""
    text = fields.take(name)
    if text == NEVER:
        return None
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal()):
        raise MalformedInput(f"{fields.place}.{name} must be empty or a number of seconds")
    return int(text)


def _parse_purpose(text: str) -> int:
    return PURPOSES.get(text) or (int(text) if text.isascii() and text.isdecimal() else 0)


def _parse_status(text: str) -> Status:
    try:
        return Status[text.upper()]
    except KeyError:
        raise MalformedInput(f"there is no status {text!r}") from None
