"""Where an OFD document (GB/T 33190-2016, section 18) keeps its signatures, and what each says that it protects.

`OFD.xml` names a list of signatures for each document body, the list a description (`Signature.xml`) for each
signature, the description the protected parts with their digests, the signature value and the seal. Reading
only; `ofd_signatures` verifies.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from ledger.documents.archive import Archive
from ledger.documents.markup import MAX_BYTES as MAX_XML_BYTES
from ledger.documents.markup import child, children, parse, text
from ledger.errors import LimitExceeded, MalformedInput

ROOT: Final = "OFD.xml"
ENCRYPTED: Final = "Encryptions.xml"  # GM/T 0099-2020, C.3: says where the encrypted parts are
MAX_SIGNATURES: Final = 64  # every department of a city under one document
MAX_REFERENCES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A part as a description names it, its name in the archive (None where it leads elsewhere), and its digest."""

    written: str
    part: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A signature as the list has it: where it stands, its type (`Seal` or `Sign`), and where its description is."""

    list_part: str
    order: int
    identifier: str
    type: str
    written: str
    part: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """One `Signature.xml`; `data` is what the signature value covers."""

    part: str
    data: bytes
    digest_algorithm: str
    references: tuple[Reference, ...]
    date_time: str
    value_part: str | None
    seal_part: str | None
    names_seal: bool


def listed_signatures(archive: Archive) -> list[Listed]:
    """Return the signatures of all document bodies in order. Raises: MalformedInput, LimitExceeded."""
    if ROOT not in archive and ENCRYPTED in archive:
        raise MalformedInput("the document is encrypted (GM/T 0099)")
    found: list[Listed] = []
    lists: set[str] = set()
    for body in children(parse(archive.read(ROOT, MAX_XML_BYTES), "OFD"), "DocBody"):
        written = text(child(body, "Signatures"))
        if not written:
            continue
        part = locate(archive, "", written)
        if part is None or part not in archive or part in lists:
            raise MalformedInput("OFD.xml names a list of signatures that is not there, or twice the same")
        lists.add(part)
        found += _listed(archive, part)
        if len(found) > MAX_SIGNATURES:
            raise LimitExceeded(f"a document has {MAX_SIGNATURES} signatures at most")
    return found


def _listed(archive: Archive, part: str) -> list[Listed]:
    entries = children(parse(archive.read(part, MAX_XML_BYTES), "Signatures"), "Signature")
    return [
        Listed(
            part,
            order,
            entry.get("ID", ""),
            entry.get("Type", "Seal"),
            entry.get("BaseLoc", ""),
            locate(archive, part, entry.get("BaseLoc", "")),
        )
        for order, entry in enumerate(entries)
    ]


def describe(archive: Archive, part: str) -> Description:
    """Read the description of a signature. Raises: MalformedInput, LimitExceeded."""
    data = archive.read(part, MAX_XML_BYTES)
    root = parse(data, "Signature")
    info = _needed(root, "SignedInfo")
    references = child(info, "References")
    named = [] if references is None else children(references, "Reference")
    if len(named) > MAX_REFERENCES:
        raise LimitExceeded(f"a signature covers {MAX_REFERENCES} parts at most")
    seal = child(info, "Seal")
    seal_path = text(child(seal, "BaseLoc")) if seal is not None else ""
    return Description(
        part=part,
        data=data,
        digest_algorithm="" if references is None else references.get("CheckMethod", ""),
        references=tuple(_reference(archive, part, one) for one in named),
        date_time=text(child(info, "SignatureDateTime")),
        value_part=locate(archive, part, text(_needed(root, "SignedValue"))),
        seal_part=locate(archive, part, seal_path) if seal_path else None,
        names_seal=bool(seal_path),
    )


def locate(archive: Archive, base: str, written: str) -> str | None:
    """Return the part that a location (ST_Loc) written in the part `base` names; None where it leads elsewhere.

    A location with a leading slash starts at the root, others at the folder of `base`; writers also leave the
    slash out where they mean the root, hence the second try. The part need not exist.
    """
    path = written.strip().replace("\\", "/")
    if path.startswith("/"):
        return _resolved(archive, "", path[1:])
    beside = _resolved(archive, base.rpartition("/")[0], path)
    from_root = _resolved(archive, "", path)
    return from_root if beside not in archive and from_root in archive else beside


def _resolved(archive: Archive, folder: str, path: str) -> str | None:
    parts = folder.split("/") if folder else []
    for step in path.split("/"):
        if step == "..":
            if not parts:
                return None
            parts.pop()
        elif step == "" or ":" in step or "\0" in step:
            return None
        elif step != ".":
            parts.append(step)
    return archive.spelled("/".join(parts)) or None


def _reference(archive: Archive, base: str, element: Element) -> Reference:
    written = element.get("FileRef", "")
    value = "".join(text(_needed(element, "CheckValue")).split())
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise MalformedInput("the digest of a reference is not base64") from error
    return Reference(written[:400], locate(archive, base, written), digest)


def _needed(element: Element, name: str) -> Element:
    found = child(element, name)
    if found is None:
        raise MalformedInput(f"the description of a signature lacks {name}")
    return found
