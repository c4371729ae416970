"""Results on standard output, progress and messages on standard error."""

import errno
import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from anchoring.processes.logs import make_json_visible, make_line_visible, make_lines_visible
from ledger.verification.reasons import Verdict

T = TypeVar("T")
_REFRESH_SECONDS: Final = 0.2
_PLAIN_SECONDS: Final = 5.0  # where standard error is no terminal, a line this often

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

EXIT_CODES: Final = {Verdict.VALID: 0, Verdict.NOT_CURRENT: 10, Verdict.INVALID: 11, Verdict.UNVERIFIABLE: 12}


def in_words(error: Exception) -> str:
    """Return what is wrong, and what to do next."""
    if isinstance(error, OSError) and error.filename is not None and error.errno in _REMEDIES:
        return f"{error.filename} {_REMEDIES[error.errno]}"
    return str(error) or type(error).__name__


def show_json(value: object) -> None:
    """Print a result for programs; what is not seen, also as its number: programs read the same."""
    print(make_json_visible(json.dumps(value, ensure_ascii=False, indent=2)), flush=True)


def say(text: str) -> None:
    """Print a result for people."""
    print(make_lines_visible(text), flush=True)


def note(text: str) -> None:
    """Tell a person what goes on, apart from the result."""
    print(make_lines_visible(text), file=sys.stderr, flush=True)


def progress(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Pass `items` on and show on standard error how many of `total` are done, and how fast."""
    terminal = sys.stderr.isatty()
    started = shown = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - shown >= (_REFRESH_SECONDS if terminal else _PLAIN_SECONDS):
            shown = now
            rate = done / (now - started)
            line = f"{make_line_visible(label)}: {done:,} of {total:,} ({rate:,.0f}/s)"
            print(
                f"\r{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True
            )
    if terminal and shown != started:
        print(f"\r{make_line_visible(label)}: {done:,} of {total:,}" + " " * 20, file=sys.stderr, flush=True)
