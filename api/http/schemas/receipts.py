"""The shapes of receipts, and of what became of their promise."""

from typing import Annotated, Final, Self

from pydantic import Field

from api.http.schemas.base import JsonObject, Shape, Words
from ledger.verification.receipts import Judgement, PromiseState
from ledger.words import Words as Pair

_WORDS: Final = {
    PromiseState.KEPT: Pair("承诺已兑现", "The promise was kept"),
    PromiseState.PENDING: Pair("尚未到期", "Not due yet"),
    PromiseState.BROKEN: Pair("承诺未兑现", "The promise was broken"),
    PromiseState.CONTRADICTED: Pair("与公开日志矛盾", "The public entries contradict it"),
    PromiseState.UNKNOWN: Pair("无法确认", "It cannot be told here"),
    PromiseState.NOT_GENUINE: Pair("不是该日志节点的回执", "No receipt of a node of this log"),
}


class SignedReceiptShape(Shape):
    """A receipt (docs/formats/receipt.md) and the signature of the node's key over its canonical bytes."""

    receipt: JsonObject
    signature: str


class JudgementShape(Shape):
    """Whether a promise was kept, by the chain and by the public entries that this node holds."""

    standing: Annotated[str, Field(json_schema_extra={"enum": [standing.value for standing in PromiseState]})]
    reason: str = Field(description="Stable, for programs.")
    words: Words
    text: str = Field(description="The evidence.")

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        return cls(
            standing=judgement.state,
            reason=judgement.reason,
            words=Words.of(_WORDS[judgement.state]),
            text=judgement.text,
        )
