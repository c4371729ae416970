"""Photos and scans of printed codes: turned, scaled, dark, out of focus, cut off."""

import io

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

PAGE_DOTS = (2480, 3508)  # A4 at 300 dpi


def photograph(
    code_picture: bytes,
    *,
    scale: float = 1.0,
    degrees: float = 0.0,
    quality: float = 90,
    light: float = 1.0,
    contrast: float = 1.0,
    blur: float = 0.0,
    shade: float = 0,
    cut: float = 1.0,
) -> bytes:
    """Return a JPEG of a printed page with the code; `cut` is the part of the code's width that is in the picture."""
    with Image.open(io.BytesIO(code_picture)) as opened:
        code = opened.convert("L")
    page = Image.new("L", PAGE_DOTS, "white")
    page.paste(code, (240, 600))
    if cut < 1:
        page = page.crop((0, 0, 240 + int(code.width * cut), page.height))
    if scale != 1:
        page = page.resize((int(page.width * scale), int(page.height * scale)), Image.Resampling.LANCZOS)
    if degrees:
        page = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    if shade:
        page = ImageChops.multiply(
            page, Image.linear_gradient("L").resize(page.size).point(lambda value: 70 + value // 2)
        )
    page = ImageEnhance.Brightness(ImageEnhance.Contrast(page).enhance(contrast)).enhance(light)
    if blur:
        page = page.filter(ImageFilter.GaussianBlur(blur))
    file = io.BytesIO()
    page.save(file, "JPEG", quality=int(quality))
    return file.getvalue()
