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

from ledger.documents.markup import MAX_BYTES as MAX_XML_BYTES
from ledger.documents.markup import child, children, parse, text
from ledger.documents.ofd.archive import Archive
from ledger.errors import LimitExceeded, MalformedInput

ROOT: Final = "OFD.xml"
ENCRYPTED: Final = "Encryptions.xml"  # GM/T 0099-2020, C.3: says where the encrypted parts are
MAX_SIGNATURES: Final = 64  # every department of a city under one document
MAX_REFERENCES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Location:
    """Where a location (ST_Loc) leads: the part, None where elsewhere, and whether that is named as it is spelled.

    A reader that tells `a.xml` from `A.xml` does not find a part that is spelled otherwise, and shows none.
    """

    part: str | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A part as a description names it, and its digest."""

    location: Location
    digest: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A signature as the list has it: where it stands, its type (`Seal` or `Sign`), and where its description is.

    `exact`: list and description are named as they are spelled.
    """

    list_part: str
    order: int
    type: str
    part: str | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Description:
    """One `Signature.xml`; `data` is what the signature value covers.

    `exact`: value and seal are named as they are spelled.
    """

    part: str
    data: bytes
    digest_algorithm: str
    references: tuple[Reference, ...]
    date_time: str
    value_part: str | None
    seal_part: str | None
    names_seal: bool
    exact: bool


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
        listed = locate(archive, "", written)
        if listed.part is None or listed.part not in archive or listed.part in lists:
            raise MalformedInput("OFD.xml names a list of signatures that is not there, or twice the same")
        lists.add(listed.part)
        found += _listed(archive, listed.part, exact=listed.exact)
        if len(found) > MAX_SIGNATURES:
            raise LimitExceeded(f"a document has {MAX_SIGNATURES} signatures at most")
    return found


def _listed(archive: Archive, part: str, *, exact: bool) -> list[Listed]:
    entries = children(parse(archive.read(part, MAX_XML_BYTES), "Signatures"), "Signature")
    named = [locate(archive, part, entry.get("BaseLoc", "")) for entry in entries]
    return [
        Listed(part, order, entry.get("Type", "Seal"), at.part, exact and at.exact)
        for order, (entry, at) in enumerate(zip(entries, named, strict=True))
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
    value_at = locate(archive, part, text(_needed(root, "SignedValue")))
    seal_at = locate(archive, part, seal_path) if seal_path else Location(None, exact=True)
    return Description(
        part=part,
        data=data,
        digest_algorithm="" if references is None else references.get("CheckMethod", ""),
        references=tuple(_reference(archive, part, one) for one in named),
        date_time=text(child(info, "SignatureDateTime")),
        value_part=value_at.part,
        seal_part=seal_at.part,
        names_seal=bool(seal_path),
        exact=value_at.exact and seal_at.exact,
    )


def is_encrypted(archive: Archive) -> bool:
    """Tell whether `Encryptions.xml` leads to a map from the parts that are gone to their ciphertexts.

    The map is encrypted itself as a rule, so which parts it names is not asked.
    """
    try:
        made = children(parse(archive.read(ENCRYPTED, MAX_XML_BYTES), "Encryptions"), "EncryptInfo")
        return any(
            locate(archive, ENCRYPTED, text(child(one, "EntriesMapLoc"))).part in archive for one in made
        )
    except MalformedInput:
        return False


def locate(archive: Archive, base: str, written: str) -> Location:
    """Return where a location written in the part `base` leads. The part need not exist.

    A location with a leading slash starts at the root, others at the folder of `base`; writers also leave the
    slash out where they mean the root, hence the second try.
    """
    path = written.strip().replace("\\", "/")
    folders = [""] if path.startswith("/") else [base.rpartition("/")[0], ""]
    names = [_resolved(folder, path.removeprefix("/")) for folder in folders]
    found = [(name, archive.spelled(name)) for name in names if name is not None]
    if not found:
        return Location(None, exact=True)
    name, part = next((one for one in found if one[1] in archive), found[0])
    return Location(part, exact=name == part)


def _resolved(folder: str, path: str) -> str | None:
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
    return "/".join(parts) or None


def _reference(archive: Archive, base: str, element: Element) -> Reference:
    value = "".join(text(_needed(element, "CheckValue")).split())
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise MalformedInput("the digest of a reference is not base64") from error
    return Reference(locate(archive, base, element.get("FileRef", "")), digest)


def _needed(element: Element, name: str) -> Element:
    found = child(element, name)
    if found is None:
        raise MalformedInput(f"the description of a signature lacks {name}")
    return found
