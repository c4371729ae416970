"""Make what goes to a log or a terminal harmless: one line a record, without passwords.

Peers, endpoints, files and people choose parts of what is said here. So it is made harmless where it leaves, and not in
each of the many places where it comes in.
"""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from ledger.encoding.unseen import replace_unseen

#: Of a record: an error of the longest kind, and no page of anybody else's.
MAX_LINE_CHARS: Final = 2_000
REPEAT_SECONDS: Final = 600.0  # until a warning that says nothing new is said again
_MAX_REMEMBERED: Final = 256  # warnings that are remembered: more than a node has endpoints, peers and parts
_CUT_MARK: Final = "… [cut]"

_NOT_PLAIN: Final = re.compile("[^\\x20-\\x7e]")
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
_PASSWORD: Final = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]*@")
_CHANGING_PART: Final = re.compile(r"\((again|starts again) in [^)]*\)|0x[0-9a-f]{6,16}>")


def make_line_visible(text: str) -> str:
    """Return text in one line, with every character that is not seen as its number, and without passwords of URLs."""
    return _PASSWORD.sub(r"\1:***@", replace_unseen(text, _spell_number))


def make_lines_visible(text: str) -> str:
    """Return text of several lines, made visible line by line."""
    return "\n".join(make_line_visible(line) for line in text.split("\n"))


def make_json_visible(text: str) -> str:
    """Return JSON that means the same, with every character that is not seen, but for line ends between members, escaped."""
    return replace_unseen(text, _escape)


def make_json_ascii(text: str) -> str:
    """Return JSON that means the same in ASCII alone: any encoding of a console or a pipe carries it."""
    return _NOT_PLAIN.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    if character == "\n":  # inside a text it is escaped already
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2))


def _spell_number(character: str) -> str:
    return _ESCAPES.get(character, f"\\u{{{ord(character):x}}}")


class LineFormatter(logging.Formatter):
    """One line a record, whatever it quotes; of an exception its class and message, not where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            message = f"{message.rstrip()} ({type(error).__name__}: {error} at {_find_place(error)})"
        line = make_line_visible(f"{message[: 2 * MAX_LINE_CHARS]}")
        if len(line) > MAX_LINE_CHARS:
            line = line[:MAX_LINE_CHARS] + _CUT_MARK
        return f"{self.formatTime(record)} {record.levelname} {make_line_visible(record.name)}: {line}"


def _find_place(error: BaseException) -> str:
    trace, place = error.__traceback__, "?"
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


class RepeatFilter(logging.Filter):
    """Drops a warning that was just said: what is waited for takes one line, not one for each attempt."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._warning_times: OrderedDict[tuple[str, str], float] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        logger_and_message, now = (record.name, _CHANGING_PART.sub("", record.getMessage())), self._clock()
        last_time = self._warning_times.get(logger_and_message)
        if last_time is not None and 0 <= now - last_time < REPEAT_SECONDS:
            return False
        self._warning_times[logger_and_message] = now
        self._warning_times.move_to_end(logger_and_message)
        if len(self._warning_times) > _MAX_REMEMBERED:
            self._warning_times.popitem(last=False)
        return True


def log_to_stderr() -> None:
    """Let everything that is logged leave through one handler, also what libraries log through handlers of their own."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
