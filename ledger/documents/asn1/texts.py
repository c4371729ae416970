"""Text and times that strangers wrote into signed structures, made fit to be shown."""

import re
from base64 import b64decode
from binascii import unhexlify
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_SHANGHAI: Final = timezone(timedelta(hours=8))
_UTC_TIME: Final = re.compile(r"(\d{2})(\d{10}(?:\d{2})?)(Z|[+-]\d{4})?", re.ASCII)
_FULL_TIME: Final = re.compile(r"(\d{12}(?:\d{2})?)(?:[.,]\d{1,9})?(Z|[+-]\d{4})?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[-/:T ]", re.ASCII)
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_PEM_BODY: Final = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{1,40}-----([A-Za-z0-9+/=\s]+)-----END [A-Z0-9 ]{1,40}-----"
)
#: Characters of one name: longer ones are cut, no real one is.
MAX_SHOWN_CHARS: Final = 400


def decode_written(text: bytes) -> bytes | None:
    """Return the bytes that are written in hexadecimal, base64 or PEM, with or without line ends; else None."""
    pem_match = _PEM_BODY.fullmatch(text.strip())
    letters = b"".join((pem_match[1] if pem_match else text).split())
    try:
        return unhexlify(letters) if _HEX.fullmatch(letters) else b64decode(letters, validate=True)
    except ValueError:
        return None


def decode_text(latin_text: str) -> str:
    """Return what a person is shown of text that was mapped byte for byte: UTF-8, else GB 18030, else Latin 1.

    Control, invisible and direction characters become U+FFFD: a name must not write on the terminal.
    """
    data = latin_text.encode("latin-1")
    for encoding in ("utf-8", "gb18030"):
        try:
            return make_printable(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return make_printable(latin_text)


def make_printable(text: str) -> str:
    """Return the text with everything that has no shape of its own replaced, and cut where it is endless."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_SHOWN_CHARS])


def parse_asn1_time(text: str, *, is_utc_time: bool) -> int | None:
    """Return the seconds since 1970 of a UTCTime or GeneralizedTime, or None where it is none.

    A UTCTime has two digits for the year, 50 and above being 19xx (RFC 5280, 4.1.2.5.1). A time without a zone is
    local time (X.680, 46.2), here that of Asia/Shanghai.
    """
    if not is_utc_time:
        return _parse_full_time(text)
    time_match = _UTC_TIME.fullmatch(text)
    return _parse_full_time(("19" if time_match[1] >= "50" else "20") + text) if time_match else None


def parse_written_time(text: str) -> int | None:
    """Return the moment of the spellings met in OFD: `20200620091849Z`, `2020-06-20 17:18:49`, with or without zone."""
    text = text.strip()
    if text.count("-") >= 2 or ":" in text:
        date, zone = (text[:-6], text[-6:]) if re.fullmatch(r".*[+-]\d{2}:\d{2}", text) else (text, "")
        text = _SEPARATORS.sub("", date) + zone.replace(":", "")
    return _parse_full_time(text)


def _parse_full_time(text: str) -> int | None:
    time_match = _FULL_TIME.fullmatch(text)
    if time_match is None:
        return None
    digits, zone = time_match[1].ljust(14, "0"), time_match[2]
    try:
        local_time = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=_parse_zone(zone))
        seconds = int(local_time.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


def _parse_zone(text: str | None) -> timezone:
    if text is None:
        return _SHANGHAI
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-offset if text[0] == "-" else offset)
