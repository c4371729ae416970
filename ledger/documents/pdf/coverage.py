"""What a signature of a PDF covers: the bytes of its ByteRange (ISO 32000-2, 12.8.1), its own value alone in the gap."""

from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from ledger.errors import MalformedInput


def coverage(data: bytes, signature: EmbeddedPdfSignature) -> SignatureCoverageLevel:
    """Return what a signature covers: unclear where it leaves out anything but its own value in hexadecimal digits.

    pyHanko compares lengths alone, and a gap can hold objects that replace those signed. Raises: MalformedInput for
    ranges that are not of this file.
    """
    ranges = _ranges(data, signature)  # before pyHanko reads them
    if len(ranges) != 2:
        return SignatureCoverageLevel.UNCLEAR
    (_, end), (again, _) = ranges
    if data[end:again].lower() != b"<" + signature.pkcs7_content.hex().encode() + b">":
        return SignatureCoverageLevel.UNCLEAR
    return signature.evaluate_signature_coverage()


def signed_bytes(data: bytes, signature: EmbeddedPdfSignature) -> bytes:
    """Return the bytes of the ranges. Raises: MalformedInput as above."""
    return b"".join(data[start:end] for start, end in _ranges(data, signature))


def _ranges(data: bytes, signature: EmbeddedPdfSignature) -> list[tuple[int, int]]:
    """Return start and end of what is signed."""
    numbers = [int(number) for number in signature.byte_range]
    starts, lengths = numbers[::2], numbers[1::2]
    ranges = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    if sum(lengths) > len(data) or not all(0 <= start <= end <= len(data) for start, end in ranges):
        raise MalformedInput("the byte range is not one of this file")
    return ranges
