"""Words of departments' tables: for nothing, for no end, for a status, for a kind of code."""

from typing import Literal, TypeAlias

from msgspec import field

from ledger.catalogue.shapes import ClaimName, Line, Lines, Remark, Shape
from ledger.words import Words

#: States of a certificate; of `other` the catalogue does not say what follows.
State: TypeAlias = Literal[
    "valid", "suspended", "superseded", "cancelled", "revoked", "withdrawn", "transferred", "void", "expired", "other"
]  # fmt: skip


class StatusWord(Shape, frozen=True):
    """What a code of another system's status means: its own word, and ours."""

    word: Line
    status: State


class OperationWord(Shape, frozen=True):
    """What a code of another system's operation means: its own word, and the action here."""

    word: Line
    action: Literal[
        "issue", "renew", "amend", "suspend", "resume", "cancel", "revoke", "withdraw", "transfer", "void", "other"
    ]  # fmt: skip


class SealStep(Shape, frozen=True):
    """A step in the life of a seal, the action that registers it, and the claim that it adds."""

    name: Words
    action: Literal["issue", "amend", "suspend", "resume", "cancel"] | None = None
    claim: ClaimName | None = None
    note: Remark = ""


class Conventions(Shape, frozen=True):
    """What tables of departments mean by their words; maps of codes are by source, as aliases of claims are.

    `state_words` are those of any table, by state.
    """

    sources: dict[Line, Line] = field(default_factory=dict)
    holder_codes: dict[Line, Line] = field(default_factory=dict)
    holder_code_maps: dict[Line, dict[Line, Lines]] = field(default_factory=dict)
    null_words: tuple[str, ...] = ()
    endless_words: Lines = ()
    endless_dates: Lines = ()
    doubtful_ends: Lines = ()
    false_dates: Lines = ()
    state_words: dict[State, Lines] = field(default_factory=dict)
    statuses: dict[Line, dict[Line, StatusWord]] = field(default_factory=dict)
    operations: dict[Line, dict[Line, OperationWord]] = field(default_factory=dict)
    seal_steps: tuple[SealStep, ...] = ()
