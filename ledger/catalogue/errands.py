"""Errands 办事事项: the licences, seals and signatures that each needs."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.catalogue.shapes import MAX_ITEMS, Id, Ids, Line, Lines, Remark, Shape
from ledger.catalogue.types import Evidence
from ledger.words import Words


class Need(Shape, frozen=True):
    """A licence that an errand needs, by its type; or a paper that no type of the catalogue stands for."""

    type: Id | None = None
    paper: Line | None = None
    optional: bool = False
    replaces: Line | None = None


class Errand(Shape, frozen=True):
    """What somebody wants done at a counter, and what it takes."""

    id: Id
    title: Words
    audience: Literal["business", "person"]
    needs: Annotated[tuple[Need, ...], Meta(max_length=MAX_ITEMS)] = ()
    seals: Ids = ()
    signatures: Lines = ()
    path: Remark = ""
    produces: Ids = ()
    papers: Lines = ()
    events: Remark = ""
    evidence: Evidence = Evidence.RECALLED
    note: Remark = ""
