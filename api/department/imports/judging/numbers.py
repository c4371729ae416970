"""What a number of a certificate may have been before somebody read it from paper."""

from collections.abc import Iterator
from typing import Final

from api.department.imports.judging.cells import write_plain_code
from ledger.catalogue.types import MAX_NUMBER_CHARS, NumberRule

#: Characters that eyes and scanners take for each other.
_LOOKALIKES: Final = ("O0", "Q0", "D0", "I1", "L1", "Z2", "S5", "G6", "B8")
_OTHERS: Final = {
    character: [pair[1 - index] for pair in _LOOKALIKES for index in (0, 1) if pair[index] == character]
    for character in {character for pair in _LOOKALIKES for character in pair}
}
_LETTERS_TO_DIGITS: Final = str.maketrans({pair[0]: pair[1] for pair in _LOOKALIKES})


def suggest_number(number: str, rule: NumberRule) -> str:
    """Return a number of the form that the catalogue has, which looks like this one; empty where there is none."""
    if len(number) > MAX_NUMBER_CHARS:
        return ""
    return next((candidate for candidate in _list_lookalikes(number) if rule.fits(candidate)), "")


def _list_lookalikes(number: str) -> Iterator[str]:
    """Yield a number in plain characters, with its letters as digits, and with each one character taken otherwise."""
    plain_number = write_plain_code(number).upper()
    yield plain_number
    for prefix_length in range(4):
        yield plain_number[:prefix_length] + plain_number[prefix_length:].translate(_LETTERS_TO_DIGITS)
    for index, character in enumerate(plain_number):
        for other_character in _OTHERS.get(character, ()):
            yield plain_number[:index] + other_character + plain_number[index + 1 :]
