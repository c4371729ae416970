"""What passes between the process that answers requests and one that opens documents.

Each message is one line of JSON, and behind it as many bytes as the line says.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from ledger.encoding.canonical import decode
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput

#: Bytes of the line of JSON: a path and some numbers.
MAX_LINE_BYTES: Final = 16_384


class End(StrEnum):
    """How the reading of a document ended: with a report, or at a limit, or for no reason that is known."""

    READ = "read"
    TIME = "time"
    MEMORY = "memory"
    DIED = "died"


class Purpose(StrEnum):
    """What is looked for: seals and signatures of a document, or codes in a picture."""

    INSPECT = "inspect"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Task:
    """A file of `size_bytes` to open, and what that may take: by the clock, of the processor, of memory in bytes."""

    size_bytes: int
    clock_seconds: float
    processor_seconds: int
    memory_bytes: int
    trust_list: str | None
    purpose: Purpose = Purpose.INSPECT

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Self:
        members = json.loads(line)
        return cls(**members | {"purpose": Purpose(members["purpose"])})

    @property
    def authorities(self) -> Path | None:
        return Path(self.trust_list) if self.trust_list else None


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended, and the bytes of the report that follow."""

    end: End
    size_bytes: int

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes, max_bytes: int) -> Self:
        """Read the line of an answer of at most `max_bytes`. Raises: MalformedInput."""
        try:
            fields = Fields(decode(line), "answer")
            answer = cls(End(fields.take_text("end")), fields.take_integer("size_bytes", 0, max_bytes))
            fields.close()
            return answer
        except (MalformedInput, ValueError) as error:
            raise MalformedInput("not the answer of a process that opens documents, or too long") from error
