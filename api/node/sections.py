"""The sections of `node.toml`, such as [batching], and the units that settings have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from anchoring import limits
from api.limits import (
    DOCUMENT_MEGABYTES,
    DOCUMENT_SECONDS,
    LOOK_DAYS,
    MAX_DAILY_LOOKS,
    MAX_PAGE_ITEMS,
    MAX_SPOOL_BYTES,
    MAX_UPLOADS,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, as the page of settings shows it."""

    name: str


Seconds = Annotated[int, Unit("seconds"), Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


def is_number(field: FieldInfo) -> bool:
    """Say whether a member is a whole number."""
    return field.annotation in (int, int | None)


def is_table(field: FieldInfo) -> bool:
    """Say whether a member is a table of others."""
    table_type = get_origin(field.annotation) or field.annotation
    return isinstance(table_type, type) and issubclass(table_type, (Mapping, Section))


def find_bounds(field: FieldInfo) -> tuple[int | None, int | None]:
    """Return the least and the most that a number may be; None where there is no such bound."""
    lower_bounds = [rule.ge for rule in field.metadata if hasattr(rule, "ge")]
    upper_bounds = [rule.le for rule in field.metadata if hasattr(rule, "le")]
    return max(lower_bounds, default=None), min(upper_bounds, default=None)


class Section(BaseModel):
    """A table of `node.toml` with members of its own."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Batching(Section):
    """When a batch closes; see `BatchPolicy` of the anchorer. A change of status is on its way within 5 seconds."""

    urgent_seconds: Annotated[Seconds, Field(le=4)] = limits.URGENT_SECONDS
    """how long a change of status waits for company"""
    quiet_seconds: Annotated[Seconds, Field(le=3_600)] = limits.QUIET_SECONDS
    """how long other submissions wait"""
    heartbeat_seconds: Annotated[Seconds, Field(ge=1, le=86_400)] = limits.HEARTBEAT_SECONDS
    """after so long without anything new, a batch says just that"""
    full_records: Annotated[Count, Unit("records"), Field(le=2**20)] = limits.FULL_BATCH_RECORDS
    """a batch of so many records waits no more"""
    full_bytes: Annotated[Count, Unit("bytes"), Field(le=2**30)] = limits.FULL_BATCH_BYTES
    """a batch with so many bytes of entries waits no more"""


class Intake(Section):
    """What may wait for the chain before submissions are refused for a while; see `Room` of the intake."""

    waiting_records: Annotated[Count, Unit("records"), Field(le=2**40)] = limits.MAX_WAITING_RECORDS
    """so many records"""
    waiting_bytes: Annotated[Count, Unit("bytes"), Field(le=2**40)] = limits.MAX_WAITING_BYTES
    """so many bytes of their entries"""
    waiting_seconds: Annotated[int | None, Unit("seconds"), Field(ge=1, le=7 * 86_400)] = None
    """so long for the oldest; left out: half of `promise_seconds`"""
    uploads: Annotated[Count, Unit("submissions"), Field(le=1_000)] = MAX_UPLOADS
    """submissions under way at once, for each process that answers HTTP"""
    spool_bytes: Annotated[Count, Unit("bytes"), Field(le=2**40)] = MAX_SPOOL_BYTES
    """so many bytes of them on disk, for each such process; while they are written, twice as many"""
    processes: Annotated[int | None, Unit("processes"), Field(ge=1, le=256)] = None
    """that judge the rows of large submissions, for each such process, of some 80 MB each once the first came; 1: it does
    that itself; left out: all together as many as cores"""


class Opening(Section):
    """What opening presented documents may take, in processes of their own; a document that takes more is unverifiable."""

    processes: Annotated[int | None, Unit("processes"), Field(ge=1, le=256)] = None
    """documents opened at once, for each process that answers HTTP; left out: as many as cores, two at least"""
    seconds: Annotated[Seconds, Field(ge=1, le=600)] = DOCUMENT_SECONDS
    """of processor time for a document; by the clock, all documents of a request take twice as long at most"""
    memory_mb: Annotated[Count, Unit("megabytes"), Field(ge=192, le=2**16)] = DOCUMENT_MEGABYTES
    """of memory for a document, with some 90 for the program itself"""


class Looks(Section):
    """The log of looks 查阅记录: which token was shown what of whose certificate; see `log_looks`."""

    days: Annotated[Count, Unit("days"), Field(le=36_600)] = LOOK_DAYS
    """how long a look is kept; three years, as the law asks of records of how personal data was handled"""
    daily: Annotated[int, Unit("looks"), Field(ge=MAX_PAGE_ITEMS, le=2**30)] = MAX_DAILY_LOOKS
    """looks at certificates that one token has in 24 hours; each takes some 250 bytes of the register"""
