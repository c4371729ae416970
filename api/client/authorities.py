"""Certificate authorities 证书颁发机构 of one's own, by whose word a node at https:// is believed.

A government network has its own authority, which no list of public ones names. The file holds certificates in PEM; with one,
these authorities count and no others.
"""

import argparse
import os
import ssl
from pathlib import Path
from typing import Final

from api.files import read
from ledger.errors import MalformedInput

CA_VARIABLE: Final = "SHUNZHENG_CA_FILE"
# Certificates have some 2 kB; a bundle of all public authorities 250.
_MAX_FILE_BYTES: Final = 2**20


def add_authorities(parser: argparse.ArgumentParser) -> None:
    """Add `--ca-file`."""
    parser.add_argument(
        "--ca-file",
        type=Path,
        default=os.environ.get(CA_VARIABLE),
        metavar="FILE",
        help=f"authorities that vouch for the node, where these are not public ones; else {CA_VARIABLE}",
    )


def load_authorities(ca_path: Path | None) -> ssl.SSLContext | None:
    """Return what believes the authorities in a file of PEM certificates; None where no file is named.

    Raises: MalformedInput, also where the file holds none, OSError.
    """
    if ca_path is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=read(ca_path, _MAX_FILE_BYTES).decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise MalformedInput(
            f"{ca_path} holds no certificates of authorities 证书: it must be one PEM certificate or several"
        ) from error
    return context
