"""The shapes of receipts, and of what became of their promise."""

from typing import Annotated, Self

from pydantic import Field

from api.http.schemas.base import JsonObject, Shape, Words
from ledger.verification.receipts import PROMISE_WORDS, Judgement, PromiseState


class SignedReceiptShape(Shape):
    """A receipt (docs/formats/receipt.md) and the signature of the node's key over its canonical bytes."""

    receipt: JsonObject
    signature: str


class JudgementShape(Shape):
    """Whether a promise was kept, by the chain and by the public entries that this node holds."""

    standing: Annotated[str, Field(json_schema_extra={"enum": [state.value for state in PromiseState]})]
    reason: str = Field(description="Stable, for programs.")
    words: Words
    text: str = Field(description="The evidence.")

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        return cls(
            standing=judgement.state,
            reason=judgement.reason,
            words=Words.of(PROMISE_WORDS[judgement.state]),
            text=judgement.text,
        )
