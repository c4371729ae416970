"""The questions that a replica is asked, as statements; parameters are named."""

from typing import Final

from sqlalchemy import Select, Table, bindparam, func, select

from anchoring.replica import tables

Query = Select[tuple[object, ...]]  # of whole rows


def _select_by(table: Table, *names: str) -> Query:
    return select(table).where(*(table.c[name] == bindparam(name) for name in names))


STATE: Final = select(tables.STATE)
GOVERNANCE: Final = select(tables.GOVERNANCE)
LOGS: Final = select(tables.LOG).order_by(tables.LOG.c.n)
LOG: Final = _select_by(tables.LOG, "name")
DIVISIONS: Final = select(tables.DIVISION).order_by(tables.DIVISION.c.division)
KEYS: Final = select(tables.KEY).order_by(tables.KEY.c.id)
KEY: Final = _select_by(tables.KEY, "id")
GRANTS: Final = _select_by(tables.GRANT, "key", "issuer").order_by(tables.GRANT.c.n)
ISSUER_LOG: Final = (
    select(tables.ISSUER.c.log)
    .where(tables.ISSUER.c.issuer == bindparam("issuer"), tables.ISSUER.c.n <= bindparam("n"))
    .order_by(tables.ISSUER.c.n.desc())
    .limit(1)
)
ANCHOR: Final = _select_by(tables.ANCHOR, "log", "sequence")
ANCHORS: Final = _select_by(tables.ANCHOR, "log").order_by(tables.ANCHOR.c.sequence.desc())
ANCHORS_BETWEEN: Final = (
    _select_by(tables.ANCHOR, "log")
    .where(tables.ANCHOR.c.sequence > bindparam("after"), tables.ANCHOR.c.sequence <= bindparam("last"))
    .order_by(tables.ANCHOR.c.sequence)
)
VOID_ANCHORS: Final = (
    select(tables.ANCHOR.c.log, func.count()).where(tables.IS_VOID).group_by(tables.ANCHOR.c.log)
)
SIZE_BEFORE: Final = (
    select(tables.ANCHOR.c.size)
    .where(tables.ANCHOR.c.log == bindparam("log"), tables.ANCHOR.c.time < bindparam("time"))
    .order_by(tables.ANCHOR.c.sequence.desc())
    .limit(1)
)
EVENT: Final = _select_by(tables.EVENT, "n")
EVENTS: Final = select(tables.EVENT).where(tables.EVENT.c.n > bindparam("after")).order_by(tables.EVENT.c.n)
EVENT_NODES: Final = _select_by(tables.EVENT_NODES, "n")
ALL_EVENT_NODES: Final = select(tables.EVENT_NODES).order_by(tables.EVENT_NODES.c.n)
FACT_ROOT: Final = select(tables.FACT_ROOT.c.root).where(tables.FACT_ROOT.c.n == bindparam("n"))
FACT_PAGES: Final = select(tables.PAGE).order_by(tables.PAGE.c.prefix.desc())
NEWEST_BEFORE: Final = (
    select(tables.EVENT.c.n)
    .where(tables.EVENT.c.time < bindparam("time"))
    .order_by(tables.EVENT.c.n.desc())
    .limit(1)
)
HEAD: Final = select(tables.EVENT.c.head).where(tables.EVENT.c.n == bindparam("n"))
PENDING: Final = select(tables.PENDING).order_by(tables.PENDING.c.n)
STATUS: Final = (
    select(tables.POSITION)
    .where(
        tables.POSITION.c.log == bindparam("log"),
        tables.POSITION.c.position == bindparam("position"),
        tables.POSITION.c.sequence <= bindparam("sequence"),
    )
    .order_by(tables.POSITION.c.sequence.desc())
    .limit(1)
)
STATUSES: Final = (
    select(tables.POSITION)
    .where(tables.POSITION.c.log == bindparam("log"), tables.POSITION.c.sequence > bindparam("after"))
    .order_by(tables.POSITION.c.sequence)
)
BLOCKS: Final = _select_by(tables.BLOCK, "log").order_by(tables.BLOCK.c.number)
