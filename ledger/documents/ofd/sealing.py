"""Seal and sign an OFD document: the signature's files are added, all else stays as it was.

The list of signatures is left unprotected, so that others can sign later; the parts of earlier signatures are
protected. The archive is written anew, uncompressed and without dates: the same input gives the same bytes.
"""

import base64
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.crypto.suites import SM3
from ledger.documents.asn1.algorithms import SM2_WITH_SM3, SM3_OID
from ledger.documents.certificates.issuing import Holder
from ledger.documents.ofd.archive import Archive, open_archive, write_archive
from ledger.documents.ofd.references import ROOT_PART, list_signatures
from ledger.documents.seals.making import sign_data, use_seal
from ledger.encoding import times
from ledger.errors import MalformedInput

LIST_PART: Final = "Doc_0/Signs/Signatures.xml"
NAMESPACE: Final = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BODY_END: Final = re.compile(rb"</(?:(\w+):)?DocBody\s*>")
_LIST_END: Final = re.compile(rb"</(?:\w+:)?Signatures\s*>")
_MAX_SIGN_ID: Final = re.compile(rb"(<(?:\w+:)?MaxSignId>)[^<]*(<)")
#: Makes the value of a signature from its description and the path of that.
_MakeValue = Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where the seal is shown: the page by its identifier in the document, and left, top, width, height in mm."""

    page_id: str
    left_mm: int
    top_mm: int
    width_mm: int
    height_mm: int


def apply_seal(
    document: bytes, seal: bytes, signer: Holder, signed_at: int, stamps: Sequence[Stamp] = ()
) -> bytes:
    """Return the document with the seal applied, as of `signed_at` (seconds since 1970). Raises: MalformedInput."""
    return _add_signature(
        document,
        "Seal",
        signed_at,
        lambda data, path: use_seal(seal, signer, data, path, signed_at),
        seal,
        stamps,
    )


def sign_document(document: bytes, signer: Holder, signed_at: int) -> bytes:
    """Return the document with a signature of a person (GB/T 35275) added. Raises: MalformedInput."""
    return _add_signature(document, "Sign", signed_at, lambda data, path: sign_data(signer, data), None, ())


def _add_signature(
    document: bytes,
    signature_type: str,
    signed_at: int,
    make_value: _MakeValue,
    seal: bytes | None,
    stamps: Sequence[Stamp],
) -> bytes:
    archive = open_archive(document)
    parts = {name: archive.read(name) for name in archive.names}
    signature_number = _list_signature(archive, parts, signature_type)
    folder = f"Doc_0/Signs/Sign_{signature_number}"
    if any(name.startswith(folder + "/") for name in parts):
        raise MalformedInput(f"the document has a folder {folder} that belongs to no signature")
    if seal is not None:
        parts[f"{folder}/Seal.esl"] = seal
    description = _write_description(folder, parts, signed_at, seal is not None, stamps)
    parts[f"{folder}/Signature.xml"] = description
    parts[f"{folder}/SignedValue.dat"] = make_value(description, f"/{folder}/Signature.xml")
    return write_archive(parts, archive.comment)


def _list_signature(archive: Archive, parts: dict[str, bytes], signature_type: str) -> int:
    """Put the new signature into the list, which is made where there is none, and return its number."""
    listed_signatures = list_signatures(archive)
    if listed_signatures and any(signature.list_part != LIST_PART for signature in listed_signatures):
        raise MalformedInput(f"the document keeps its signatures elsewhere than in {LIST_PART}")
    if LIST_PART not in parts:
        parts[LIST_PART] = (
            f"{_DECLARATION}<ofd:Signatures {NAMESPACE}><ofd:MaxSignId>0</ofd:MaxSignId></ofd:Signatures>\n".encode()
        )
        parts[ROOT_PART] = _insert_before(
            _BODY_END, parts[ROOT_PART], f"<ofd:Signatures {NAMESPACE}>/{LIST_PART}</ofd:Signatures>"
        )
    signature_number = len(listed_signatures) + 1
    location = f"/Doc_0/Signs/Sign_{signature_number}/Signature.xml"
    list_element = (
        f'<ofd:Signature {NAMESPACE} ID="{signature_number}" Type="{signature_type}" BaseLoc="{location}"/>'
    )
    parts[LIST_PART] = _MAX_SIGN_ID.sub(
        rb"\g<1>%d\2" % signature_number, _insert_before(_LIST_END, parts[LIST_PART], list_element)
    )
    return signature_number


def _insert_before(end_tag: re.Pattern[bytes], data: bytes, element: str) -> bytes:
    """Return the XML with an element put in front of the one end tag: nothing else in it changes."""
    end_positions = [match.start() for match in end_tag.finditer(data)]
    if len(end_positions) != 1:
        raise MalformedInput("only documents of one body can be signed here")
    return data[: end_positions[0]] + element.encode() + data[end_positions[0] :]


def _write_description(
    folder: str, parts: dict[str, bytes], signed_at: int, has_seal: bool, stamps: Sequence[Stamp]
) -> bytes:
    references_xml = "".join(
        f'<ofd:Reference FileRef="/{html.escape(name)}">'
        f"<ofd:CheckValue>{base64.b64encode(SM3.hash(data)).decode()}</ofd:CheckValue></ofd:Reference>"
        for name, data in sorted(parts.items())
        if name != LIST_PART
    )
    annotations_xml = "".join(
        f'<ofd:StampAnnot ID="{number}" PageRef="{html.escape(stamp.page_id)}"'
        f' Boundary="{stamp.left_mm} {stamp.top_mm} {stamp.width_mm} {stamp.height_mm}"/>'
        for number, stamp in enumerate(stamps, 1)
    )
    seal_xml = f"<ofd:Seal><ofd:BaseLoc>/{folder}/Seal.esl</ofd:BaseLoc></ofd:Seal>" if has_seal else ""
    return (
        f"{_DECLARATION}<ofd:Signature {NAMESPACE}><ofd:SignedInfo>"
        '<ofd:Provider ProviderName="shunzheng" Company="shunzheng"/>'
        f"<ofd:SignatureMethod>{SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{times.format_time(signed_at)}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{SM3_OID}">{references_xml}</ofd:References>'
        f"{annotations_xml}{seal_xml}</ofd:SignedInfo>"
        f"<ofd:SignedValue>/{folder}/SignedValue.dat</ofd:SignedValue></ofd:Signature>\n"
    ).encode()
