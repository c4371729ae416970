"""Files of signed submissions, named after what was signed and with which key.

    NAME.CONTENT.KEY.submission

The same command sends the same submission again; other rows or documents, another log or another key make a new one:
nothing that a wrong or a stolen key signed is sent in the name of a good one.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Final

from api.department.drafts import Target
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput

_SUFFIX: Final = ".submission"
#: Hexadecimal digits in a file's name: 64 bits tell the submissions of one folder apart.
_DIGITS: Final = 16
#: One of them stands in every line whose row names documents; the second where its letters are written as numbers.
_DOCUMENT_MARKS: Final = (b"documents", b"\\u")


def digest_rows(lines: Iterable[bytes], target: Target, folder: Path) -> str:
    """Return the digest, in hexadecimal, of input rows and of the documents that they name, from `folder`, for a log.

    What cannot be read is left out: who drafts the rows says what is wrong with them.
    """
    hasher = hashlib.sha256(f"{target.registry}\n{target.log}\n".encode())
    for line in lines:
        hasher.update(line.strip() + b"\n")
        if any(mark in line for mark in _DOCUMENT_MARKS):
            for path in _find_documents(line):
                with suppress(OSError, ValueError), (folder / path).open("rb") as file:
                    hasher.update(hashlib.file_digest(file, "sha256").digest())
    return hasher.hexdigest()


def _find_documents(line: bytes) -> Iterator[str]:
    try:
        row = decode(line)
    except MalformedInput:
        return
    documents = row.get("documents") if isinstance(row, dict) else None
    yield from (path for path in documents if isinstance(path, str)) if isinstance(documents, list) else ()


def name_submission(folder: Path, file_prefix: str, digest: str, signer: Signer) -> Path:
    """Return where the submission of rows of this digest is kept once this key has signed it."""
    return folder / f"{file_prefix}.{digest[:_DIGITS]}.{signer.public.id.hex()[:_DIGITS]}{_SUFFIX}"


def find_signed_otherwise(submission_path: Path) -> list[Path]:
    """Return the kept submissions of the same rows that another key signed."""
    stem = submission_path.name.removesuffix(_SUFFIX).rpartition(".")[0]
    paths_of_rows = submission_path.parent.glob(f"{escape(stem)}.*{_SUFFIX}")
    return sorted(path for path in paths_of_rows if path.name != submission_path.name)
