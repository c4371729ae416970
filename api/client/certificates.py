"""Which certificate a person means: by identifier, number 编号, document, proof or code.

Numbers and documents are looked for at the issuing city's node, where each look is logged with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anchoring.errors import NotFound
from api import files
from api.rendering.listings import HitJson, describe_hit
from ledger.crypto.suites import Suite, get_suite
from ledger.documents.carriers import detach
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.proof.paper import PREFIX, decode_presented
from ledger.proof.proof import Proof
from ledger.records.identifiers import ROOT, VENDOR_ROOT
from ledger.records.seal_identifiers import PREFIXES
from ledger.words import Language

if TYPE_CHECKING:
    from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

IDENTIFIER: Final = "identifier"
NUMBER: Final = "number"
DOCUMENT: Final = "document"
HOLDER: Final = "holder"
_IDENTIFIER_PREFIXES: Final = (f"{ROOT}.", f"{VENDOR_ROOT}.", *PREFIXES)
#: How a file ends that was meant and is not there: no number of a certificate ends so.
_FILE_SUFFIXES: Final = frozenset(
    {".pdf", ".ofd", ".json", ".xml", ".png", ".jpg", ".jpeg", ".tif", ".txt", ".esl"}
)
_PROOF_TYPE: Final = "shunzheng/proof/"
_CANDIDATE_LANGUAGE: Final[Language] = "zh"
_MAX_QUOTED: Final = 100  # characters of what was given that a message repeats
_MAX_CANDIDATES: Final = 20  # lines of a message; the node lists 200 at most


_REASON_MISSING: Final = (
    "who looks for certificates says why, with --reason: a case, a complaint; it is kept in the log of looks"
)


class UnknownCertificate(NotFound):
    """Nobody registered in this city what was named."""


class AmbiguousCertificate(MalformedInput):
    """Several certificates are what was named, or an earlier version of one: a person has to say which."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a person named a certificate by: `sort` is one of the four above, `text` of a document its digest `suite:hex`."""

    sort: str
    text: str


def read_name(text: str, suite: Suite) -> Name:
    """Return what is named by `text`: an identifier, a number, an `SZ1:` code, the file of a proof or of a document.

    A document's digest is made under `suite`, that of the city's log. Raises: MalformedInput, OSError.
    """
    if text.startswith(PREFIX):
        with files.naming(text, "proof"):
            return _name_proof(decode_presented(text.encode()))
    path = Path(text)
    if _is_file(path):
        return _read_file_name(path, suite)
    if text.startswith(_IDENTIFIER_PREFIXES):
        return Name(IDENTIFIER, text)
    if path.suffix.lower() in _FILE_SUFFIXES:
        raise MalformedInput(f"{text[:_MAX_QUOTED]} is not there: check the name of the file")
    if not any(character.isdigit() for character in text):
        raise MalformedInput(
            f"{text[:_MAX_QUOTED]!r} is no identifier, number 编号, document or code: name one of them"
        )
    return Name(NUMBER, text.strip())


def ask_suite(node: "NodeClient") -> Suite:
    """Return the suite of the log into which a node issues. Raises: NodeError, MalformedInput."""
    for log in node.fetch_logs()["items"]:
        if log["held"]:
            return get_suite(log["suite"])
    raise MalformedInput(f"{node.url} issues nothing: name the node of the issuing city")


def find_certificates(node: "NodeClient", name: Name, reason: str) -> list[HitJson]:
    """Return the certificates of a name; of an identifier of any version the one, if it is registered.

    `reason` is why anything but an identifier is looked for. Raises: NodeError, MalformedInput without a reason.
    """
    if name.sort != IDENTIFIER:
        if not reason:
            raise MalformedInput(_REASON_MISSING)
        return node.find({name.sort: name.text, "reason": reason})
    (lineage,) = node.fetch_lineages([name.text], is_described=True)
    certificate = lineage.get("certificate") if lineage else None
    return [certificate] if certificate else []


def choose_identifier(node: "NodeClient", name: Name, reason: str) -> str:
    """Return the identifier of the one certificate of a name; one that is named so already is returned as it is.

    Raises: UnknownCertificate, AmbiguousCertificate with the candidates, NodeError.
    """
    if name.sort == IDENTIFIER:
        return name.text
    hits = find_certificates(node, name, reason)
    if not hits:
        raise UnknownCertificate(f"no certificate of {describe_name(name)} is registered in this city")
    if len(hits) > 1 or not hits[0]["current"]:
        raise AmbiguousCertificate("\n".join(_list_candidates(name, hits)))
    return hits[0]["identifier"]


def describe_name(name: Name) -> str:
    """Return what was named, as it stands in a sentence."""
    words = {
        IDENTIFIER: "证照标识 identifier",
        NUMBER: "编号 number",
        DOCUMENT: "文件 document",
        HOLDER: "持证主体 holder",
    }
    return f"the {words[name.sort]} {name.text[:_MAX_QUOTED]}"


def _list_candidates(name: Name, hits: Sequence[HitJson]) -> list[str]:
    reason = (
        f"{len(hits)} certificates have {describe_name(name)}"
        if len(hits) > 1
        else f"only an earlier version 旧版本 has {describe_name(name)}"
    )
    lines = [f"{reason}: name the one that is meant by its identifier"]
    lines += [f"  {describe_hit(hit, _CANDIDATE_LANGUAGE)}" for hit in hits[:_MAX_CANDIDATES]]
    if len(hits) > _MAX_CANDIDATES:
        lines.append(f"  … and {len(hits) - _MAX_CANDIDATES} more: `shunzheng find` lists them all")
    return lines


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name of a file, or with a zero byte
        return False


def _read_file_name(path: Path, suite: Suite) -> Name:
    """Return what a file names: the certificate of the proof that it is, carries or lies beside, or itself as a document."""
    content = files.read(path)
    with files.naming(path):
        files.refuse_other(content, "proof")
        restored_document = detach(content)
        if _is_proof(content):
            return _name_proof(decode_presented(content))
    if restored_document.proof is not None:
        return _name_proof(restored_document.proof)
    if files.find_proof_path(path).is_file():
        with files.naming(files.find_proof_path(path), "proof"):
            return _name_proof(decode_presented(files.read(files.find_proof_path(path))))
    return Name(DOCUMENT, suite.format(suite.hash(restored_document.document)))


def _name_proof(proof: Proof) -> Name:
    return Name(IDENTIFIER, proof.record.identifier)


def _is_proof(content: bytes) -> bool:
    if content.lstrip().startswith(PREFIX.encode()):
        return True
    try:
        value = decode(content)
    except MalformedInput:
        return False
    return isinstance(value, dict) and str(value.get("type", "")).startswith(_PROOF_TYPE)
