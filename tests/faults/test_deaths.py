"""What other logs died of, rehearsed: deleted databases, flipped bits, full disks.

The audit is the witness.
"""

import os
import random
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from anchoring.audit.findings import AuditReport
from anchoring.errors import AnchoringError, DatabaseDamaged, DatabaseUnavailable
from anchoring.intake.intake import accept
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, list_submissions
from anchoring.register.tables import METADATA
from tests.auditing import audit
from tests.fakes.department import SETTINGS, change, licence
from tests.fakes.issuing import City

FLIPS: Final = 60
#: Columns in which nothing is stated that an audit could check: paces and states of work, and rows of their own.
UNCHECKED: Final = {
    "log": {"opened"},
    "batch": {"frozen", "state"},
    "submission": {"warnings", "deadline", "receipt"},
    "signed_transaction": {"nonce", "gas_price", "signed", "sent"},
}
UNCHECKED_TABLES: Final = {"lease", "token", "alembic_version"}


def audited(city: City, register: Register | None = None) -> AuditReport:
    with city.replica.reading() as reading:
        return audit(reading, register or city.register, now=city.chain.now)


def test_a_deleted_replica_is_followed_anew_and_nothing_else_changes(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.submit(licence(1), licence(2))
    city.settle()
    city.submit(change("suspend", 1))
    before = audited(city).checked_counts
    city.stop()
    for file in tmp_path.glob("replica.db*"):
        file.unlink()
    city.start()
    city.follow()
    city.settle()
    report = audited(city)
    assert report.is_clean
    assert report.checked_counts["records"] == before["records"] == 3
    assert [anchor.sequence for anchor in city.anchors()] == [1, 2]
    city.stop()


def test_a_flipped_bit_is_found_by_the_database_or_by_the_audit(tmp_path: Path) -> None:
    """One bit anywhere in the register's file: what it says is still the same, or somebody says that it is not."""
    city = City(tmp_path)
    city.submit(*(licence(n) for n in range(20)))
    city.settle()
    city.submit(change("suspend", 1), change("renew", 2, 2), licence(30))
    city.settle()
    sound = tmp_path / "sound.db"
    with closing(sqlite3.connect(tmp_path / "register.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(sound),))
    content, stated = sound.read_bytes(), said(sound)
    assert audited(city).is_clean
    found = 0
    written = [bit for bit in range(len(content) * 8) if content[bit // 8]]  # most of the rest is free space
    for number, place in enumerate(random.Random(5).sample(written, FLIPS)):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        file = tmp_path / f"flipped-{number}.db"
        file.write_bytes(damaged)
        noticed = notices(city, file)
        if not noticed:
            assert said(file) == stated, f"bit {place} went unnoticed"
        found += noticed
        file.unlink()
    assert found > FLIPS // 2  # the others fell into what states nothing
    city.stop()


def notices(city: City, file: Path) -> bool:
    try:
        register = Register(f"sqlite:///{file}")
    except (AnchoringError, SQLAlchemyError):  # the node does not start
        return True
    try:
        return not audited(city, register).is_clean
    finally:
        register.close()


def said(file: Path) -> Any:
    """Return everything that the tables state and an audit could check."""
    with closing(sqlite3.connect(file)) as connection:
        try:
            return {
                name: rows(connection, name) for name in sorted(METADATA.tables.keys() - UNCHECKED_TABLES)
            }
        except sqlite3.DatabaseError as error:
            return str(error)


def rows(connection: sqlite3.Connection, table: str) -> Any:
    columns = [column.name for column in METADATA.tables[table].columns]
    checked = ", ".join(name for name in columns if name not in UNCHECKED.get(table, ()))
    return list(connection.execute(f"SELECT {checked} FROM {table} ORDER BY 1"))


def test_a_damaged_file_has_a_name_and_stops_the_anchorer_at_start(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.submit(*(licence(n) for n in range(20)))
    city.register.check()
    city.stop()
    file = tmp_path / "register.db"
    content = bytearray(file.read_bytes())
    pages = range(4096, len(content), 4096)
    for start in pages[len(pages) // 2 :]:
        content[start : start + 200] = bytes(200)
    file.write_bytes(content)
    with pytest.raises(DatabaseDamaged, match="backup"):
        Register(f"sqlite:///{file}").check()


class Scarce:
    """A disk with room for so many pages and no more, for each of a node's databases."""

    def __init__(self, city: City) -> None:
        self.pages = {city.register.engine: 0, city.replica.engine: 0}
        for engine in self.pages:
            with engine.connect() as connection:
                self.pages[engine] = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            event.listen(engine, "begin", self._limit)

    def _limit(self, connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {self.pages[connection.engine]}")

    def grow(self) -> None:
        for engine in self.pages:
            self.pages[engine] += 1


def test_a_database_that_cannot_grow_keeps_nothing_half_written_and_goes_on(tmp_path: Path) -> None:
    """Every write of intake, freezing, sending and following meets a full disk, in its turn, and is done again."""
    city = City(tmp_path)
    scarce = Scarce(city)
    failed = story(city, scarce.grow)
    assert failed > 5
    city.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_keeps_nothing_half_written_and_the_node_goes_on_with_space(small_disk: Path) -> None:
    """As above with a real file system, so that the write-ahead log runs out of space too."""
    city = City(small_disk)
    ballast = small_disk / "ballast"

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def give() -> None:
        os.truncate(ballast, max(0, ballast.stat().st_size - 16_384))

    fill()
    failed = story(city, give)
    assert failed > 5
    city.stop()


def story(city: City, give_space: Callable[[], None]) -> int:
    """Register, anchor and follow; where there is no space, check that nothing is half done, give some, and do it again."""
    failed = 0

    def insist(do: Callable[[], object]) -> None:
        nonlocal failed
        for _ in range(400):
            try:
                do()
                return
            except DatabaseUnavailable:
                failed += 1
                assert audited(city).findings == ()
                give_space()
        raise AssertionError("there was never enough space")

    for rows_sent in (
        [licence(n) for n in range(150)],
        [change("suspend", 1), change("renew", 2, 2)],
        [licence(200)],
    ):
        lines = city.department.lines(rows_sent, city.chain.now, find_newest_leaf=city.newest)

        def send(lines: list[bytes] = lines) -> None:
            with city.replica.reading() as trust:
                accept(city.register, trust, lines, city.chain.now, SETTINGS)

        insist(send)
        for _ in range(15):
            insist(city.anchorer.step)
            city.chain.mine()
            insist(city.follow)
    city.chain.mine(city.chain.final_depth)
    insist(city.follow)
    insist(city.anchorer.step)
    with city.register.reading() as connection:
        assert [found.state for found in list_submissions(connection)] == [FINAL] * 3
    report = audited(city)
    assert report.findings == ()
    assert report.checked_counts["records"] == 153
    return failed
