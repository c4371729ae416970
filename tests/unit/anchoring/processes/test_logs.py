"""What leaves for a log is one line, drives nothing, shows no password; GmSSL is silent."""

import logging
import subprocess
import sys

import pytest

from anchoring.processes.logs import (
    MAX_LINE_CHARS,
    LineFormatter,
    RepeatFilter,
    make_json_visible,
    make_line_visible,
)


def record(text: str, *values: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("name", level, "file", 1, text, values, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n2026 ERROR forged", "a\\n2026 ERROR forged"),
        ("\x1b]0;title\x07", "\\e]0;title\\u{7}"),
        ("\u202egnp", "\\u{202e}gnp"),
        ("a\u2028b\x85c\u200b", "a\\u{2028}b\\u{85}c\\u{200b}"),
        ("postgresql://city:pass@host/x", "postgresql://city:***@host/x"),
        ("持证主体 张三　葛\U000e0100城", "持证主体 张三　葛\U000e0100城"),
        ("a\u034f\u2800\ufe0f\uffff\xa0b", "a\\u{34f}\\u{2800}\\u{fe0f}\\u{ffff}\\u{a0}b"),
    ],
)
def test_what_is_not_seen_is_shown(text: str, shown: str) -> None:
    assert make_line_visible(text) == shown
    assert LineFormatter().format(record("%s", text)).endswith(shown)


def test_a_record_is_one_bounded_line() -> None:
    line = LineFormatter().format(record("%s", "x\n" * 100_000))
    assert "\n" not in line
    assert len(line) < MAX_LINE_CHARS + 100


def test_json_means_the_same() -> None:
    assert make_json_visible('{\n "a": "\u202e"\n}') == '{\n "a": "\\u202e"\n}'


def test_a_warning_that_says_nothing_new_is_said_once_in_a_while() -> None:
    now = [0.0]
    seldom = RepeatFilter(lambda: now[0])
    assert seldom.filter(record("no answer (again in %.1f s)", 1.0))
    assert not seldom.filter(record("no answer (again in %.1f s)", 2.0))
    assert seldom.filter(record("another thing"))
    now[0] = 601.0
    assert seldom.filter(record("no answer (again in %.1f s)", 30.0))


def test_a_thousand_bad_signatures_say_nothing() -> None:
    program = (
        "import secrets\n"
        "from anchoring.processes.silence import silence_libraries\n"
        "from ledger.crypto.keys import generate_key\n"
        "silence_libraries()\n"
        "key = generate_key('sm2', secrets.token_bytes)\n"
        "signature = key.sign(b'x')\n"
        "assert key.public.verify(b'x', signature)\n"
        "assert not any(key.public.verify(b'%d' % n, signature) for n in range(1000))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert ended.stderr == ""
