"""Read the members of a JSON object, and refuse one that is missing, malformed or unknown."""

from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from ledger import limits
from ledger.crypto.suites import Suite, parse_digest
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat

T = TypeVar("T")

# Any one text member of a record or statement.
MAX_TEXT_CHARS: Final = 4096


def parse_hex(text: str, byte_count: int | None = None) -> bytes:
    """Return the bytes of lowercase hex.

    Raises: MalformedInput for other text or a length in bytes other than `byte_count`.
    """
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.hex() != text:  # `fromhex` also reads upper case and spaces
        raise MalformedInput("expected lowercase hexadecimal")
    if byte_count is not None and len(data) != byte_count:
        raise MalformedInput(f"expected {byte_count} bytes in hexadecimal, not {len(data)}")
    return data


def parse_key_id(text: str) -> bytes:
    """Return the 32 bytes of a key identifier written `0x<hex>`. Raises: MalformedInput."""
    if not text.startswith("0x"):
        raise MalformedInput("a key identifier is written 0x and 64 hexadecimal digits")
    return parse_hex(text[2:], 32)


class Fields:
    """The members of one object, read once each; `close` refuses those that nobody read."""

    def __init__(self, value: Json, place: str) -> None:
        if not isinstance(value, dict):
            raise MalformedInput(f"{place} must be an object")
        self._members = dict(value)
        self.place = place

    def take_type(self, *expected_types: str) -> str:
        """Return the member `take_type`, one of those expected. Raises: NewerFormat for another version of the same type."""
        type_name, known_types_text = self.take_text("type"), " or ".join(map(repr, expected_types))
        if type_name in expected_types:
            return type_name
        if type_name.rpartition("/")[0] == expected_types[0].rpartition("/")[0]:
            raise NewerFormat(
                f"{self.place} is of type {type_name!r}; this program knows {known_types_text}: update the program"
            )
        raise MalformedInput(f"{self.place} is of type {type_name!r}, expected {known_types_text}")

    def has(self, name: str) -> bool:
        return name in self._members

    def take(self, name: str) -> Json:
        if name not in self._members:
            raise MalformedInput(f"{self.place} lacks the member {name!r}")
        return self._members.pop(name)

    def take_text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            raise MalformedInput(f"{self.place}.{name} must be text")
        if not value or len(value) > MAX_TEXT_CHARS:
            raise MalformedInput(f"{self.place}.{name} must have 1 to {MAX_TEXT_CHARS} characters")
        return value

    def take_parsed(self, name: str, parse: Callable[[str], T]) -> T:
        """Read text and parse it; a failure names the member."""
        value = self.take_text(name)
        try:
            return parse(value)
        except MalformedInput as error:
            raise type(error)(f"{self.place}.{name}: {error}") from error

    def take_optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self.take_parsed(name, parse) if name in self._members else None

    def take_integer(self, name: str, lowest_value: int, highest_value: int) -> int:
        value = self.take(name)
        if type(value) is not int or not lowest_value <= value <= highest_value:
            raise MalformedInput(
                f"{self.place}.{name} must be an integer from {lowest_value} to {highest_value}"
            )
        return value

    def take_array(self, name: str, max_items: int) -> list[Json]:
        """Read an array. Raises: LimitExceeded for more than `max_items` elements."""
        value = self.take(name)
        if not isinstance(value, list):
            raise MalformedInput(f"{self.place}.{name} must be an array")
        if len(value) > max_items:
            raise LimitExceeded(
                f"{self.place}.{name} has {len(value)} elements, at most {max_items} are allowed"
            )
        return value

    def take_hex(self, name: str, byte_count: int) -> bytes:
        return self.take_parsed(name, lambda text: parse_hex(text, byte_count))

    def take_hashes(self, name: str, max_count: int = limits.MAX_PATH) -> tuple[bytes, ...]:
        """Read an array of 32-byte hashes in hexadecimal, at most `max_count`."""
        hashes = []
        for value in self.take_array(name, max_count):
            if not isinstance(value, str):
                raise MalformedInput(f"{self.place}.{name} must hold text")
            hashes.append(parse_hex(value, 32))
        return tuple(hashes)

    def take_digest(self, name: str) -> tuple[Suite, bytes]:
        return self.take_parsed(name, parse_digest)

    def take_time(self, name: str) -> int:
        return self.take_parsed(name, times.parse_time)

    def take_date(self, name: str) -> date | None:
        return self.take_optional(name, times.parse_date)

    def close(self) -> None:
        """Refuse members that nobody read. Raises: MalformedInput."""
        if self._members:
            names = ", ".join(sorted(self._members)[:3])
            raise MalformedInput(f"{self.place} has unknown members: {names[:120]}")
