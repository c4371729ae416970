"""The shapes of checkpoints and their cosignatures.

Answers are written by hand, so that they leave in their canonical form.
"""

from typing import Annotated, Literal

from pydantic import Field

from api.http.schemas.base import Shape, Time

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Keccak = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]


class CheckpointShape(Shape):
    """A registry's head after an event; docs/formats/checkpoint.md specifies it."""

    type: Literal["shunzheng/checkpoint/2"]
    registry: str
    n: int
    head: Keccak
    block: int
    block_hash: Keccak
    time: Time
    events_sm3: Hash
    events_sha256: Hash
    facts: Hash
    rules: int


class CosignatureShape(Shape):
    key: Keccak
    signature: str


class CosignedShape(Shape):
    """A checkpoint and who signed it; the trust file of the verifier says whose signatures count."""

    type: Literal["shunzheng/cosigned/1"]
    checkpoint: CheckpointShape
    cosignatures: list[CosignatureShape]
