"""What every request of one node shares: settings, databases, clock. Opened when the application starts, and typed."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from anchoring.errors import NotFound
from anchoring.reading import Reading
from anchoring.register import Register
from anchoring.replica import Replica
from anchoring.statuses import StatusTrees
from api.errors import IssuesNothing, NotReady
from api.settings import Settings

Clock = Callable[[], int]
_NO_LOG: Final = "this node has no log of its own, so it accepts no submissions and holds no records"


def system_clock() -> int:
    """Return the seconds since 1970 by this machine's clock."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Node:
    """One node. Its replica answers verification; the register is there only where the node issues."""

    settings: Settings
    replica: Replica
    issuing: Register | None
    clock: Clock
    trees: StatusTrees

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> "Node":
        register = Register(settings.register_url) if settings.log and settings.register_url else None
        return cls(settings, Replica(settings.replica_url), register, clock, StatusTrees())

    def close(self) -> None:
        self.replica.close()
        if self.issuing:
            self.issuing.close()

    @property
    def register(self) -> Register:
        """The register. Raises: IssuesNothing on a node that has none."""
        if self.issuing is None:
            raise IssuesNothing(_NO_LOG)
        return self.issuing

    @property
    def log(self) -> str:
        """The log that this node issues into. Raises: IssuesNothing."""
        if self.settings.log is None:
            raise IssuesNothing(_NO_LOG)
        return self.settings.log

    @contextmanager
    def reading(self, *, quarantined: bool = False) -> Iterator[Reading]:
        """Give one consistent state of the replica. Raises: NotReady, Quarantined."""
        with ExitStack() as stack:
            try:
                reading = stack.enter_context(self.replica.reading(quarantined=quarantined))
            except NotFound as error:
                raise NotReady(str(error)) from error
            yield reading


async def current(request: Request) -> Node:
    """Return the node that this application serves."""
    node = request.app.state.node
    assert isinstance(node, Node)
    return node


NodeNeeded = Annotated[Node, Depends(current)]
