"""Share what submissions under way take of one process: places, and bytes on disk.

Whose first line is not admitted holds none of it. No issuer may come to hold more than it leaves free, so that others always
find some. A few small places are kept for changes of status, some of them for such as are here already, so that nobody can
occupy those by waiting; and a few for records that a restored register misses, whose
statements are public: whoever read one may send anything behind it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from anchoring.intake.admission import Admission
from anchoring.limits import MAX_ROW_BYTES
from api import limits
from api.http.errors import BodyTooLarge, TooManyUploads
from ledger.limits import MAX_STATUS_RECORDS

#: Shares disk as one issuer: whoever brings back missing records. Nobody knows who they are before the last row.
_RETURNING_HOLDER: Final = "(returning)"


class _SharedQuantity:
    """A quantity that issuers share; for the one thread of the event loop."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken_by_holder: Counter[str] = Counter()

    @property
    def taken_total(self) -> int:
        return self._taken_by_holder.total()

    def take(self, holder: str, count: int) -> bool:
        """Take `count` more, unless the holder would then have more than was free. Returns whether it was taken."""
        if self._taken_by_holder[holder] + count > self._total - self.taken_total:
            return False
        self._taken_by_holder[holder] += count
        return True

    def give_back(self, holder: str, count: int) -> None:
        self._taken_by_holder[holder] -= count
        if not self._taken_by_holder[holder]:
            del self._taken_by_holder[holder]


class Place:
    """What one upload holds: bytes on disk within `max_bytes`, until `max_seconds` have passed.

    `is_urgent_only`: the place is one that is kept for changes of status.
    """

    def __init__(
        self,
        disk_bytes: _SharedQuantity | None,
        holder: str,
        max_bytes: int,
        max_seconds: float,
        *,
        is_urgent_only: bool,
    ) -> None:
        self._disk_bytes, self._holder, self._max_bytes = disk_bytes, holder, max_bytes
        self._received_bytes = self._reserved_bytes = 0
        self.max_seconds, self.is_urgent_only = max_seconds, is_urgent_only

    def reserve(self, byte_count: int) -> None:
        """Set bytes aside that are about to come. Raises: BodyTooLarge, TooManyUploads."""
        if byte_count > self._max_bytes:
            if self.is_urgent_only:
                raise TooManyUploads(f"only submissions of up to {self._max_bytes:,} bytes find a place now")
            raise BodyTooLarge(f"so few records take {self._max_bytes:,} bytes at most")
        further_bytes = max(0, byte_count - self._reserved_bytes)
        if self._disk_bytes is None:
            return
        if not self._disk_bytes.take(self._holder, further_bytes):
            raise TooManyUploads(
                f"submissions under way, {self._disk_bytes.taken_total:,} bytes of them, leave this one no room on disk"
            )
        self._reserved_bytes += further_bytes

    def add(self, byte_count: int) -> None:
        """Count bytes that came. Raises: BodyTooLarge, TooManyUploads."""
        self._received_bytes += byte_count
        self.reserve(self._received_bytes)

    def give_back(self) -> None:
        if self._disk_bytes is not None:
            self._disk_bytes.give_back(self._holder, self._reserved_bytes)
            self._reserved_bytes = 0


class Uploads:
    """Gives places to admitted submissions, `max_places` at once, with `spool_bytes` of them on disk together."""

    def __init__(self, max_places: int, spool_bytes: int = limits.MAX_SPOOL_BYTES) -> None:
        self._common_places = _SharedQuantity(max_places)
        self._urgent_places = _SharedQuantity(limits.URGENT_UPLOADS)
        self._whole_places = _SharedQuantity(limits.WHOLE_UPLOADS)
        self._returning_places = _SharedQuantity(limits.RETURNING_UPLOADS)
        self._disk_bytes = _SharedQuantity(spool_bytes)

    @property
    def under_way_count(self) -> int:
        return sum(
            places.taken_total
            for places in (
                self._common_places,
                self._urgent_places,
                self._whole_places,
                self._returning_places,
            )
        )

    @contextmanager
    def take_place(self, admission: Admission, *, is_whole: bool = False) -> Iterator[Place]:
        """Give a place while the block runs; `is_whole`: the body is here, and small. Raises: TooManyUploads."""
        issuer = admission.statement.issuer
        chosen_places = self._choose_places(admission, is_whole=is_whole)
        place = self._make_place(
            admission, is_urgent_only=chosen_places in (self._urgent_places, self._whole_places)
        )
        try:
            yield place
        finally:
            place.give_back()
            chosen_places.give_back(issuer, 1)

    def _choose_places(self, admission: Admission, *, is_whole: bool) -> _SharedQuantity:
        """Take a place of the right sort. Raises: TooManyUploads."""
        issuer, count = admission.statement.issuer, admission.statement.record_count
        urgent_places = [self._urgent_places] if count <= MAX_STATUS_RECORDS else []
        whole_places = [self._whole_places] if is_whole else []
        for places in (
            [self._returning_places]
            if admission.is_anchored
            else [self._common_places, *urgent_places, *whole_places]
        ):
            if places.take(issuer, 1):
                return places
        raise TooManyUploads(
            f"{self.under_way_count} submissions are being taken in, and no issuer may have more places than it leaves free"
        )

    def _make_place(self, admission: Admission, *, is_urgent_only: bool) -> Place:
        if is_urgent_only:
            max_bytes, max_seconds = limits.URGENT_UPLOAD_BYTES, limits.URGENT_UPLOAD_SECONDS
            return Place(None, "", max_bytes, max_seconds, is_urgent_only=True)
        holder = _RETURNING_HOLDER if admission.is_anchored else admission.statement.issuer
        max_bytes, seconds = _find_max_bytes(admission.statement.record_count), limits.UPLOAD_SECONDS
        return Place(self._disk_bytes, holder, max_bytes, seconds, is_urgent_only=False)


def _find_max_bytes(record_count: int) -> int:
    """Return the bytes that the rows of a statement may have, and one or two more: so that rows can be named as too many."""
    return min(limits.MAX_SUBMISSION_BYTES, (record_count + 3) * (MAX_ROW_BYTES + 1))
