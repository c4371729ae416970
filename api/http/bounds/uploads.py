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
_RETURNING: Final = "(returning)"


class _Shared:
    """A quantity that issuers share; for the one thread of the event loop."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        return self._taken.total()

    def take(self, holder: str, count: int) -> bool:
        """Take `count` more, unless the holder would then have more than was free. Returns whether it was taken."""
        if self._taken[holder] + count > self._total - self.taken:
            return False
        self._taken[holder] += count
        return True

    def give_back(self, holder: str, count: int) -> None:
        self._taken[holder] -= count
        if not self._taken[holder]:
            del self._taken[holder]


class Place:
    """What one upload holds: bytes on disk within `most_bytes`, until `seconds` have passed.

    `urgent_only`: the place is one that is kept for changes of status.
    """

    def __init__(
        self, disk: _Shared | None, holder: str, most_bytes: int, seconds: float, *, urgent_only: bool
    ) -> None:
        self._disk, self._holder, self._most = disk, holder, most_bytes
        self._taken = self._reserved = 0
        self.seconds, self.urgent_only = seconds, urgent_only

    def reserve(self, count: int) -> None:
        """Set bytes aside that are about to come. Raises: BodyTooLarge, TooManyUploads."""
        if count > self._most:
            if self.urgent_only:
                raise TooManyUploads(f"only submissions of up to {self._most:,} bytes find a place now")
            raise BodyTooLarge(f"so few records take {self._most:,} bytes at most")
        further = max(0, count - self._reserved)
        if self._disk is None:
            return
        if not self._disk.take(self._holder, further):
            raise TooManyUploads(
                f"submissions under way, {self._disk.taken:,} bytes of them, leave this one no room on disk"
            )
        self._reserved += further

    def add(self, count: int) -> None:
        """Count bytes that came. Raises: BodyTooLarge, TooManyUploads."""
        self._taken += count
        self.reserve(self._taken)

    def give_back(self) -> None:
        if self._disk is not None:
            self._disk.give_back(self._holder, self._reserved)
            self._reserved = 0


class Uploads:
    """Gives places to admitted submissions, `most` at once, with `spool_bytes` of them on disk together."""

    def __init__(self, most: int, spool_bytes: int = limits.MAX_SPOOL_BYTES) -> None:
        self._places = _Shared(most)
        self._urgent = _Shared(limits.URGENT_UPLOADS)
        self._whole = _Shared(limits.WHOLE_UPLOADS)
        self._returning = _Shared(limits.RETURNING_UPLOADS)
        self._disk = _Shared(spool_bytes)

    @property
    def under_way(self) -> int:
        return sum(shared.taken for shared in (self._places, self._urgent, self._whole, self._returning))

    @contextmanager
    def place(self, admitted: Admission, *, is_whole: bool = False) -> Iterator[Place]:
        """Give a place while the block runs; `is_whole`: the body is here, and small. Raises: TooManyUploads."""
        issuer = admitted.statement.issuer
        shared = self._choose(admitted, is_whole=is_whole)
        place = self._make(admitted, urgent_only=shared in (self._urgent, self._whole))
        try:
            yield place
        finally:
            place.give_back()
            shared.give_back(issuer, 1)

    def _choose(self, admitted: Admission, *, is_whole: bool) -> _Shared:
        """Take a place of the right sort. Raises: TooManyUploads."""
        issuer, count = admitted.statement.issuer, admitted.statement.count
        small = [self._urgent] if count <= MAX_STATUS_RECORDS else []
        whole = [self._whole] if is_whole else []
        for shared in [self._returning] if admitted.anchored else [self._places, *small, *whole]:
            if shared.take(issuer, 1):
                return shared
        raise TooManyUploads(
            f"{self.under_way} submissions are being taken in, and no issuer may have more places than it leaves free"
        )

    def _make(self, admitted: Admission, *, urgent_only: bool) -> Place:
        if urgent_only:
            most, seconds = limits.URGENT_UPLOAD_BYTES, limits.URGENT_UPLOAD_SECONDS
            return Place(None, "", most, seconds, urgent_only=True)
        holder = _RETURNING if admitted.anchored else admitted.statement.issuer
        most, seconds = _most_bytes(admitted.statement.count), limits.UPLOAD_SECONDS
        return Place(self._disk, holder, most, seconds, urgent_only=False)


def _most_bytes(count: int) -> int:
    """Return the bytes that the rows of a statement may have, and one or two more: so that rows can be named as too many."""
    return min(limits.MAX_SUBMISSION_BYTES, (count + 3) * (MAX_ROW_BYTES + 1))
