"""The shapes of what was sealed with a seal, made from register and replica."""

from typing import Self

from pydantic import Field

from anchoring.register.uses import SealUse
from api.http.schemas.base import Shape
from api.http.schemas.histories import RecordedShape
from ledger.verification.history import PlacedRecord


class UseShape(RecordedShape):
    """A sealing, how far its record has come, and its anchor once that is final: the moment that counts."""

    certificates: list[str] = Field(description="Certificates registered here that carry what was sealed.")

    @classmethod
    def of_use(cls, placed_record: PlacedRecord, use: SealUse) -> Self:
        recorded_shape = RecordedShape.of(placed_record, use.sealing)
        return cls(**dict(recorded_shape), certificates=list(use.certificates))


class UsesShape(Shape):
    """Sealings with one seal, in the order of the log."""

    identifier: str
    log: str
    items: list[UseShape]
    next: str | None = Field(default=None, description="Address of the next page; absent on the last.")
