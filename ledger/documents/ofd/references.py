"""The signatures that an OFD document lists (GB/T 33190-2016, section 18), as written there.

`OFD.xml` names a list of signatures for each document body, the list a description (`Signature.xml`) for each
signature, the description the protected parts with their digests, the signature value and the seal. Reading
only; `ofd.signatures` verifies.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from ledger.documents.markup import MAX_BYTES as MAX_XML_BYTES
from ledger.documents.markup import find_child, find_children, local_name, parse_until, read_text
from ledger.documents.ofd.archive import Archive
from ledger.documents.ofd.stamps import PlacedStamp, read_stamps
from ledger.errors import LimitExceeded, MalformedInput

ROOT_PART: Final = "OFD.xml"
#: Says where the encrypted parts are (GM/T 0099-2020, C.3).
ENCRYPTIONS_PART: Final = "Encryptions.xml"
#: Every department of a city under one document.
MAX_SIGNATURES: Final = 64
MAX_REFERENCES: Final = 10_000
#: Elements of what is shown, by which a lenient reader may take a file of the signing for a page or an annotation.
CONTENT_ELEMENTS: Final = frozenset(
    [
        *("Page", "PageAnnot", "Annot", "FileLoc", "Appearance", "TemplatePage", "Layer", "PageBlock"),
        *("TextObject", "PathObject", "ImageObject", "CompositeObject"),
    ]
)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a location (ST_Loc) leads: the part, None where elsewhere, and whether that is named as it is spelled.

    A reader that tells `a.xml` from `A.xml` does not find a part that is spelled otherwise, and shows none.
    """

    part: str | None
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A part as a description names it, and its digest."""

    location: Location
    digest: bytes


@dataclass(frozen=True, slots=True)
class ListedSignature:
    """A signature as the list has it: where it stands, its type (`Seal` or `Sign`), and where its description is.

    `is_exact`: list and description are named as they are spelled. `shows`: the list has content of a document in it.
    `document_part`: the document of that body, with the pages.
    """

    document_part: str | None
    list_part: str
    order: int
    type: str
    part: str | None
    is_exact: bool
    shows: bool


@dataclass(frozen=True, slots=True)
class Description:
    """One `Signature.xml`; `data` is what the signature value covers, `stamps` is where it is shown.

    `is_exact`: value and seal are named as they are spelled. `shows`: there is content of a document in it.
    """

    part: str
    data: bytes
    digest_algorithm: str
    references: tuple[Reference, ...]
    date_time: str
    value_part: str | None
    seal_part: str | None
    names_seal: bool
    is_exact: bool
    shows: bool
    stamps: tuple[PlacedStamp, ...]


def list_signatures(archive: Archive) -> list[ListedSignature]:
    """Return the signatures of all document bodies in order. Raises: MalformedInput, LimitExceeded."""
    if ROOT_PART not in archive and ENCRYPTIONS_PART in archive:
        raise MalformedInput("the document is encrypted (GM/T 0099)")
    signatures: list[ListedSignature] = []
    list_parts: set[str] = set()
    for body in find_children(archive.read_xml(ROOT_PART, "OFD"), "DocBody"):
        list_path = read_text(find_child(body, "Signatures"))
        if not list_path:
            continue
        location = locate(archive, "", list_path)
        if location.part is None or location.part not in archive or location.part in list_parts:
            raise MalformedInput("OFD.xml names a list of signatures that is not there, or twice the same")
        list_parts.add(location.part)
        root = locate(archive, "", read_text(find_child(body, "DocRoot")))
        signatures += _read_list(archive, location, location.part, root.part)
        if len(signatures) > MAX_SIGNATURES:
            raise LimitExceeded(f"a document has {MAX_SIGNATURES} signatures at most")
    return signatures


def _read_list(
    archive: Archive, location: Location, part: str, document: str | None
) -> list[ListedSignature]:
    root = archive.read_xml(part, "Signatures")
    elements, shows_content = find_children(root, "Signature"), _shows_content(root)
    locations = [locate(archive, part, element.get("BaseLoc", "")) for element in elements]
    return [
        ListedSignature(
            document,
            part,
            order,
            element.get("Type", "Seal"),
            location_of_description.part,
            location.is_exact and location_of_description.is_exact,
            shows_content,
        )
        for order, (element, location_of_description) in enumerate(zip(elements, locations, strict=True))
    ]


def describe(archive: Archive, part: str) -> Description:
    """Read the description of a signature. Raises: MalformedInput, LimitExceeded."""
    data = archive.read(part, MAX_XML_BYTES)
    root = archive.parse(data, "Signature")
    info = _require_child(root, "SignedInfo")
    references = find_child(info, "References")
    elements = [] if references is None else find_children(references, "Reference")
    if len(elements) > MAX_REFERENCES:
        raise LimitExceeded(f"a signature covers {MAX_REFERENCES} parts at most")
    seal = find_child(info, "Seal")
    seal_path = read_text(find_child(seal, "BaseLoc")) if seal is not None else ""
    value = locate(archive, part, read_text(_require_child(root, "SignedValue")))
    seal_location = locate(archive, part, seal_path) if seal_path else Location(None, is_exact=True)
    return Description(
        part=part,
        data=data,
        digest_algorithm="" if references is None else references.get("CheckMethod", ""),
        references=tuple(_read_reference(archive, part, element) for element in elements),
        date_time=read_text(find_child(info, "SignatureDateTime")),
        value_part=value.part,
        seal_part=seal_location.part,
        names_seal=bool(seal_path),
        is_exact=value.is_exact and seal_location.is_exact,
        shows=_shows_content(root),
        stamps=read_stamps(root),
    )


def is_description(archive: Archive, part: str) -> bool:
    """Tell whether a part reads as the description of a signature."""
    try:
        return parse_until(archive.read(part, MAX_XML_BYTES), "Signature", "SignedInfo") is not None
    except MalformedInput:
        return False


def is_encrypted(archive: Archive) -> bool:
    """Tell whether `Encryptions.xml` leads to a map from the parts that are gone to their ciphertexts.

    The map is encrypted itself as a rule, so which parts it names is not asked.
    """
    try:
        encryptions = find_children(archive.read_xml(ENCRYPTIONS_PART, "Encryptions"), "EncryptInfo")
        map_paths = (read_text(find_child(encryption, "EntriesMapLoc")) for encryption in encryptions)
        return any(locate(archive, ENCRYPTIONS_PART, map_path).part in archive for map_path in map_paths)
    except MalformedInput:
        return False


def _shows_content(root: Element) -> bool:
    return any(local_name(element) in CONTENT_ELEMENTS for element in root.iter())


def locate(archive: Archive, base: str, written_path: str) -> Location:
    """Return where a location written in the part `base` leads. The part need not exist.

    A location with a leading slash starts at the root, others at the folder of `base`; writers also leave the
    slash out where they mean the root, hence the second try.
    """
    path = written_path.strip().replace("\\", "/")
    folders = [""] if path.startswith("/") else [base.rpartition("/")[0], ""]
    names = [_resolve_path(folder, path.removeprefix("/")) for folder in folders]
    candidates = [(name, archive.find_spelling(name)) for name in names if name is not None]
    if not candidates:
        return Location(None, is_exact=True)
    present_candidates = (candidate for candidate in candidates if candidate[1] in archive)
    name, part = next(present_candidates, candidates[0])
    return Location(part, is_exact=name == part)


def _resolve_path(folder: str, path: str) -> str | None:
    names = folder.split("/") if folder else []
    for step in path.split("/"):
        if step == "..":
            if not names:
                return None
            names.pop()
        elif step == "" or ":" in step or "\0" in step:
            return None
        elif step != ".":
            names.append(step)
    return "/".join(names) or None


def _read_reference(archive: Archive, base: str, element: Element) -> Reference:
    value = "".join(read_text(_require_child(element, "CheckValue")).split())
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise MalformedInput("the digest of a reference is not base64") from error
    return Reference(locate(archive, base, element.get("FileRef", "")), digest)


def _require_child(element: Element, name: str) -> Element:
    child = find_child(element, name)
    if child is None:
        raise MalformedInput(f"the description of a signature lacks {name}")
    return child
