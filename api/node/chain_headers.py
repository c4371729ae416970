"""The headers that gateways of the chain want with every request 网关密钥: a file of its own.

    {"https://gateway.example/rpc": {"X-Api-Key": "…"}}

Each endpoint gets its own headers and no other's: they are secrets.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from api.files import read
from api.node.errors import SettingsError
from ledger.encoding.canonical import decode
from ledger.errors import LedgerError

# Of the file: a few keys, of some kilobytes each at most.
_MAX_FILE_BYTES: Final = 2**16
# RFC 9110, sections 5.1 and 5.5: a token, and visible characters of ASCII with blanks between them.
_NAME_PATTERN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE_PATTERN: Final = re.compile(r"[!-~]([ !-~]*[!-~])?")


def load_chain_headers(path: Path | None, urls: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Return the headers of each endpoint by its URL; none where no file is named. Raises: SettingsError."""
    if path is None:
        return {}
    try:
        headers_by_url = decode(read(path, _MAX_FILE_BYTES))
    except (OSError, LedgerError) as error:
        raise SettingsError(f"{path} (headers of the chain's endpoints): {error}") from error
    if not isinstance(headers_by_url, dict):
        raise SettingsError(f"{path} must hold one JSON object: URLs of endpoints, and the headers of each")
    if unknown_urls := sorted(headers_by_url.keys() - set(urls)):
        raise SettingsError(f"{path} names {unknown_urls[0]!r}, which is none of the chain's endpoints here")
    return {url: _check_headers(path, headers) for url, headers in headers_by_url.items()}


def _check_headers(path: Path, headers: object) -> Mapping[str, str]:
    if not isinstance(headers, dict):
        raise SettingsError(f"{path}: the headers of an endpoint are one JSON object, of names and texts")
    for name, value in headers.items():
        if (
            not _NAME_PATTERN.fullmatch(name)
            or not isinstance(value, str)
            or not _VALUE_PATTERN.fullmatch(value)
        ):
            raise SettingsError(f"{path}: the header {name!r} is not one that HTTP can carry")
    return {name: str(value) for name, value in headers.items()}
