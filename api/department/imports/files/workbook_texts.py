"""Text of workbooks' cells, where control characters stand as `_x000D_`.

ECMA-376 part 1, 22.9.2.19, ST_Xstring.
"""

import re
from typing import Final

#: Control characters that XML cannot hold. A tab and a line feed stand as they are.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f]")
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_LITERAL_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_SURROGATES: Final = range(0xD800, 0xE000)  # no characters, half of one each


def read_escapes(text: str) -> str:
    """Return the text that a cell means."""
    return _ESCAPE.sub(_read_escape, text) if "_x" in text else text


def write_escapes(text: str) -> str:
    """Return a text as a cell has it; spreadsheets show a carriage return as a line break."""
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", _LITERAL_ESCAPE.sub("_x005F_", text))


def _read_escape(match: re.Match[str]) -> str:
    code_point = int(match[1], 16)
    return match[0] if code_point in _SURROGATES else chr(code_point)
