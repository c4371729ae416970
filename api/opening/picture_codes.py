"""Read the QR and other codes in a picture that somebody photographed or scanned.

For a child process with limits: what decodes pictures has had its faults. Nothing of a picture is kept.
"""

import io
from collections.abc import Iterator
from typing import Final

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from api.opening.pictures import PictureReading

#: Pixels of a picture when it is in memory, a byte or four each: an A4 page of 600 dpi has 35 million.
MAX_PIXELS: Final = 40_000_000
#: Of a side: what reads codes takes no longer ones.
MAX_SIDE_PIXELS: Final = 65_535
#: Beyond, a picture is made smaller before codes are looked for: the modules of a page of 300 dpi stay six pixels wide.
_SEARCHED_PIXELS: Final = 16_000_000
#: Up to here, a picture in which nothing was found is looked at once more, twice as large.
_ENLARGED_PIXELS: Final = 4_000_000
_MAX_CODES: Final = 16  # of one picture
_MAX_CODE_CHARS: Final = 8_192  # of one code: a QR code has 7,089 digits
_FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")

# The bound above comes before any pixel is decoded; the library's own would refuse what cameras make.
Image.MAX_IMAGE_PIXELS = None
Image.init()  # loads what decodes each format once, before children are made


def read_codes(content: bytes) -> PictureReading:
    """Return the texts of the codes in a picture. Never raises on bad files."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _shrink_while_decoding(picture)
            if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE_PIXELS:
                return PictureReading(problem="too_large")
            grey_picture = _make_grey(picture)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 -- what decodes pictures raises anything; the picture is then unreadable
        return PictureReading(problem="unreadable")
    for version in _list_versions(grey_picture):
        texts = [barcode.text for barcode in zxingcpp.read_barcodes(version) if barcode.valid]
        if texts:
            unique_texts = dict.fromkeys(text[:_MAX_CODE_CHARS] for text in texts[:_MAX_CODES])
            return PictureReading(tuple(text.encode("utf-8", "replace").decode() for text in unique_texts))
    return PictureReading()


def _shrink_while_decoding(picture: Image.Image) -> None:
    """Let a JPEG be decoded grey, and at half its size or less where it is too large: cameras make 200 million pixels."""
    width, height = picture.size
    while width * height > MAX_PIXELS:
        width, height = width // 2, height // 2
    picture.draft("L", (width, height))


def _make_grey(picture: Image.Image) -> Image.Image:
    """Return the first page in shades of grey, what is transparent being white paper; made smaller where it is large."""
    if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info:
        layered_picture = picture if picture.mode in ("LA", "RGBA") else picture.convert("RGBA")
        grey_picture = Image.new("L", picture.size, "white")
        grey_picture.paste(layered_picture.convert("L"), mask=layered_picture.getchannel("A"))
    else:
        grey_picture = picture.convert("L")
    while grey_picture.width * grey_picture.height > _SEARCHED_PIXELS:
        grey_picture = grey_picture.reduce(2)
    return grey_picture


def _list_versions(grey_picture: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture as it is, then with what helps a poor one: contrast, size, sharpness."""
    yield grey_picture
    contrasted_picture = ImageOps.autocontrast(grey_picture, cutoff=1)
    yield contrasted_picture
    if grey_picture.width * grey_picture.height <= _ENLARGED_PIXELS:
        contrasted_picture = contrasted_picture.resize(
            (2 * grey_picture.width, 2 * grey_picture.height), Image.Resampling.BICUBIC
        )
    yield contrasted_picture.filter(ImageFilter.UnsharpMask(radius=3, percent=200))
