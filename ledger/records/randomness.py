"""Salts and masters that were not drawn at random, as far as one can tell from one of them.

Whoever can guess a salt can guess claims from their commitments. Found are the habits of programs that do not draw: zeros, a
repeated pattern, a counting sequence, a small number, text. A digest of something guessable looks random and is not found.
Of random ones fewer than one in 2^36 is taken for weak; drafting draws again, so that it never sends one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from typing import Final

#: The words that may count, of one, two and four bytes in either order, and the range of each.
_WORD_FORMS: Final = tuple(
    (Struct(form), modulus)
    for form, modulus in ((">16B", 2**8), (">8H", 2**16), ("<8H", 2**16), (">4I", 2**32), ("<4I", 2**32))
)
# Bytes at either end that are zero in a number below 2^64; of random ones one in 2^63 has them.
_SMALL_ZEROS: Final = bytes(8)
# Different bytes of sixteen; of random ones fewer than one in 2^68 has so few.
_FEW_DISTINCT_BYTES: Final = 4
#: Text in one case with digits and separators, with at most one letter of the other: one in 2^36 of random ones.
_TEXT_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rb"[0-9a-z ._:/+-]*[A-Z]?[0-9a-z ._:/+-]*",
        rb"[0-9A-Z ._:/+-]*[a-z]?[0-9A-Z ._:/+-]*",
        rb"[0-9a-fA-F]*",
    )
)


@lru_cache(maxsize=8)  # asked twice in a row: where it is drawn, and where the record is judged
def find_weakness(random_bytes: bytes) -> str | None:
    """Say why 16 bytes were not drawn at random; None where nothing shows it."""
    if not any(random_bytes):
        return "is all zero"
    if random_bytes[:8] == random_bytes[8:] or len(set(random_bytes)) <= _FEW_DISTINCT_BYTES:
        return "repeats a pattern"
    for word_form, modulus in _WORD_FORMS:  # no generator: this is asked four times a record
        words = word_form.unpack(random_bytes)
        if not (words[2] - 2 * words[1] + words[0]) % modulus and _grow_evenly(words, modulus):
            return "is a counting sequence"
    if random_bytes.startswith(_SMALL_ZEROS) or random_bytes.endswith(_SMALL_ZEROS):
        return "is a small number"
    if random_bytes.isascii() and any(
        text_pattern.fullmatch(random_bytes) for text_pattern in _TEXT_PATTERNS
    ):
        return "is text"
    return None


class RandomValues:
    """The salts and masters of one submission, each with its row: 20 bytes of memory each, for millions of them."""

    _BUCKETS: Final = 256
    _WIDTH: Final = 20

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(self._BUCKETS)]

    def add(self, random_bytes: bytes, row: int) -> None:
        """Note 16 bytes that stand in a row."""
        # Python's hash of bytes is keyed anew in each process: nobody can fill one bucket alone.
        self._buckets[hash(random_bytes) % self._BUCKETS] += random_bytes + row.to_bytes(4, "big")

    def find_repeats(self) -> Iterator[tuple[int, int]]:
        """Return the rows of every value that stands a second time: the first row, and the later one."""
        for bucket in self._buckets:
            first_rows: dict[bytes, int] = {}
            for random_bytes, row in self._split(bucket):
                if random_bytes in first_rows:
                    yield first_rows[random_bytes], row
                else:
                    first_rows[random_bytes] = row

    def _split(self, bucket: bytearray) -> Iterable[tuple[bytes, int]]:
        for start in range(0, len(bucket), self._WIDTH):
            end = start + self._WIDTH
            yield bytes(bucket[start : end - 4]), int.from_bytes(bucket[end - 4 : end], "big")


def _grow_evenly(words: tuple[int, ...], modulus: int) -> bool:
    """Tell whether each word is larger than the one before by the same step, modulo their range."""
    return len({(next_word - word) % modulus for word, next_word in pairwise(words)}) == 1
