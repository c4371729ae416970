"""How fast a register takes submissions, durably, on both databases.

And what becomes of them.

    python -m benchmarks register [--quick]

Accepted: from the lines of a submission to the commit that survives a power cut, beside the disk's own rate of such commits
and the rows that the same database takes from a bare driver. Final: from acceptance until the register says so, on anvil
with a block a second. Seconds of the clock, medians of three passes; PostgreSQL is started for this, with its own defaults.
`--quick`: a tenth of the records.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import Engine, make_url, text

from anchoring.anchorer.batcher import BatchPolicy
from anchoring.chain import calls
from anchoring.follower.follower import Follower
from anchoring.intake.intake import accept
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, find_submission
from anchoring.replica.store import Replica
from ledger.crypto.suites import SM3
from ledger.registry import acts
from ledger.registry.status import StatusTree, encode_changes
from tests import postgresql_server
from tests.acceptance import intake_process
from tests.databases import BOTH, SQLITE, NewDatabase, schemas, sqlite
from tests.fakes.department import NOW, SETTINGS, World, change, licence
from tests.fakes.fake_chain import FakeChain
from tests.fakes.issuing import AnyCity
from tests.fakes.nets import AnvilNet, FakeNet, act_on, deploy_on

PASSES: Final = 3
RECORDS: Final = 10_000
SIZES: Final = ((1, 50), (100, 10), (RECORDS, 1))  # records of a submission, submissions of a pass
CLAIMS: Final = {f"CLAIM{number:02d}": f"天门市竟陵街道 {number}" for number in range(20)}
EVENTS: Final = 5_000
LARGE: Final = 1_000_000
SYNCS: Final = 200


def main() -> None:
    """Print the tables."""
    quick = "--quick" in sys.argv
    print("\nA register: submissions taken durably, followed, and final; by the clock")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as named:
        folder = Path(named)
        print(f"  {'the disk: one page made durable':<50}{_syncs(folder):>12,.0f} /s")
        for kind in BOTH:
            with databases(kind, folder) as new:
                _intake(kind, new, quick)
                _follow(kind, new, EVENTS // 10 if quick else EVENTS)
                _finality(kind, new, folder / f"{kind}-chain")
        _memory(folder, LARGE // 10 if quick else LARGE)


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[NewDatabase]:
    """Give durable databases of a kind."""
    with ExitStack() as stack:
        if kind == SQLITE:
            yield sqlite(folder)
            return
        place = folder / "server"
        place.mkdir(mode=0o755)
        folder.chmod(0o755)
        server = postgresql_server.start(place, ["max_connections=200"])
        stack.callback(server.wait)
        stack.callback(server.terminate)
        yield stack.enter_context(schemas(f"postgresql://postgres@/postgres?host={place}"))


def _syncs(folder: Path) -> float:
    with (folder / "page").open("wb", buffering=0) as file:
        started = perf_counter()
        for _ in range(SYNCS):
            file.write(bytes(4096))
            os.fsync(file.fileno())
    return SYNCS / (perf_counter() - started)


# -- Intake --


def _intake(kind: str, new: NewDatabase, quick: bool) -> None:
    print(f"  {kind}")
    for words, disclosed in (("records/s", False), ("records/s with 20 claims each", True)):
        for size, times in SIZES:
            many = size // 10 if quick and size == RECORDS else size
            rates, each = _accepted(new, f"{size}_{disclosed}".lower(), many, times, disclosed)
            print(f"    {words + f', {many:,} a submission':<48}{median(rates):>12,.0f}", end="")
            print(f"  ({each:,.0f} bytes a record)" if size == RECORDS else "")
    raw = median(_raw_rows(kind, new, number) for number in range(PASSES))
    print(f"    {'the same database: rows/s from a bare driver':<48}{raw:>12,.0f}")


def _accepted(
    new: NewDatabase, name: str, size: int, times: int, disclosed: bool
) -> tuple[list[float], float]:
    """Return records/s of each pass, and the bytes that a record takes in the end."""
    world = World()
    register = Register(new(f"intake_{name}"))
    empty = _bytes(register.engine)
    rates, serial = [], 0
    for _ in range(PASSES):
        prepared = []
        for _ in range(times):
            rows = [licence(serial + number, claims=CLAIMS) for number in range(size)]
            prepared.append(_lines(world, rows, disclosed))
            serial += size
        started = perf_counter()
        for lines in prepared:
            accept(register, world.trust, lines, NOW, SETTINGS)
        rates.append(size * times / (perf_counter() - started))
    grown = _bytes(register.engine) - empty
    register.close()
    return rates, grown / serial


def _lines(world: World, rows: Sequence[dict[str, Any]], disclosed: bool) -> list[bytes]:
    first, *others = world.department.lines(rows)
    if disclosed:
        return [first, *others]
    return [first, *(orjson.dumps({"record": orjson.loads(line)["record"]}) for line in others)]


def _bytes(engine: Engine) -> int:
    """Return how large the database's tables and indexes are."""
    sizes = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace",
    }
    with engine.connect() as connection:
        return int(connection.execute(text(sizes[engine.dialect.name])).scalar_one())


