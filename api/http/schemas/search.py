"""The shapes of searches: what is looked for, what is found, and figures."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from anchoring.register.search.finding import Hit
from anchoring.register.search.listing import Criteria, Figure, ListedRecord
from anchoring.register.search.terms import Sort
from api import limits
from api.http.schemas.base import Shape, Time
from api.rendering.listings import make_figure_json, make_hit_json, make_listed_json
from ledger.encoding import times
from ledger.encoding.fields import MAX_TEXT_CHARS
from ledger.limits import MAX_LOG_SIZE
from ledger.registry.status import Status

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-11-23"])]
StatusName = Annotated[str, Field(json_schema_extra={"enum": [status.name.lower() for status in Status]})]
Hour = Annotated[int, Field(ge=0, le=24)]


class ReasonedShape(Shape):
    """A question that names its reason, which is kept with the look."""

    reason: Annotated[str, Field(pattern=r"\S", min_length=1, max_length=limits.MAX_REASON_CHARS)] = Field(
        description="Why it is asked: a case, a complaint. It is kept in the log of looks."
    )


class FindShape(ReasonedShape):
    """Exactly one of number, holder and document."""

    number: Text | None = Field(default=None, description="Number 编号 of a certificate or seal.")
    holder: Text | None = Field(default=None, description="Whole name or code of a holder 持证主体.")
    document: Annotated[str, Field(pattern=r"^(sm3|sha256):[0-9a-f]{64}$")] | None = Field(
        default=None, description="Digest of a registered document, under the log's suite."
    )

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if len(self._stated) != 1:
            raise ValueError("name one of number, holder, document")
        return self

    @property
    def _stated(self) -> list[tuple[Sort, str]]:
        texts = ((Sort.NUMBER, self.number), (Sort.HOLDER, self.holder), (Sort.DOCUMENT, self.document))
        return [(sort, text) for sort, text in texts if text is not None]

    @property
    def question(self) -> tuple[Sort, str]:
        """By what is looked, and for what."""
        return self._stated[0]


class HitShape(Shape):
    """A certificate that was found, and what tells it apart from others."""

    identifier: str = Field(description="Of the current version.")
    type: str
    issuer: str
    status: StatusName
    issued: str | None = None
    number: str | None = Field(
        default=None,
        description="Whole where it was asked for, else as others see it 脱敏 unless a body holds it.",
    )
    holder: str | None = Field(default=None, description="As others see it 脱敏: a person's name is masked.")
    current: bool = Field(description="The current version states what it was found by.")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        return cls.model_validate(make_hit_json(hit))


class HitsShape(Shape):
    items: list[HitShape]


class CriteriaShape(ReasonedShape):
    """What is looked for; what is left out is not asked."""

    type: Text | None = Field(
        default=None, description="Code of the type; `seal` or `signature` for those kinds."
    )
    issuer: Text | None = None
    state: StatusName | None = Field(default=None, description="Of the current version.")
    action: Text | None = None
    key: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")] | None = Field(
        default=None, description="The department's key that signed."
    )
    basis: Text | None = Field(default=None, description="Part of the legal basis.")
    holder: Text | None = Field(default=None, description="Whole name or code of a holder.")
    since: Day | None = Field(default=None, description="Issued on this day or later.")
    until: Day | None = Field(default=None, description="Issued on this day or earlier.")
    accepted_since: Time | None = Field(
        default=None, description="Taken into the log at this moment or later."
    )
    accepted_before: Time | None = Field(default=None, description="Taken into the log before this moment.")
    night: tuple[Hour, Hour] | None = Field(
        default=None, description="Taken from this hour to before that one, by a clock in China."
    )
    within_day: bool = Field(
        default=False, description="Only acts on a certificate within 24 hours of its first record."
    )

    def to_criteria(self) -> Criteria:
        """Return what the register is asked. Raises: MalformedInput."""
        return Criteria(
            type=self.type,
            issuer=self.issuer,
            state=None if self.state is None else Status[self.state.upper()],
            action=self.action,
            key=None if self.key is None else bytes.fromhex(self.key[2:]),
            basis=self.basis,
            holder=self.holder,
            since=self.since,
            until=self.until,
            accepted_since=None if self.accepted_since is None else times.parse_time(self.accepted_since),
            accepted_before=None if self.accepted_before is None else times.parse_time(self.accepted_before),
            night=self.night,
            within_day=self.within_day,
        )

    @model_validator(mode="after")
    def _check_state(self) -> Self:
        if self.state is not None and self.state.upper() not in Status.__members__:
            raise ValueError(f"the state is one of {', '.join(name.lower() for name in Status.__members__)}")
        return self


class SearchShape(CriteriaShape):
    """A page of a search."""

    position: int = Field(
        default=0, ge=0, le=MAX_LOG_SIZE, description="Only records at this position or beyond."
    )
    limit: int = Field(default=limits.PAGE_ITEMS, ge=1, le=limits.MAX_PAGE_ITEMS)


class ListedShape(Shape):
    """A record, and the certificate that it is of."""

    position: int
    identifier: str = Field(description="Of the current version.")
    type: str
    issuer: str
    status: StatusName = Field(description="Of the current version.")
    action: str
    issued: str | None = None
    accepted: Time
    key: str
    basis: str | None = None

    @classmethod
    def of(cls, listed: ListedRecord) -> Self:
        return cls.model_validate(make_listed_json(listed))


class ListingShape(Shape):
    items: list[ListedShape]
    next: int | None = Field(default=None, description="`position` of the next page; absent on the last.")


class FigureShape(Shape):
    """So many records of a month (of a clock in China, when they were taken), type, issuer and action."""

    month: str
    type: str
    issuer: str
    action: str
    count: int

    @classmethod
    def of(cls, figure: Figure) -> Self:
        return cls.model_validate(make_figure_json(figure))


class FiguresShape(Shape):
    items: list[FigureShape]
