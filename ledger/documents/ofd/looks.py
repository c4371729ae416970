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
from ledger.documents.ofd.references import Description, Listed
from ledger.documents.ofd.stamps import Box, PlacedStamp
from ledger.documents.seals.ses import Picture
from ledger.errors import LimitExceeded

#: Of all signatures together: two seals across the edges of 2,500 pages.
MAX_STAMPS: Final = 5_000
#: Earlier and later together on one page: one of each signature that a document may have.
MAX_ON_PAGE: Final = 64
#: Part of a page that stamps may cover after a signature: nine large seals on a sheet of A4.
MAX_ADDED: Final = 0.25
#: Millimetres: seals state whole ones, writers of documents two decimals and rounded.
TOLERANCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class ShownStamp:
    """A stamp, the document whose page it is on, and the picture of its seal, None where there is none to be read."""

    document: str
    placed: PlacedStamp
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

    _by_listing: dict[_Listing, SignedLook]
    _pages: PageSizes

    @classmethod
    def of(
        cls,
        archive: Archive,
        signatures: Iterable[tuple[Listed, Description]],
        picture_of: Callable[[Description], Picture | None],
    ) -> "Looks":
        """Collect what is shown. Raises: LimitExceeded."""
        by_listing = {
            (description.part, listed.document_part): SignedLook(
                _parts(description), _stamps(listed, description, picture_of)
            )
            for listed, description in signatures
        }
        if sum(len(look.stamps) for look in by_listing.values()) > MAX_STAMPS:
            raise LimitExceeded(f"the signatures of a document have {MAX_STAMPS} stamps at most in all")
        return cls(by_listing, PageSizes(archive))

    def added_after(self, listed: Listed, covered: set[str | None]) -> bool:
        """Tell whether more than seals beside seals became visible after a signature that covers those parts."""
        earlier: dict[tuple[str, str], list[ShownStamp]] = defaultdict(list)
        later: dict[tuple[str, str], list[ShownStamp]] = defaultdict(list)
        for (part, document), look in self._by_listing.items():
            known = document == listed.document_part and (part == listed.part or look.parts <= covered)
            side = earlier if known else later
            for stamp in look.stamps:
                side[stamp.document, stamp.placed.page].append(stamp)
        return not all(
            self._is_modest(self._pages.find(*page), earlier[page], added) for page, added in later.items()
        )

    @staticmethod
    def _is_modest(page: Box | None, earlier: Sequence[ShownStamp], added: Sequence[ShownStamp]) -> bool:
        if page is None or len(earlier) + len(added) > MAX_ON_PAGE:
            return False
        before = [stamp.placed.box for stamp in earlier]
        area = sum(stamp.placed.shown.area for stamp in added if stamp.placed.shown)
        return area <= page.area * MAX_ADDED and all(_fits(stamp, page, before) for stamp in added)  # 4


def _fits(stamp: ShownStamp, page: Box, earlier: Iterable[Box | None]) -> bool:
    picture, box, shown = stamp.picture, stamp.placed.box, stamp.placed.shown
    if picture is None or box is None or shown is None:
        return False
    small = box.width <= picture.width + TOLERANCE and box.height <= picture.height + TOLERANCE  # 1
    on_page = shown.lies_within(page, TOLERANCE)  # 2
    return small and on_page and not any(other is None or box.overlaps(other) for other in earlier)  # 3


def _parts(description: Description) -> frozenset[str | None]:
    seal = {description.seal_part} if description.names_seal else set()
    return frozenset({description.part, description.value_part} | seal)


def _stamps(
    listed: Listed, description: Description, picture_of: Callable[[Description], Picture | None]
) -> tuple[ShownStamp, ...]:
    if not description.stamps:
        return ()
    picture = picture_of(description)
    return tuple(ShownStamp(listed.document_part or "", placed, picture) for placed in description.stamps)
