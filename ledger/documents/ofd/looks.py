"""What later signers made visible in an OFD document with their stamps.

A stamp that a signature does not cover was put there later, wherever the list names it: the list is nobody's. It leaves
the earlier signature's word as it is where it is what a seal beside a seal looks like:

 1. it shows a seal, and is no larger than the maker's picture of that
 2. it lies on its page
 3. it overlaps no stamp that the earlier signature made or covers
 4. all that was added to the page covers no more than a part of it: many small seals hide as much as a large one

Everything else shows what the earlier signer did not see: `look_added`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.documents.ofd.archive import Archive
from ledger.documents.ofd.pages import PageSizes
from ledger.documents.ofd.references import Description, ListedSignature
from ledger.documents.ofd.stamps import Box, PlacedStamp
from ledger.documents.seals.ses import Picture
from ledger.errors import LimitExceeded

#: Of all signatures together: two seals across the edges of 2,500 pages.
MAX_STAMPS: Final = 5_000
#: Earlier and later together on one page: one of each signature that a document may have.
MAX_ON_PAGE: Final = 64
#: Part of a page that stamps may cover after a signature: nine large seals on a sheet of A4.
MAX_ADDED_PART: Final = 0.25
#: Millimetres: seals state whole ones, writers of documents two decimals and rounded.
TOLERANCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class ShownStamp:
    """A stamp, the document whose page it is on, and the picture of its seal, None where there is none to be read."""

    document_part: str
    placed_stamp: PlacedStamp
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class SignedLook:
    """What one signature shows, and the parts that this depends on: its description, its value and its seal.

    One description may be listed for several documents of the file: then it is shown in each.
    """

    parts: frozenset[str | None]
    stamps: tuple[ShownStamp, ...]


#: Which signature is shown in which document: the part of its description, and that of the document.
_Listing: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Looks:
    """What the signatures of a document show."""

    _looks_by_listing: dict[_Listing, SignedLook]
    _page_sizes: PageSizes

    @classmethod
    def of(
        cls,
        archive: Archive,
        signatures: Iterable[tuple[ListedSignature, Description]],
        read_picture: Callable[[Description], Picture | None],
    ) -> "Looks":
        """Collect what is shown. Raises: LimitExceeded."""
        looks_by_listing = {
            (description.part, listed_signature.document_part): SignedLook(
                _collect_parts(description), _collect_stamps(listed_signature, description, read_picture)
            )
            for listed_signature, description in signatures
        }
        if sum(len(look.stamps) for look in looks_by_listing.values()) > MAX_STAMPS:
            raise LimitExceeded(f"the signatures of a document have {MAX_STAMPS} stamps at most in all")
        return cls(looks_by_listing, PageSizes(archive))

    def has_added_after(self, listed_signature: ListedSignature, covered_parts: set[str | None]) -> bool:
        """Tell whether more than seals beside seals became visible after a signature that covers those parts."""
        earlier_stamps_by_page: dict[tuple[str, str], list[ShownStamp]] = defaultdict(list)
        later_stamps_by_page: dict[tuple[str, str], list[ShownStamp]] = defaultdict(list)
        for (description_part, document_part), look in self._looks_by_listing.items():
            is_earlier = document_part == listed_signature.document_part and (
                description_part == listed_signature.part or look.parts <= covered_parts
            )
            stamps_by_page = earlier_stamps_by_page if is_earlier else later_stamps_by_page
            for stamp in look.stamps:
                stamps_by_page[stamp.document_part, stamp.placed_stamp.page_id].append(stamp)
        return not all(
            self._is_modest(self._page_sizes.find(*page), earlier_stamps_by_page[page], added_stamps)
            for page, added_stamps in later_stamps_by_page.items()
        )

    @staticmethod
    def _is_modest(
        page_box: Box | None, earlier_stamps: Sequence[ShownStamp], added_stamps: Sequence[ShownStamp]
    ) -> bool:
        if page_box is None or len(earlier_stamps) + len(added_stamps) > MAX_ON_PAGE:
            return False
        earlier_boxes = [stamp.placed_stamp.box for stamp in earlier_stamps]
        added_area = sum(
            stamp.placed_stamp.shown_box.area for stamp in added_stamps if stamp.placed_stamp.shown_box
        )
        return added_area <= page_box.area * MAX_ADDED_PART and all(
            _fits(stamp, page_box, earlier_boxes) for stamp in added_stamps
        )  # 4


def _fits(stamp: ShownStamp, page_box: Box, earlier_boxes: Iterable[Box | None]) -> bool:
    picture, box, shown_box = stamp.picture, stamp.placed_stamp.box, stamp.placed_stamp.shown_box
    if picture is None or box is None or shown_box is None:
        return False
    is_small_enough = box.width <= picture.width + TOLERANCE and box.height <= picture.height + TOLERANCE  # 1
    is_on_page = shown_box.lies_within(page_box, TOLERANCE)  # 2
    if not is_small_enough or not is_on_page:
        return False
    return not any(other is None or box.overlaps(other) for other in earlier_boxes)  # 3


def _collect_parts(description: Description) -> frozenset[str | None]:
    seal_parts = {description.seal_part} if description.names_seal else set()
    return frozenset({description.part, description.value_part} | seal_parts)


def _collect_stamps(
    listed_signature: ListedSignature,
    description: Description,
    read_picture: Callable[[Description], Picture | None],
) -> tuple[ShownStamp, ...]:
    if not description.stamps:
        return ()
    picture = read_picture(description)
    return tuple(
        ShownStamp(listed_signature.document_part or "", placed_stamp, picture)
        for placed_stamp in description.stamps
    )
