"""Results on standard output, progress and messages on standard error."""

import argparse
import codecs
import errno
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from anchoring.processes.logs import (
    make_json_ascii,
    make_json_visible,
    make_line_visible,
    make_lines_visible,
)
from ledger.verification.reasons import Verdict
from ledger.words import Language

T = TypeVar("T")
_REFRESH_SECONDS: Final = 0.2
_PLAIN_SECONDS: Final = 5.0  # where standard error is no terminal, a line this often

#: Who gets what is told, where that is not a person at standard error.
_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)

#: What to do about a file, by what the system says of it.
_REMEDIES: Final = {
    errno.ENOENT: "does not exist: check its name",
    errno.EISDIR: "is a directory: name a file in it",
    errno.ENOTDIR: "goes through something that is no directory: check its name",
    errno.EACCES: "is not open to you: check its permissions",
    errno.EROFS: "lies where nothing can be written: name another place",
    errno.ELOOP: "is a link that leads back to itself: name the file itself",
    errno.ENOSPC: "cannot be written whole, there is no room left: make room and repeat",
}

#: What stands for a sign that a console's encoding lacks, the best first: GBK, which a Chinese Windows uses, has √ and ×.
_SUBSTITUTES: Final = {
    "✓": ("√", "+"),
    "✗": ("×", "x"),
    "–": ("-",),
    "—": ("-",),
    "→": ("->",),
    "…": ("...",),
    "·": ("*",),
    "“": ('"',),
    "”": ('"',),
    "⟨": ("<",),
    "⟩": (">",),
    "⏎": ("|",),
}
_UNENCODABLE: Final = "shunzheng"  # the name by which Python's codecs know `_substitute`

EXIT_CODES: Final = {Verdict.VALID: 0, Verdict.NOT_CURRENT: 10, Verdict.INVALID: 11, Verdict.UNVERIFIABLE: 12}


def prepare_streams() -> None:
    """Let standard output and error take whatever is said, whichever encoding they have, and input be read likewise.

    What their encoding lacks is replaced by a like sign, else shown as its number: no text ends a command. Where one of them
    is closed Python has none, and would print in the other what is for this one: then it goes nowhere.
    """
    codecs.register_error(_UNENCODABLE, _substitute)
    for stream_name, error_handler in (
        ("stdin", "replace"),
        ("stdout", _UNENCODABLE),
        ("stderr", _UNENCODABLE),
    ):
        stream = getattr(sys, stream_name)
        if stream is None and stream_name != "stdin":
            setattr(sys, stream_name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=error_handler)


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for the characters that cannot be encoded, and where to go on. Raises: UnicodeError in reading."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_find_stand_in(character, error.encoding) for character in characters), error.end


def _find_stand_in(character: str, encoding: str) -> str:
    """Return a like sign that the encoding has, else the number of the character as `make_line_visible` writes it."""
    for substitute in _SUBSTITUTES.get(character, ()):
        if substitute.encode(encoding, "ignore"):
            return substitute
    return f"\\u{{{ord(character):x}}}"


def add_language(command: argparse.ArgumentParser) -> None:
    """Add `--lang`; without it, Chinese, or English where standard output cannot show Chinese."""
    command.add_argument(
        "--lang",
        choices=("zh", "en"),
        default=_find_suited_language(),
        help="default: zh, or en where the console has no Chinese",
    )


def _find_suited_language() -> Language:
    try:
        "真实有效".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "en"
    return "zh"


def describe_error(error: Exception) -> str:
    """Return what is wrong, and what to do next."""
    if isinstance(error, OSError) and error.filename is not None and error.errno in _REMEDIES:
        return f"{error.filename} {_REMEDIES[error.errno]}"
    return str(error) or type(error).__name__


def show_json(value: object) -> None:
    """Print a result for programs; what is not seen, also as its number: programs read the same."""
    show_encoded(json.dumps(value, ensure_ascii=False, indent=2))


def show_encoded(text: str) -> None:
    """Print JSON, or the code of a proof, for programs: in UTF-8, and in ASCII with escapes where output is not of UTF-8."""
    is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    print(make_json_visible(text) if is_utf8 else make_json_ascii(text), flush=True)


def say(text: str) -> None:
    """Print a result for people."""
    print(make_lines_visible(text), flush=True)


@contextmanager
def tell_instead(listener: Callable[[str], None]) -> Iterator[None]:
    """Let `listener` get what is told meanwhile in this thread, where a library does what commands do."""
    reset_token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(reset_token)


def note(text: str) -> None:
    """Tell a person what goes on, apart from the result."""
    if listener := _listener.get():
        listener(text)
        return
    print(make_lines_visible(text), file=sys.stderr, flush=True)


def progress(items: Iterable[T], label: str, total_count: int) -> Iterator[T]:
    """Pass `items` on and show on standard error how many of `total_count` are done, how fast, and how long it will take."""
    if _listener.get():
        yield from items
        return
    is_terminal = sys.stderr.isatty()
    start_seconds = shown_seconds = time.monotonic()
    done_count = 0
    for item in items:
        yield item
        done_count += 1
        now_seconds = time.monotonic()
        if now_seconds - shown_seconds >= (_REFRESH_SECONDS if is_terminal else _PLAIN_SECONDS):
            shown_seconds = now_seconds
            items_per_second = done_count / (now_seconds - start_seconds)
            seconds_left = max(0, total_count - done_count) / items_per_second
            line = (
                f"{make_line_visible(label)}: {done_count:,} of {total_count:,} ({items_per_second:,.0f}/s, "
                f"{seconds_left:,.0f} s left)"
            )
            print(
                f"\r{line}" if is_terminal else line,
                end="" if is_terminal else "\n",
                file=sys.stderr,
                flush=True,
            )
    if is_terminal and shown_seconds != start_seconds:
        print(
            f"\r{make_line_visible(label)}: {done_count:,} of {total_count:,}" + " " * 20,
            file=sys.stderr,
            flush=True,
        )
