"""Lay the code of a proof out on one A4 page, with what it is of and how it is checked.

What stands beside the code is there for people; whoever checks reads the code and compares what the node shows.
"""

import html
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import segno

from api.paper.codes import QUIET_MODULES, make_code, measure_side, write_png
from api.rendering.banner import list_stated_particulars
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof

_PAGE_WIDTH_MM: Final = 210.0  # A4
_PAGE_HEIGHT_MM: Final = 297.0
_MARGIN_MM: Final = 20.0
_POINTS_A_MM: Final = 72 / 25.4
_TITLE_MM, _TEXT_MM = 6.0, 4.0  # heights of letters
_LINE_FACTOR: Final = 1.7  # of the height of letters, from one line to the next
_WRAP_CHARS: Final = 34  # wide characters of a line of text between the margins
#: A font of Chinese letters that readers of PDF supply themselves (ISO 32000-1, section 9.7.5.2).
_PDF_FONT: Final = "STSong-Light"
_SVG_FONTS: Final = "'Noto Serif CJK SC','Source Han Serif SC',SimSun,STSong,serif"

FORMATS: Final = ("pdf", "svg", "png")
MEDIA_TYPES: Final = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class _TextLine:
    """A line of text: where it begins, from the upper left corner in millimetres, and the height of its letters."""

    text: str
    top_mm: float
    letter_mm: float


@dataclass(frozen=True, slots=True)
class _Layout:
    """The page: its lines, and the code with its upper edge and its side in millimetres."""

    lines: tuple[_TextLine, ...]
    code: segno.QRCode
    code_top_mm: float
    side_mm: float


def write_paper(proof: Proof, format_name: str) -> bytes:
    """Return the code of a proof as a file of one of `FORMATS`. Raises: LimitExceeded, MalformedInput for another format."""
    code = make_code(proof)
    match format_name:
        case "png":
            return write_png(code)
        case "svg":
            return _write_svg(_lay_out(proof, code))
        case "pdf":
            return _write_pdf(_lay_out(proof, code))
        case _:
            raise MalformedInput(
                f"a code is written as {', '.join(FORMATS)}: give the file one of these endings"
            )


def _lay_out(proof: Proof, code: segno.QRCode) -> _Layout:
    side_mm = measure_side(code)
    type_name, *other_particulars = list_stated_particulars(proof, "zh")
    lines, top_mm = [_TextLine(type_name, _MARGIN_MM + _TITLE_MM, _TITLE_MM)], _MARGIN_MM + 2 * _TITLE_MM
    for text in (*other_particulars, proof.record.identifier):
        for line_text in _wrap(make_visible(text, MAX_NAME_CHARS)):
            top_mm += _LINE_FACTOR * _TEXT_MM
            lines.append(_TextLine(line_text, top_mm, _TEXT_MM))
    code_top_mm = top_mm + _TEXT_MM
    top_mm = code_top_mm + side_mm
    for text in choose_words("zh")["paper_note"].format(f"{side_mm:.0f}").split("\n"):
        top_mm += _LINE_FACTOR * _TEXT_MM
        lines.append(_TextLine(text, top_mm, _TEXT_MM))
    return _Layout(tuple(lines), code, code_top_mm, side_mm)


def _wrap(text: str) -> Iterator[str]:
    """Yield the lines of a text that may be longer than the page is wide; letters of ASCII are half as wide."""
    line_text, half_widths = "", 0
    for character in text:
        half_widths += 1 if character.isascii() else 2
        if half_widths > 2 * _WRAP_CHARS:
            yield line_text
            line_text, half_widths = "", 1 if character.isascii() else 2
        line_text += character
    yield line_text


def _write_svg(layout: _Layout) -> bytes:
    text_elements = "".join(
        f'<text x="{_MARGIN_MM}" y="{line.top_mm:.2f}" font-size="{line.letter_mm}">{html.escape(line.text)}</text>\n'
        for line in layout.lines
    )
    code_element = layout.code.svg_inline(
        scale=1, border=QUIET_MODULES, omitsize=True, svgclass=None, lineclass=None
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{_PAGE_WIDTH_MM}mm" height="{_PAGE_HEIGHT_MM}mm"
 viewBox="0 0 {_PAGE_WIDTH_MM} {_PAGE_HEIGHT_MM}" font-family="{_SVG_FONTS}">
<rect width="100%" height="100%" fill="#fff"/>
{text_elements}<svg x="{_MARGIN_MM}" y="{layout.code_top_mm:.2f}" width="{layout.side_mm:.2f}" height="{layout.side_mm:.2f}">
{code_element}
</svg>
</svg>
""".encode()


def _write_pdf(layout: _Layout) -> bytes:
    # They take a third of a second to load, and only this needs them.
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(_PDF_FONT))
    file = io.BytesIO()
    page_size = (_PAGE_WIDTH_MM * _POINTS_A_MM, _PAGE_HEIGHT_MM * _POINTS_A_MM)
    canvas = Canvas(file, pagesize=page_size, pageCompression=1, invariant=1)
    canvas.setTitle(layout.lines[0].text)
    for line in layout.lines:
        canvas.setFont(_PDF_FONT, line.letter_mm * _POINTS_A_MM)
        canvas.drawString(
            _MARGIN_MM * _POINTS_A_MM, (_PAGE_HEIGHT_MM - line.top_mm) * _POINTS_A_MM, line.text
        )
    side = layout.side_mm * _POINTS_A_MM
    bottom = (_PAGE_HEIGHT_MM - layout.code_top_mm - layout.side_mm) * _POINTS_A_MM
    canvas.drawImage(
        ImageReader(io.BytesIO(write_png(layout.code))), _MARGIN_MM * _POINTS_A_MM, bottom, side, side
    )
    canvas.save()
    return file.getvalue()
