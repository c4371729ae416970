"""Render fictional licences as small documents: text, HTML, PDF and OFD.

They are written by hand, the same bytes each time.
"""

import html
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

from examples.types import list_claims
from ledger.catalogue.types import CertificateType
from ledger.encoding.canonical import Json

NOTICE = "虚构示例，不是证照"

Row = tuple[str, str]
Rendering = Callable[[str, Sequence[Row]], bytes]


def rows(type_: CertificateType, claims: Mapping[str, Json]) -> list[Row]:
    """Return label and value of every claim, in the order of the catalogue."""
    return [
        (field.label.zh, _words(claims[field.name])) for field in list_claims(type_) if field.name in claims
    ]


def _words(value: Json) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def as_text(title: str, rows: Sequence[Row]) -> bytes:
    body = "\n".join(f"{label}：{value}" for label, value in rows)
    return f"{title}（{NOTICE}）\n\n{body}\n".encode()


def as_html(title: str, rows: Sequence[Row]) -> bytes:
    body = "\n".join(
        f"<tr><th scope='row'>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
        for label, value in rows
    )
    return f"""<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>{html.escape(title)}</title>
<h1>{html.escape(title)}</h1>
<p>{NOTICE}</p>
<table>
{body}
</table>
</html>
""".encode()


_FONT = "/BaseFont /STSong-Light"
_GB1 = "<< /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
_WIDTHS = "/W [1 95 500]"  # ASCII is half as wide as the rest
_FONT_MEASURES = (
    "/Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93"
)


def render_pdf(title: str, rows: Sequence[Row]) -> bytes:
    """One A4 page in STSong-Light, a font that PDF readers supply (ISO 32000-1 section 9.7.5)."""
    text = [title, NOTICE, *(f"{label}：{value}" for label, value in rows)]
    shown = "\n".join(f"<{line.encode('utf-16-be').hex().upper()}> Tj T*" for line in text)
    content = f"BT /F1 10 Tf 22 TL 50 780 Td\n{shown}\nET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        f"<< /Type /Font /Subtype /Type0 {_FONT} /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
        f"<< /Type /Font /Subtype /CIDFontType0 {_FONT} /CIDSystemInfo {_GB1} {_WIDTHS} /FontDescriptor 7 0 R >>",
        f"<< /Type /FontDescriptor /FontName /STSong-Light {_FONT_MEASURES} >>",
    )
    file = b"%PDF-1.5\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(file)}\n%%EOF\n"
    return file + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")


_OFD_NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_OFD_AREA = "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"


def render_ofd(title: str, rows: Sequence[Row]) -> bytes:
    """One A4 page without a signature (GB/T 33190-2016); measures in millimetres."""
    text = [title, NOTICE, *(f"{label}：{value}" for label, value in rows)]
    parts = {
        "OFD.xml": f"""<ofd:OFD {_OFD_NAMESPACE} Version="1.0" DocType="OFD"><ofd:DocBody>
<ofd:DocInfo><ofd:DocID>{"0" * 32}</ofd:DocID><ofd:Title>{html.escape(title)}</ofd:Title></ofd:DocInfo>
<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>
</ofd:DocBody></ofd:OFD>""",
        "Doc_0/Document.xml": f"""<ofd:Document {_OFD_NAMESPACE}>
<ofd:CommonData><ofd:MaxUnitID>{len(text) + 3}</ofd:MaxUnitID>{_OFD_AREA}
<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>
<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>
</ofd:Document>""",
        "Doc_0/PublicRes.xml": f"""<ofd:Res {_OFD_NAMESPACE} BaseLoc="Res">
<ofd:Fonts><ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/></ofd:Fonts>
</ofd:Res>""",
        "Doc_0/Pages/Page_0/Content.xml": f"""<ofd:Page {_OFD_NAMESPACE}>{_OFD_AREA}
<ofd:Content><ofd:Layer ID="3">
{"".join(_ofd_line(number, line) for number, line in enumerate(text))}</ofd:Layer></ofd:Content>
</ofd:Page>""",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(
        archive, "w"
    ) as package:  # stored: what deflate writes differs between versions of zlib
        for path, xml in parts.items():
            entry = zipfile.ZipInfo(path, date_time=(2026, 1, 1, 0, 0, 0))
            entry.create_system = 3
            package.writestr(entry, f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n')
    return archive.getvalue()


def _ofd_line(number: int, line: str) -> str:
    x, y, size = 15, 25 + 9 * number, 4
    advances = " ".join(str(size // 2 if character.isascii() else size) for character in line[:-1])
    return (
        f'<ofd:TextObject ID="{number + 4}" Boundary="{x} {y} 190 {size + 2}" Font="2" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX="{advances}">{html.escape(line)}</ofd:TextCode></ofd:TextObject>\n'
    )
