"""Files that a person names: read within limits, told apart by kind, replaced whole."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from anchoring.database.files import replace_file
from ledger.documents.carriers import detach, is_carrier
from ledger.documents.ofd.archive import MAX_FILE_BYTES
from ledger.encoding.canonical import decode
from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.paper import PREFIX, mend_code
from ledger.registry.checkpoints import MAX_TRUST_BYTES

T = TypeVar("T")
PROOF_SUFFIX: Final = ".proof.json"  # behind the whole name of the document beside which a proof lies
_TYPE_PREFIX: Final = "shunzheng/"
SHOWN_CHARS: Final = 200  # of what was given: a code may have thousands

#: What a file of another kind is for, by the kind that its `type` names.
_KIND_ADVICE: Final = {
    "proof": "a proof: give it with --proof",
    "snapshot": "a snapshot: give it with --snapshot",
    "trust": "a trust file: give it with --trust",
    "trust-list": "a list of authorities: give it with --trust-list",
    "cosigned": "a checkpoint: `shunzheng checkpoint show` looks into it",
}

#: How a file of a kind is called where its content is no such thing at all.
_KIND_NAMES: Final = {
    "trust": "trust file",
    "trust-list": "list of authorities",
    "claims": "JSON object of claims",
    "erasure": "signed erasure",
    "receipt": "signed receipt",
}


def read(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file of at most `max_bytes`. Raises: LimitExceeded, OSError."""
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise LimitExceeded(f"{path} has more than {max_bytes:,} bytes: is it the right file?")
    return content


def find_proof_path(document_path: Path) -> Path:
    """Return where the proof of a document lies that does not carry it. Raises: IsADirectoryError for `.` and `/`."""
    if not document_path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(document_path))
    return document_path.with_name(document_path.name + PROOF_SUFFIX)


def read_proof_text(source: str) -> str:
    """Return the text of a proof that somebody names, as it was found: the code itself, the file that holds it, or a
    document inside or beside which it is.

    Raises: MalformedInput for a spoilt carrier and for a file of another kind, LimitExceeded, OSError.
    """
    code = mend_code(source)
    if code.startswith(PREFIX):
        return code
    path = Path(source)
    content = read(path)
    with naming(path):
        refuse_other(content, "proof")
        carried_proof = detach(content).proof
    if carried_proof:
        return carried_proof.encode().decode()
    if find_proof_path(path).exists():
        return read_proof_text(str(find_proof_path(path)))
    if is_carrier(content):
        raise MalformedInput(
            f"{path} carries no proof, and there is no {find_proof_path(path).name} beside it"
        )
    return mend_code(content.decode("utf-8", "replace"))


def refuse_other(content: bytes, wanted_kind: str) -> None:
    """Refuse a file that says itself that it is of another kind, such as a snapshot where a proof is wanted.

    What says nothing is let through, for its decoder to judge. Raises: MalformedInput.
    """
    for text_bytes in (content, content.partition(b"\n")[0]):  # of a snapshot, the first line
        try:
            value = decode(text_bytes) if len(text_bytes) <= MAX_TRUST_BYTES else None
        except MalformedInput:
            continue
        type_name = str(value.get("type", "")) if isinstance(value, dict) else ""
        kind = type_name.removeprefix(_TYPE_PREFIX).rpartition("/")[0]
        if type_name.startswith(_TYPE_PREFIX) and kind != wanted_kind and kind in _KIND_ADVICE:
            raise MalformedInput(f"this is {_KIND_ADVICE[kind]}")


def read_decoded(path: Path, kind: str, decode: Callable[[bytes], T]) -> T:
    """Read a file of a kind. Raises: MalformedInput, OSError."""
    content = read(path)
    with naming(path):
        refuse_other(content, kind)
    with naming(path, _KIND_NAMES[kind]):
        return decode(content)


@contextmanager
def naming(source: Path | str, file_words: str = "") -> Iterator[None]:
    """Let what is wrong with the content of a file, or with an option, say which it is. Raises: MalformedInput."""
    try:
        yield
    except MalformedInput as error:
        source_name = str(source)[:SHOWN_CHARS]
        raise MalformedInput(
            f"{source_name} is no {file_words} that can be read: {error}"
            if file_words
            else f"{source_name}: {error}"
        ) from error


def write(path: Path, content: bytes, *, public: bool = False) -> None:
    """Put `content` into a file, which is the old one or the new one, whole, whenever this ends. Raises: OSError.

    A new one is its owner's alone, unless it is `public`.
    """
    replace_file(path, [content], is_public=public)
