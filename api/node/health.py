"""Whether the parts of a running node live: one answers HTTP, the others report.

That is less than being ready: a part that waits for the chain lives, and starting it again would not help. While the
database of the replica does not answer, nobody can tell.
"""

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final

from api.limits import REPORTS_SILENCE_SECONDS
from api.node.parts import API

if TYPE_CHECKING:
    from api.node.settings import Settings

# An answer takes a millisecond; where every thread is busy it still comes from the loop.
_MAX_ANSWER_SECONDS: Final = 4.0
# What a node that listens everywhere is reached at.
_LOCAL_HOSTS_BY_WILDCARD: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def list_silent_parts(settings: "Settings", parts: Sequence[str], now: float) -> Sequence[str]:
    """Return the parts that give no sign of life at `now`, seconds since 1970. Raises: DatabaseUnavailable."""
    silent_parts = [API] if API in parts and not _does_api_answer(settings) else []
    reporting_parts = [part for part in parts if part != API]
    return [*silent_parts, *_list_unheard(settings, reporting_parts, now)]


def _does_api_answer(settings: "Settings") -> bool:
    host, port = settings.address
    try:
        with closing(
            http.client.HTTPConnection(
                _LOCAL_HOSTS_BY_WILDCARD.get(host, host), port, timeout=_MAX_ANSWER_SECONDS
            )
        ) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _list_unheard(settings: "Settings", parts: Sequence[str], now: float) -> Iterator[str]:
    from anchoring.database.engine import open_engine, open_snapshot
    from anchoring.processes.condition import read_conditions

    if not parts:
        return
    engine = open_engine(settings.replica_url)
    try:
        with open_snapshot(engine) as connection:
            seen_by_part = {condition.name: condition.seen for condition in read_conditions(connection)}
    finally:
        engine.dispose()
    yield from (part for part in parts if now - seen_by_part.get(part, 0) > REPORTS_SILENCE_SECONDS)
