"""The names of issuers that a node vouches for 颁发机构名录: a file of credit codes and names.

    {"11429006012345671T": "天门市市场监督管理局"}

The registry knows issuers by their codes alone, and what a certificate says of its issuer's name is its own word.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.files import read
from api.node.errors import SettingsError
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from ledger.encoding.canonical import decode
from ledger.errors import LedgerError
from ledger.records.identifiers import check_credit_code

# Of the file: all public bodies of a province, of which there are some ten thousand.
_MAX_FILE_BYTES: Final = 4 * 2**20


def load_issuer_names(path: Path | None) -> Mapping[str, str]:
    """Return the names by code; none where no file is named. Raises: SettingsError."""
    if path is None:
        return {}
    try:
        names_by_code = decode(read(path, _MAX_FILE_BYTES))
    except (OSError, LedgerError) as error:
        raise SettingsError(f"{path} (`issuer_names`): {error}") from error
    if not isinstance(names_by_code, dict):
        raise SettingsError(f"{path} (`issuer_names`) must hold one JSON object: credit codes and names")
    return {code: _check_name(path, code, name) for code, name in names_by_code.items()}


def _check_name(path: Path, code: str, name: object) -> str:
    """Return the name of an issuer as it may be shown. Raises: SettingsError."""
    try:
        check_credit_code(code)
    except LedgerError as error:
        raise SettingsError(f"{path} (`issuer_names`): {error}") from error
    if not isinstance(name, str) or not name.strip() or make_visible(name, MAX_NAME_CHARS) != name:
        raise SettingsError(
            f"{path} (`issuer_names`): the name of {code} must be text of at most {MAX_NAME_CHARS} visible characters"
        )
    return name
