"""Where an OFD document shows its seals (GB/T 33190-2016, 18.2.3), and on which pages.

Reading only; what a stamp does to the look of a document is for `ofd.looks`. What cannot be read is None, never a guess.
"""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from ledger.documents.markup import local_name

#: A box (ST_Box): left, top, width and height in millimetres; no writer has an exponent.
_BOX: Final = re.compile(r"\s*" + r"\s+".join([r"([+-]?\d{1,6}(?:\.\d{0,12})?)"] * 4) + r"\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in millimetres, from the left upper corner of the page."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    def overlaps(self, other_box: "Box") -> bool:
        """Tell whether the two have more in common than an edge."""
        return (
            self.left < other_box.left + other_box.width
            and other_box.left < self.left + self.width
            and self.top < other_box.top + other_box.height
            and other_box.top < self.top + self.height
        )

    def lies_within(self, other_box: "Box", tolerance: float) -> bool:
        return (
            self.left >= other_box.left - tolerance
            and self.top >= other_box.top - tolerance
            and self.left + self.width <= other_box.left + other_box.width + tolerance
            and self.top + self.height <= other_box.top + other_box.height + tolerance
        )


@dataclass(frozen=True, slots=True)
class PlacedStamp:
    """One look of a seal: the page by its identifier, the whole picture's place, and what of it is shown.

    Boxes are None where the document does not say it in a form that is read here.
    """

    page_id: str
    box: Box | None
    shown_box: Box | None


def read_stamps(description: Element) -> tuple[PlacedStamp, ...]:
    """Return every stamp in the description of a signature, at whatever depth: lenient readers show them all."""
    return tuple(
        _read_stamp(element) for element in description.iter() if local_name(element) == "StampAnnot"
    )


def parse_box(text: str) -> Box | None:
    """Return the rectangle that is written, None where that is no rectangle."""
    box_match = _BOX.fullmatch(text)
    if box_match is None:
        return None
    box = Box(*map(float, box_match.groups()))
    return box if box.width >= 0 and box.height >= 0 else None


def _read_stamp(element: Element) -> PlacedStamp:
    box = parse_box(element.get("Boundary", ""))
    clip_text = element.get("Clip")
    shown_box = box if clip_text is None or box is None else _clip_box(box, parse_box(clip_text))
    return PlacedStamp(element.get("PageRef", ""), box, shown_box)


def _clip_box(box: Box, clip_box: Box | None) -> Box | None:
    """Return what a clip leaves of a stamp; its corner is counted from that of the stamp."""
    if clip_box is None:
        return None
    left, top = max(clip_box.left, 0.0), max(clip_box.top, 0.0)
    width = min(clip_box.left + clip_box.width, box.width) - left
    height = min(clip_box.top + clip_box.height, box.height) - top
    return Box(box.left + left, box.top + top, max(width, 0.0), max(height, 0.0))