def _raw_rows(kind: str, new: NewDatabase, number: int) -> float:
    """Return rows/s of one durable transaction of rows like a record's, without anything in between."""
    random = Random(number).randbytes
    rows = [(place, random(32), place, random(450)) for place in range(5 * RECORDS)]
    rows.sort(key=lambda row: row[1])
    url = make_url(new(f"raw_{number}"))
    table = "CREATE TABLE record (position BIGINT PRIMARY KEY, leaf {0} UNIQUE, lineage BIGINT, body {0})"
    if kind == SQLITE:
        with sqlite3.connect(str(url.database)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(table.format("BLOB"))
            started = perf_counter()
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            connection.commit()
            return len(rows) / (perf_counter() - started)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as session:
        session.execute(table.format("BYTEA").encode())
        session.commit()
        started = perf_counter()
        with session.cursor() as cursor, cursor.copy("COPY record FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "int8", "bytea"])
            for row in rows:
                copy.write_row(row)
        session.commit()
        return len(rows) / (perf_counter() - started)


# -- Replica --


def _follow(kind: str, new: NewDatabase, events: int) -> None:
    chain, name = _history(events)
    rates, size = [], 0.0
    for number in range(PASSES):
        replica = Replica(new(f"replica_{number}"))
        follower = Follower(chain, replica, name)
        started = perf_counter()
        follower.start()
        follower.step()
        while not follower.caught_up:
            follower.step()
        with replica.reading() as reading:
            taken = reading.cursor.n
        rates.append(taken / (perf_counter() - started))
        size = _bytes(replica.engine) / taken
        replica.close()
    words = "replica from scratch, events/s (chain in memory)"
    print(f"    {words:<48}{median(rates):>12,.0f}  ({size:,.0f} bytes an event)")


def _history(events: int) -> tuple[FakeChain, str]:
    """Return a chain whose log has anchors of 200 records, every tenth with three changes of status."""
    net = FakeNet(FakeChain(time=NOW))
    account = net.account("operator")
    name = deploy_on(net, account)
    contract = name.split(":")[2]
    admitted = acts.LogAdmitted("tianmen", SM3.number, account.address, ("429006",), acts.Predecessor())
    for act in (admitted, acts.OperatorSet("tianmen", account.address)):
        act_on(net, account, contract, calls.encode_call(act))
    tree = StatusTree(SM3)
    for sequence in range(1, events + 1):
        tree.grow(tree.size + 200)
        changes = [(sequence * 100 + place, 4) for place in range(3)] if sequence % 10 == 0 else []
        for position, status in changes:
            tree.set(position, status)
        root = SM3.hash(sequence.to_bytes(8, "big"))
        act = acts.Anchored("tianmen", sequence, tree.size, root, tree.root(), encode_changes(changes))
        net.chain.submit(account.address, contract, calls.encode_call(act))
        net.chain.mine()
    net.chain.mine(net.chain.final_depth)
    return net.chain, name


# -- From acceptance to final --


def _finality(kind: str, new: NewDatabase, folder: Path) -> None:
    """Let an anchorer and a follower run as they do in a node, on a chain with a block a second."""
    folder.mkdir()
    net = AnvilNet(folder, block_seconds=1)
    stop = threading.Event()
    runs: list[threading.Thread] = []
    try:
        city = AnyCity(folder, net, policy=BatchPolicy(), new_database=lambda name: new(f"city_{name}"))
        runs = [threading.Thread(target=run, args=(stop,)) for run in (city.follower.run, city.anchorer.run)]
        for run in runs:
            run.start()
        issued = [_seconds(city, licence(number)) for number in range(PASSES)]
        revoked = [_seconds(city, change("revoke", number)) for number in range(PASSES)]
    finally:
        stop.set()
        for run in runs:
            run.join()
        net.stop()
    city.stop()
    words = "seconds from acceptance to final"
    print(f"    {words + ', a licence':<48}{median(issued):>12.1f}")
    print(f"    {words + ', a change of status':<48}{median(revoked):>12.1f}", flush=True)


def _seconds(city: AnyCity, row: dict[str, Any]) -> float:
    acceptance = city.submit(row)
    accepted = monotonic()
    while True:
        with city.register.reading() as connection:
            if find_submission(connection, acceptance.id).state == FINAL:
                return monotonic() - accepted
        sleep(0.05)


# -- Memory --


def _memory(folder: Path, records: int) -> None:
    """Take one large submission in a process of its own, as `tests/acceptance` does with fewer."""
    source = folder / "submission.ndjson"
    rows = (licence(serial) for serial in range(records))
    with source.open("wb") as file, World().department.draft(rows) as drafted:
        file.writelines(drafted.lines())
    program = [sys.executable, intake_process.__file__, str(source), str(folder / "large.db")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    started = perf_counter()
    done = subprocess.run(program, check=True, capture_output=True, env=environment)
    seconds = perf_counter() - started
    said = orjson.loads(done.stdout)
    words = f"megabytes at most, {said['count']:,} records in one"
    print(f"    {words:<48}{said['peak'] / 1e6:>12,.0f}  ({seconds:,.0f} s)")


if __name__ == "__main__":
    main()
