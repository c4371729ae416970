"""The base of all shapes, and the shape of problems."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from ledger.words import Words as WordsPair

Time = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", examples=["2026-11-23T01:12:00Z"])
]
Digest = Annotated[str, Field(pattern=r"^(sm3|sha256):[0-9a-f]{64}$")]
JsonObject = Mapping[str, object]


_ADDRESS_PATTERN: Final = re.compile(r"https?://[^\s/]*[^\s:](/[^\s:]*)?")


def hide_addresses(text: str) -> str:
    """Return text without the addresses of other nodes, which older releases wrote into their databases."""
    return _ADDRESS_PATTERN.sub("a node", text)


class Shape(BaseModel):
    """Base of all shapes: nothing beyond what is described."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Shape):
    """The same in Chinese and English."""

    zh: str
    en: str

    @classmethod
    def of(cls, words_pair: WordsPair) -> Self:
        return cls(zh=words_pair.zh, en=words_pair.en)


class RowShape(Shape):
    row: int = Field(description="Counted from 1; the statement is row 1.")
    message: str


class ParameterShape(Shape):
    where: str
    message: str


class ProblemShape(Shape):
    """An RFC 9457 problem document. `type` is stable and leads to a page that explains it."""

    type: str = Field(examples=["/problems/not-found"])
    title: str
    title_zh: str
    status: int
    advice: str
    advice_zh: str
    detail: str | None = None
    rows: list[RowShape] | None = Field(
        default=None, description="Of a refused submission: the first rows at fault."
    )
    errors: list[ParameterShape] | None = Field(
        default=None, description="Of an invalid parameter: which, and why."
    )
