"""Changes to JSON and to its text, drawn from a seed: reproducible, cheap by the thousand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from ledger.crypto import p256
from ledger.crypto.keys import decode_signature, encode_signature
from ledger.errors import MalformedInput
from tests.mutations import Path, at, put

#: What is put in the place of a text, a number, or anything.
TEXTS: Final[tuple[Any, ...]] = (
    "", " ", "0", "x" * 4096, "x" * 4097, "２０２６-03-02", "2026-02-30", "2026-03-02", "2026-3-2",
    "2026-03-02\n", "0000-01-01", "9999-12-31", "2026-03-02T01:00:60Z", "2026-03-02T24:00:00Z",
    "2026-03-02T01:00:08Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "2026-03-02T01:00:00+00:00", "2026-03-02t01:00:00z", "sm3", "sm3:", "md5:" + "0" * 32,
    "SM3:" + "0" * 64, "sm3:" + "0" * 64, "sha256:" + "0" * 64, "0" * 32, "0" * 64, "0x" + "0" * 64,
    "0X" + "0" * 64, "A" * 64, "0" * 63, "A" * 86, "A" * 85 + "B", "A" * 88, "_" * 86, "+" * 86, "licence",
    "seal", "signature", "material", "issue", "renew", "amend", "suspend", "resume", "cancel", "revoke",
    "withdraw", "transfer", "void", "reinstate", "left", "right", "Left", "sealed-by", "made-with",
    "document/0", "document/1", "document/01", "document/999", "document/1000", "document/1\n", "tianmen",
    "wuhan", "é", "\u0000", "\U0001f512", "\ud800", "shunzheng/record/2", "shunzheng/proof/1",
    "shunzheng/proof/2", "shunzheng/proof/", "shunzheng/proof", "shunzheng/submission/9",
    "shunzheng/entry/1/2",
)  # fmt: skip
NUMBERS: Final = (
    0, 1, 2, 3, 7, 8, 63, 64, 255, 2**16, 2**20 - 1, 2**20, 2**20 + 1, 2**40 - 1, 2**40, 2**53 - 1, 2**53,
    2**64, 10**30, -1,
)  # fmt: skip
ANYTHING: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, 1.0, 1.5, "", "x", [], {}, [[]], [{}], {"type": "x"}, ["left", 1, "00" * 32],
)  # fmt: skip
NAMES: Final = (
    "note", "type", "size", "linked", "status", "master", "shown", "withheld", "claims", "links",
    "previous", "basis", "issued", "valid_from", "valid_until", "", "名", "disclosure",
)  # fmt: skip


SIGNATURE_CHARS: Final = 86


@dataclass(frozen=True)
class Edit:
    """Something else at one place."""

    path: Path
    new: Any

    def __str__(self) -> str:
        return f"{'/'.join(map(str, self.path))} := {json.dumps(self.new)[:300]}"

    def apply(self, value: Any) -> Any:
        return put(value, self.path, self.new)


def draw_edit(random: Random, value: Any, others: Sequence[Any]) -> Edit:
    """Draw an edit of `value`; parts of `others` may be put into it."""
    path: Path = ()
    inner = value
    while isinstance(inner, dict | list) and inner and random.random() < 0.9:
        key: Any = random.choice(sorted(inner)) if isinstance(inner, dict) else random.randrange(len(inner))
        path, inner = (*path, key), inner[key]
    return Edit(path, _other(random, inner, path, others))


def _other(random: Random, value: Any, path: Path, others: Sequence[Any]) -> Any:
    if random.random() < 0.05:
        return random.choice(ANYTHING)
    if random.random() < 0.4:
        try:
            return at(random.choice(others), path)
        except (KeyError, IndexError, TypeError):
            return [value]
    match value:
        case bool():
            return not value
        case int():
            return random.choice(
                (max(0, value - 1), value + 1, 2 * value, str(value), float(value), *NUMBERS)
            )
        case str():
            return random.choice(TEXTS) if random.random() < 0.3 else _text(random, value)
        case list():
            return _list(random, value)
        case dict():
            return _object(random, value)
        case _:
            return random.choice(ANYTHING)


def _text(random: Random, text: str) -> str:
    if len(text) == SIGNATURE_CHARS and random.random() < 0.3:
        return _mirrored(text)
    place = random.randrange(len(text) + 1)
    before, letter, after = text[:place], text[place : place + 1], text[place + 1 :]
    return random.choice(
        (
            before + random.choice("0123456789abcdefABTXZ:-_./ ") + after,
            before + chr(ord(letter or "x") ^ 1 << random.randrange(3)) + after,
            before + letter.swapcase() + after,
            before + after,
            before + letter + letter + after,
            text + random.choice("\n =0Z\u0000"),
            random.choice("\n +-0") + text,
        )
    )


def _mirrored(text: str) -> str:
    """Return the other signature that P-256 allows for the same message: with s as far below the order as it was above 0."""
    try:
        signature = decode_signature(text)
    except MalformedInput:
        return text[::-1]
    s = p256.ORDER - int.from_bytes(signature[32:], "big")
    return encode_signature(signature[:32] + max(0, s).to_bytes(32, "big"))


def _list(random: Random, items: list[Any]) -> list[Any]:
    if not items:
        return [random.choice(ANYTHING)]
    place, other = random.randrange(len(items)), random.randrange(len(items))
    rest = items[:place] + items[place + 1 :]
    swapped = [*items]
    swapped[place], swapped[other] = swapped[other], swapped[place]
    return random.choice(
        (
            rest,
            [*items, items[place]],
            [*items[:place], items[place], *items[place:]],
            swapped,
            [*rest[:other], items[place], *rest[other:]],
            items[::-1],
            [],
            items * random.choice((2, 17, 41)),
            [*items, random.choice(ANYTHING)],
        )
    )


def _object(random: Random, members: dict[str, Any]) -> dict[str, Any]:
    if not members:
        return {"x": 1}
    name = random.choice(sorted(members))
    rest = {other: value for other, value in members.items() if other != name}
    return random.choice(
        (
            rest,
            rest,
            rest | {random.choice(NAMES): members[name]},
            rest | {name.upper(): members[name]},
            members | {random.choice(NAMES): random.choice(ANYTHING)},
            members | {random.choice(NAMES): random.choice(TEXTS)},
            members | {random.choice(NAMES): members[name]},
        )
    )


def nested(value: Any, levels: int) -> Any:
    """Return `value` inside so many arrays."""
    for _ in range(levels):
        value = [value]
    return value


def write(random: Random, value: Any) -> bytes:
    """Write JSON in one of the many ways in which it can be written."""
    way = random.random()
    if way < 0.7:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    elif way < 0.8:
        text = json.dumps(value, indent=2)
    elif way < 0.9:
        text = json.dumps(value, sort_keys=True)
    else:
        text = "\t\r\n " + json.dumps(value, ensure_ascii=False) + "\n"
    return text.encode(errors="surrogatepass")


PIECES: Final = (
    b"", b" ", b"\n", b"\0", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80",
    b"0", b"-0", b"-1", b"1.0", b"1e0", b"01", b"+1", b"1_0", b"0x1", b"NaN", b"Infinity", b"null", b"true",
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\\u0041", b"\\ud800", b"\\ud83d\\ude00", b"\\u00e9",
    b"\\/", b"\\x41", b"//", b"'", b'"type":"x",', b'"type":"shunzheng/proof/1",', b'"sequence":1,',
    b"9007199254740991", b"9007199254740992", b"[" * 17, b"[" * 5000, b"\xe2\x80\xa8",
)  # fmt: skip


def draw_bytes(random: Random, text: bytes) -> bytes:
    """Draw a change to the bytes of a text."""
    first = random.randrange(len(text) + 1)
    last = min(len(text), first + random.choice((0, 0, 1, 1, 2, 5, 40)))
    match random.randrange(6):
        case 0 | 1:
            changed = bytearray(text)
            changed[first % len(text)] ^= 1 << random.randrange(8)
            return bytes(changed)
        case 2:
            return text[:first]
        case 3:
            return text[:last] + text[first:]
        case _:
            return text[:first] + random.choice(PIECES) + text[last:]
