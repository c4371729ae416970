"""The questions that the copies are asked, as statements; parameters are named."""

from typing import Final

from sqlalchemy import Select, Table, and_, bindparam, case, func, or_, select

from anchoring.monitor.tables import ANCHOR, ENTRY, LOG, Publication
from anchoring.replica import tables as replica

Query = Select[tuple[object, ...]]  # of rows, whatever they hold


def _select_by(table: Table, *names: str) -> Query:
    return select(table).where(*(table.c[name] == bindparam(name) for name in names))


#: Awaited entries are withheld once a node of their city was asked for them in vain when the grace was over: who was itself
#: away then says nothing before it has asked. A question of a time to come was noted by a clock that was wrong.
_JUDGED_STATE: Final = case(
    (
        and_(
            ANCHOR.c.state == Publication.AWAITED.value,
            ANCHOR.c.asked.between(ANCHOR.c.anchored + bindparam("grace"), bindparam("now")),
        ),
        Publication.WITHHELD.value,
    ),
    else_=ANCHOR.c.state,
)
_JUDGED_ANCHORS: Final = select(
    *(column for column in ANCHOR.c if column is not ANCHOR.c.state), _JUDGED_STATE.label("state")
).subquery()
WALKED_SEQUENCE: Final = select(LOG.c.walked).where(LOG.c.name == bindparam("log"))
#: Nothing is put off for longer than the longest pause: what is due later was noted by a clock that was wrong.
DUE_SEQUENCES: Final = (
    select(ANCHOR.c.sequence)
    .where(
        ANCHOR.c.log == bindparam("log"),
        or_(ANCHOR.c.due <= bindparam("now"), ANCHOR.c.due > bindparam("latest_due")),
    )
    .order_by(ANCHOR.c.due, ANCHOR.c.sequence)
    .limit(bindparam("limit"))
)
OF_ANCHORS: Final = select(_JUDGED_ANCHORS).where(
    _JUDGED_ANCHORS.c.log == bindparam("log"),
    _JUDGED_ANCHORS.c.sequence.between(bindparam("lowest"), bindparam("highest")),
)
SAME_ANCHOR: Final = (ANCHOR.c.log == bindparam("of_log"), ANCHOR.c.sequence == bindparam("of_sequence"))
COUNTS: Final = select(_JUDGED_ANCHORS.c.log, _JUDGED_ANCHORS.c.state, func.count().label("number")).group_by(
    _JUDGED_ANCHORS.c.log, _JUDGED_ANCHORS.c.state
)
OCCURRENCES: Final = _select_by(ENTRY, "log", "root").order_by(ENTRY.c.first).limit(bindparam("limit"))
#: An anchor that is not void and whose entries are not here: one is enough.
MISSING_ENTRIES: Final = (
    select(ANCHOR.c.sequence)
    .join(
        replica.ANCHOR,
        and_(replica.ANCHOR.c.log == ANCHOR.c.log, replica.ANCHOR.c.sequence == ANCHOR.c.sequence),
    )
    .where(
        ANCHOR.c.log == bindparam("log"),
        ANCHOR.c.due.is_not(None),
        ANCHOR.c.sequence <= bindparam("sequence"),
        replica.ANCHOR.c.void == "",
    )
    .limit(1)
)
PAGE: Final = (
    _select_by(ENTRY, "log")
    .where(ENTRY.c.first >= bindparam("position"))
    .order_by(ENTRY.c.first)
    .limit(bindparam("limit"))
)
LAST_UP_TO: Final = (
    _select_by(ENTRY, "log")
    .where(ENTRY.c.first <= bindparam("position"))
    .order_by(ENTRY.c.first.desc())
    .limit(1)
)
