"""Hold two accounts of one registry against each other: replicas, or a replica and a chain.

Whoever reads the first difference can show it to others: what each of the two says, where the chain is to have it, and the
head up to which they agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from anchoring.chain.events import follow_events
from anchoring.chain.protocol import Chain, ChainEvent, RegistryName
from anchoring.replica.reading import ReplicaView
from ledger.registry.acts import extend_head
from ledger.verification.audits import Head

_EVENT_MEMBERS: Final = ("kind", "block_number", "previous_block_number", "time", "payload")
_PLACE_MEMBERS: Final = ("block_hash", "transaction_hash")


@dataclass(frozen=True, slots=True)
class EventStatement:
    """What one side says of an event, and which head it says follows; None where it says none."""

    event: ChainEvent
    head: bytes | None


class Side(Protocol):
    """One side: its name, and its events in the order in which it has them."""

    @property
    def name(self) -> str: ...

    def tell(self) -> Iterator[EventStatement]: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event of which the two say different things; None: one of them does not have it, and goes on behind it.

    `words` says what differs. `head_before` is the head of the event before, on which they agree.
    """

    event_number: int
    words: str
    first_statement: EventStatement | None
    second_statement: EventStatement | None
    head_before: bytes


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Up to which event two accounts are the same, and whether one ends there, or where they part."""

    common_head: Head
    shorter_name: str | None
    difference: Difference | None


class ReplicaAccount:
    """What a replica holds; nothing of it is believed that does not follow from its events."""

    def __init__(self, name: str, view: ReplicaView) -> None:
        self.name, self._view = name, view

    def tell(self) -> Iterator[EventStatement]:
        for event, head in self._view.walk_headed_events():
            yield EventStatement(event, head)


class ChainAccount:
    """What an endpoint shows of the chain, asked window by window up to the contract's head.

    What an endpoint leaves out of a long range is asked for act by act. One that does not show it so either contradicts the
    contract's own count, and nobody can tell by it what the chain holds.
    """

    def __init__(self, name: str, chain: Chain, registry: str) -> None:
        self.name, self._chain = name, chain
        self._contract = RegistryName.parse(registry).contract

    def tell(self) -> Iterator[EventStatement]:
        """Yield the events. Raises: ChainUnavailable; ChainMisbehaved where one is left out."""
        stated_head = self._chain.fetch_head(self._contract)
        for event in follow_events(self._chain, self._contract, stated_head):
            yield EventStatement(
                event, stated_head.head if event.event.event_number == stated_head.event_number else None
            )


def reconcile(first_account: Side, second_account: Side, head_zero: bytes) -> Reconciliation:
    """Walk through two accounts of the registry of `head_zero` side by side, in bounded memory.

    Raises: ChainUnavailable where an endpoint does not answer.
    """
    first_walk, second_walk = _Walk(first_account), _Walk(second_account)
    common_head = Head(0, head_zero)
    while True:
        number = common_head.event_number + 1
        first_statement, second_statement = first_walk.take(number), second_walk.take(number)
        if first_statement is None or second_statement is None:
            return _end(common_head, first_walk, second_walk, first_statement, second_statement)
        words = _compare_events(first_statement, second_statement)
        head = common_head.head if words else extend_head(common_head.head, first_statement.event.event)
        if words := words or _check_heads((first_statement, second_statement), head):
            difference = Difference(number, words, first_statement, second_statement, common_head.head)
            return Reconciliation(common_head, None, difference)
        common_head = Head(number, head)


class _Walk:
    """One account, event by event; the next one is asked for when it is needed, and looked at before it is taken."""

    def __init__(self, account: Side) -> None:
        self.name = account.name
        self._statements = account.tell()
        self._next_statement: EventStatement | None = None
        self.is_over = False

    def take(self, number: int) -> EventStatement | None:
        """Return what is told of the event of a number; None where the account goes on behind it, or ends."""
        self._next_statement = self._next_statement or next(self._statements, None)
        self.is_over = self._next_statement is None
        if self._next_statement is None or self._next_statement.event.event.event_number != number:
            return None
        statement, self._next_statement = self._next_statement, None
        return statement


def _end(
    common_head: Head,
    first_walk: _Walk,
    second_walk: _Walk,
    first_statement: EventStatement | None,
    second_statement: EventStatement | None,
) -> Reconciliation:
    """Tell whether an account ends, or leaves out an event in the middle."""
    if first_statement is None and second_statement is None and first_walk.is_over and second_walk.is_over:
        return Reconciliation(common_head, None, None)
    for walk, statement in ((first_walk, first_statement), (second_walk, second_statement)):
        if statement is None and not walk.is_over:
            words = f"{walk.name} does not have this event where it belongs, and goes on behind it"
            difference = Difference(
                common_head.event_number + 1, words, first_statement, second_statement, common_head.head
            )
            return Reconciliation(common_head, None, difference)
    shorter_walk = first_walk if first_statement is None else second_walk
    return Reconciliation(common_head, shorter_walk.name, None)


def _compare_events(first_statement: EventStatement, second_statement: EventStatement) -> str:
    """Say in what two accounts of one event differ; "" where in nothing."""
    names = [
        name
        for name in _EVENT_MEMBERS
        if getattr(first_statement.event.event, name) != getattr(second_statement.event.event, name)
    ]
    names += [
        name
        for name in _PLACE_MEMBERS
        if getattr(first_statement.event, name) != getattr(second_statement.event, name)
    ]
    return f"the two differ in {', '.join(names)}" if names else ""


def _check_heads(statements: tuple[EventStatement, EventStatement], head: bytes) -> str:
    """Say that a head which is stated beside an event is not the one that follows; "" where each is."""
    heads = [statement.head for statement in statements if statement.head is not None]
    return (
        ""
        if all(stated_head == head for stated_head in heads)
        else "the head stated beside it does not follow"
    )
