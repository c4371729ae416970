"""Audits of a city, and copies of its register in which something was changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from anchoring.audit.findings import AuditReport
from anchoring.register.store import Register
from tests.auditing import audit
from tests.fakes.issuing import City


def audited(city: City, register: Register | None = None) -> AuditReport:
    with city.replica.reading(quarantined=True) as reading:
        return audit(reading, register or city.register, now=city.chain.now)


def copy_database(engine: Engine, file: Path) -> None:
    with closing(sqlite3.connect(engine.url.database or "")) as sound:
        sound.execute("VACUUM INTO ?", (str(file),))


@contextmanager
def planted(city: City, folder: Path, *statements: str) -> Iterator[Register]:
    """Give a copy of the city's register in which something was changed behind everybody's back."""
    file = folder / "register.db"
    copy_database(city.register.engine, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, "something was planted"
    register = Register(f"sqlite:///{file}")
    yield register
    register.close()
