"""Learn by its number why a PostgreSQL server let nobody in.

libpq gives the number of an error (SQLSTATE, PostgreSQL's appendix A) only once a session stands; before, it gives words, in
the server's language and encoding. The number came with them: a second attempt is made with libpq's own trace of the
protocol, which shows it (PQtrace, of the connection's messages since libpq 18). The trace, in which passwords may stand,
never leaves this module. Where it shows nothing, nothing is known.
"""

import os
import re
import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

#: Classes and codes that only a person can mend: authorization (28), no such database, no privilege to connect.
_REFUSALS: Final = re.compile("28...|3D000|42501")
PASSWORD_MISSING: Final = "28P01"  # noqa: S105 -- where libpq had none to send, the server did not come to say so
#: What pgbouncer says to a session that is told anything (`options`): a breach of the protocol, as it sees that.
POOLER_REFUSAL: Final = "08P01"
_ERROR: Final = re.compile(
    rb'^B\t\d+\tErrorResponse\t (?:S "[^"]*" )?(?:V "[A-Z]+" )?C "([0-9A-Z]{5})"', re.MULTILINE
)
_TRACE_BYTES: Final = 2**16  # an error and what came before it have one or two thousand
_ATTEMPT_SECONDS: Final = 10.0  # for the second attempt, as for the first


def is_refusal(sqlstate: str | None) -> bool:
    """Tell whether a server refused what the settings name, rather than being away or busy."""
    return sqlstate is not None and bool(_REFUSALS.fullmatch(sqlstate))


def ask_sqlstate(parameters: Mapping[str, object]) -> str | None:
    """Return the number with which a server refuses a connection with these parameters; None where it gives none."""
    from psycopg import conninfo, pq

    if not hasattr(os, "memfd_create"):  # libpq's trace is used on Linux only, as psycopg does
        return None
    driver_parameters = {
        name: str(value) for name, value in parameters.items() if name != "context"
    }  # that is psycopg's own
    connection_text = conninfo.make_conninfo("", **driver_parameters)
    connection, trace_descriptor = pq.PGconn.connect_start(connection_text.encode()), os.memfd_create("trace")
    try:
        connection.trace(trace_descriptor)
        connection.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        _poll(connection)
        if connection.needs_password:
            return PASSWORD_MISSING
        connection.untrace()
        answer = _ERROR.search(os.pread(trace_descriptor, _TRACE_BYTES, 0))
        return answer[1].decode() if answer else None
    finally:
        connection.finish()
        os.close(trace_descriptor)


def _poll(connection: "PGconn") -> None:
    """Go through the start of a connection until it stands, or fails, or takes too long."""
    from psycopg.pq import PollingStatus

    deadline = time.monotonic() + _ATTEMPT_SECONDS
    while (status := connection.connect_poll()) not in (PollingStatus.OK, PollingStatus.FAILED):
        seconds_left = deadline - time.monotonic()
        if seconds_left <= 0:
            return
        sockets = [connection.socket]
        is_reading = status == PollingStatus.READING
        select.select(sockets if is_reading else [], [] if is_reading else sockets, [], seconds_left)
