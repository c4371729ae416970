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

    `is_exact`: list and description are named as they are spelled. `shows_content`: the list has content of a document
    in it. `document_part`: the document of that body, with the pages.
    """

    document_part: str | None
    list_part: str
    list_index: int
    type: str
    part: str | None
    is_exact: bool
    shows_content: bool


@dataclass(frozen=True, slots=True)
class Description:
    """One `Signature.xml`; `data` is what the signature value covers, `stamps` is where it is shown.

    `is_exact`: value and seal are named as they are spelled. `shows_content`: there is content of a document in it.
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
    shows_content: bool
    stamps: tuple[PlacedStamp, ...]


def list_signatures(archive: Archive) -> list[ListedSignature]:
    """Return the signatures of all document bodies in order. Raises: MalformedInput, LimitExceeded."""
    if ROOT_PART not in archive and ENCRYPTIONS_PART in archive:
        raise MalformedInput("the document is encrypted (GM/T 0099)")
    signatures: list[ListedSignature] = []
    list_parts: set[str] = set()
    for body_element in find_children(archive.read_xml(ROOT_PART, "OFD"), "DocBody"):
        list_path = read_text(find_child(body_element, "Signatures"))
        if not list_path:
            continue
        list_location = locate(archive, "", list_path)
        if (
            list_location.part is None
            or list_location.part not in archive
            or list_location.part in list_parts
        ):
            raise MalformedInput("OFD.xml names a list of signatures that is not there, or twice the same")
        list_parts.add(list_location.part)
        root_location = locate(archive, "", read_text(find_child(body_element, "DocRoot")))
        signatures += _read_list(archive, list_location, list_location.part, root_location.part)
        if len(signatures) > MAX_SIGNATURES:
            raise LimitExceeded(f"a document has {MAX_SIGNATURES} signatures at most")
    return signatures


def _read_list(
    archive: Archive, list_location: Location, list_part: str, document_part: str | None
) -> list[ListedSignature]:
    list_element = archive.read_xml(list_part, "Signatures")
    elements, shows_content = find_children(list_element, "Signature"), _shows_content(list_element)
    description_locations = [locate(archive, list_part, element.get("BaseLoc", "")) for element in elements]
    return [
        ListedSignature(
            document_part,
            list_part,
            list_index,
            element.get("Type", "Seal"),
            description_location.part,
            list_location.is_exact and description_location.is_exact,
            shows_content,
        )
        for list_index, (element, description_location) in enumerate(
            zip(elements, description_locations, strict=True)
        )
    ]


def describe(archive: Archive, part: str) -> Description:
    """Read the description of a signature. Raises: MalformedInput, LimitExceeded."""
    data = archive.read(part, MAX_XML_BYTES)
    description_element = archive.parse(data, "Signature")
    info_element = _require_child(description_element, "SignedInfo")
    references_element = find_child(info_element, "References")
    elements = [] if references_element is None else find_children(references_element, "Reference")
    if len(elements) > MAX_REFERENCES:
        raise LimitExceeded(f"a signature covers {MAX_REFERENCES} parts at most")
    seal_element = find_child(info_element, "Seal")
    seal_path = read_text(find_child(seal_element, "BaseLoc")) if seal_element is not None else ""
    value_location = locate(archive, part, read_text(_require_child(description_element, "SignedValue")))
    seal_location = locate(archive, part, seal_path) if seal_path else Location(None, is_exact=True)
    return Description(
        part=part,
        data=data,
        digest_algorithm="" if references_element is None else references_element.get("CheckMethod", ""),
        references=tuple(_read_reference(archive, part, element) for element in elements),
        date_time=read_text(find_child(info_element, "SignatureDateTime")),
        value_part=value_location.part,
        seal_part=seal_location.part,
        names_seal=bool(seal_path),
        is_exact=value_location.is_exact and seal_location.is_exact,
        shows_content=_shows_content(description_element),
        stamps=read_stamps(description_element),
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


def _shows_content(root_element: Element) -> bool:
    return any(local_name(element) in CONTENT_ELEMENTS for element in root_element.iter())


def locate(archive: Archive, base_part: str, written_path: str) -> Location:
    """Return where a location written in the part `base_part` leads. The part need not exist.

    A location with a leading slash starts at the root, others at the folder of `base_part`; writers also leave the
    slash out where they mean the root, hence the second try.
    """
    path = written_path.strip().replace("\\", "/")
    folders = [""] if path.startswith("/") else [base_part.rpartition("/")[0], ""]
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


def _read_reference(archive: Archive, base_part: str, element: Element) -> Reference:
    digest_text = "".join(read_text(_require_child(element, "CheckValue")).split())
    try:
        digest = base64.b64decode(digest_text, validate=True)
    except binascii.Error as error:
        raise MalformedInput("the digest of a reference is not base64") from error
    return Reference(locate(archive, base_part, element.get("FileRef", "")), digest)


def _require_child(element: Element, name: str) -> Element:
    child = find_child(element, name)
    if child is None:
        raise MalformedInput(f"the description of a signature lacks {name}")
    return child
