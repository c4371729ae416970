"""Cities that publish their entries, and a node that watches them.

`registry.now` is everybody's clock.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection

from anchoring.database.engine import begin_transaction, insert_missing, open_snapshot
from anchoring.errors import PeerFailed
from anchoring.monitor.copies import AnchorEntries, EntryCopies
from anchoring.monitor.monitor import Monitor
from anchoring.replica.reading import OccurrenceSource, ReplicaView
from anchoring.replica.rows import make_anchor_row
from anchoring.replica.store import Replica
from anchoring.replica.tables import ANCHOR
from ledger.encoding.canonical import Json, encode_canonical
from ledger.records.submissions import Entry
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import Occurrences
from tests.scenes import City, Submission

GRACE = 3600


def page_of(*items: Json) -> bytes:
    """Return a page of items that a node makes up."""
    return encode_canonical({"items": list(items)})


class KnownView:
    """What `knowledge` knows, as a view of a replica; of the entries it knows what its source does."""

    def __init__(self, knowledge: Knowledge, connection: Connection) -> None:
        self._knowledge, self.connection = knowledge, connection
        self.entries: OccurrenceSource | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._knowledge, name)

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        return (
            self.entries.find_occurrences(cast(ReplicaView, self), log, root, sequence)
            if self.entries
            else None
        )


class KnownReplica(Replica):
    """A replica that knows what `knowledge` knows; its database holds anchors and copies only."""

    def __init__(self, url: str, knowledge: Knowledge) -> None:
        super().__init__(url)
        self._knowledge = knowledge
        ANCHOR.create(self.engine, checkfirst=True)

    @contextmanager
    def reading(self, *, quarantined: bool = False) -> Iterator[ReplicaView]:
        with begin_transaction(self.engine) as connection:
            rows = [
                make_anchor_row(anchor)
                for log in self._knowledge.list_logs()
                for sequence in range(1, log.sequence + 1)
                if (anchor := self._knowledge.find_anchor(log.name, sequence))
            ]
            insert_missing(connection, ANCHOR, rows)
        with open_snapshot(self.engine) as connection:
            yield cast(ReplicaView, KnownView(self._knowledge, connection))


@dataclass
class FakePeer:
    """A node that gives the entries that it has. `broken` answers in its place; `asked` are the positions asked for."""

    name: str
    held: dict[str, dict[int, Entry]] = field(default_factory=dict)
    broken: Callable[[str, int], bytes] | None = None
    asked: list[int] = field(default_factory=list)

    def fetch_entries(self, log: str, position: int, most: int) -> bytes:
        self.asked.append(position)
        if self.broken:
            return self.broken(log, position)
        return self.page(log, position, most)

    def page(self, log: str, position: int, most: int) -> bytes:
        """Return a page as an honest node gives it."""
        items: list[Json] = [
            {"first": first, "entry": entry.to_json()}
            for first, entry in sorted(self.held.get(log, {}).items())
            if first >= position
        ]
        return encode_canonical({"items": items[:most], "copies": False, "next": "/v1/elsewhere"})

    def gone(self) -> None:
        def fail(log: str, position: int) -> bytes:
            raise PeerFailed("it cannot be reached (connection refused)")

        self.broken = fail

    def back(self) -> None:
        self.broken = None


class Watch:
    """A node that watches `city`, whose own node is `peer`; `others` are nodes of other cities."""

    def __init__(self, url: str, city: City, *others: FakePeer) -> None:
        self.city, self.registry = city, city.registry
        self.peer = FakePeer("http://tianmen")
        self.replica = KnownReplica(url, self.registry.knowledge)
        self.published = EntryCopies(self.replica.engine, GRACE)
        nodes = {city.name: [self.peer]} | {f"log{number}": [peer] for number, peer in enumerate(others)}
        self.monitor = Monitor(
            self.replica, nodes, withheld_after=GRACE, clock=lambda: float(self.registry.now)
        )

    def anchor(self, *submissions: Submission, publish: bool = True) -> int:
        """Anchor submissions, have the city's node publish them, and return the sequence."""
        first = self.city.statuses.size
        self.city.anchor(*submissions)
        for submission in submissions:
            if publish:
                self.peer.held.setdefault(self.city.name, {})[first] = submission.entry
            first += submission.entry.statement.record_count
        return self.city.sequence

    def submissions(self, count: int) -> list[Submission]:
        return [self.city.submit(self.city.licence(), self.city.licence()) for _ in range(count)]

    def grow(self, *counts: int, publish: bool = True) -> None:
        """Anchor batches of so many submissions."""
        for count in counts:
            self.anchor(*self.submissions(count), publish=publish)

    def look(self, rounds: int = 1, seconds: int = 700) -> None:
        """Let the monitor look, again after a pause that outlasts any back-off."""
        for number in range(rounds):
            if number:
                self.registry.wait(seconds)
            self.monitor.step()

    def entries_of(self, sequence: int) -> AnchorEntries:
        found = self.published.find_anchor_entries(self.city.name, sequence, self.registry.now)
        assert found
        return found

    def deadline(self, sequence: int) -> int:
        """Return until when the entries of an anchor are in time."""
        anchor = self.registry.knowledge.find_anchor(self.city.name, sequence)
        assert anchor
        return anchor.time + GRACE

    def states(self) -> list[str]:
        found = self.published.list_anchor_entries(self.city.name, 1, self.city.sequence, self.registry.now)
        return [found[sequence].state.value if sequence in found else "" for sequence in self.sequences()]

    def sequences(self) -> Sequence[int]:
        return range(1, self.city.sequence + 1)

    def close(self) -> None:
        self.replica.close()
