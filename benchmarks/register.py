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
from dataclasses import replace
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
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.processes.workers import Workers, count_processes
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
CLAIMS: Final = {f"CLAIM{number:02d}": f"天门市竟陵街道 {number}" for number in range(15)}
EVENTS: Final = 5_000
LARGE: Final = 1_000_000
SYNCS: Final = 200


def main() -> None:
    """Print the tables."""
    is_quick = "--quick" in sys.argv
    print("\nA register: submissions taken durably, followed, and final; by the clock")
    with (
        tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name,
        Workers(count_processes()) as workers,
    ):
        folder = Path(folder_name)
        rules = replace(SETTINGS, workers=workers)  # as a node has them
        print(f"  {'the disk: one page made durable':<50}{_measure_syncs(folder):>12,.0f} /s")
        for kind in BOTH:
            with open_databases(kind, folder) as new_database:
                _measure_intake(kind, new_database, rules, is_quick)
                _measure_following(kind, new_database, EVENTS // 10 if is_quick else EVENTS)
                _measure_finality(kind, new_database, folder / f"{kind}-chain")
        _measure_memory(folder, LARGE // 10 if is_quick else LARGE)


@contextmanager
def open_databases(kind: str, folder: Path) -> Iterator[NewDatabase]:
    """Give durable databases of a kind."""
    with ExitStack() as stack:
        if kind == SQLITE:
            yield sqlite(folder)
            return
        server_folder = folder / "server"
        server_folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        server = postgresql_server.start(server_folder, ["max_connections=200"])
        stack.callback(server.wait)
        stack.callback(server.terminate)
        yield stack.enter_context(schemas(f"postgresql://postgres@/postgres?host={server_folder}"))


def _measure_syncs(folder: Path) -> float:
    with (folder / "page").open("wb", buffering=0) as file:
        start = perf_counter()
        for _ in range(SYNCS):
            file.write(bytes(4096))
            os.fsync(file.fileno())
    return SYNCS / (perf_counter() - start)


# -- Intake --


def _measure_intake(kind: str, new_database: NewDatabase, rules: IntakeRules, is_quick: bool) -> None:
    print(f"  {kind}")
    for description, is_disclosed in (
        ("records/s", False),
        (f"records/s with {len(CLAIMS)} claims each", True),
    ):
        for size, repeat_count in SIZES:
            record_count = size // 10 if is_quick and size == RECORDS else size
            rates, bytes_of_record = _measure_accepting(
                new_database,
                rules,
                f"{size}_{is_disclosed}".lower(),
                record_count,
                repeat_count,
                is_disclosed,
            )
            print(
                f"    {description + f', {record_count:,} a submission':<48}{median(rates):>12,.0f}", end=""
            )
            print(f"  ({bytes_of_record:,.0f} bytes a record)" if size == RECORDS else "")
    raw_rate = median(_measure_raw_rows(kind, new_database, number) for number in range(PASSES))
    print(f"    {'the same database: rows/s from a bare driver':<48}{raw_rate:>12,.0f}")


def _measure_accepting(
    new_database: NewDatabase,
    rules: IntakeRules,
    name: str,
    size: int,
    repeat_count: int,
    is_disclosed: bool,
) -> tuple[list[float], float]:
    """Return records/s of each pass, and the bytes that a record takes in the end."""
    world = World()
    register = Register(new_database(f"intake_{name}"))
    empty_bytes = _measure_bytes(register.engine)
    rates, serial = [], 0
    for _ in range(PASSES):
        submissions = []
        for _ in range(repeat_count):
            rows = [licence(serial + number, claims=CLAIMS) for number in range(size)]
            submissions.append(_make_lines(world, rows, is_disclosed))
            serial += size
        start = perf_counter()
        for lines in submissions:
            accept(register, world.trust, lines, NOW, rules)
        rates.append(size * repeat_count / (perf_counter() - start))
    grown_bytes = _measure_bytes(register.engine) - empty_bytes
    register.close()
    return rates, grown_bytes / serial


def _make_lines(world: World, rows: Sequence[dict[str, Any]], is_disclosed: bool) -> list[bytes]:
    statement_line, *record_lines = world.department.lines(rows)
    if is_disclosed:
        return [statement_line, *record_lines]
    return [
        statement_line,
        *(orjson.dumps({"record": orjson.loads(line)["record"]}) for line in record_lines),
    ]


def _measure_bytes(engine: Engine) -> int:
    """Return how large the database's tables and indexes are."""
    sizes = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace",
    }
    with engine.connect() as connection:
        return int(connection.execute(text(sizes[engine.dialect.name])).scalar_one())


def _measure_raw_rows(kind: str, new_database: NewDatabase, number: int) -> float:
    """Return rows/s of one durable transaction of rows like a record's, without anything in between."""
    random = Random(number).randbytes
    rows = [(place, random(32), place, random(450)) for place in range(5 * RECORDS)]
    rows.sort(key=lambda row: row[1])
    url = make_url(new_database(f"raw_{number}"))
    table = "CREATE TABLE record (position BIGINT PRIMARY KEY, leaf {0} UNIQUE, lineage BIGINT, body {0})"
    if kind == SQLITE:
        with sqlite3.connect(str(url.database)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(table.format("BLOB"))
            start = perf_counter()
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            connection.commit()
            return len(rows) / (perf_counter() - start)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as session:
        session.execute(table.format("BYTEA").encode())
        session.commit()
        start = perf_counter()
        with session.cursor() as cursor, cursor.copy("COPY record FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "int8", "bytea"])
            for row in rows:
                copy.write_row(row)
        session.commit()
        return len(rows) / (perf_counter() - start)


# -- Replica --


def _measure_following(kind: str, new_database: NewDatabase, event_count: int) -> None:
    chain, name = _make_history(event_count)
    rates, bytes_of_event = [], 0.0
    for number in range(PASSES):
        replica = Replica(new_database(f"replica_{number}"))
        follower = Follower(chain, replica, name)
        start = perf_counter()
        follower.start()
        follower.step()
        while not follower.caught_up:
            follower.step()
        with replica.reading() as replica_view:
            followed_count = replica_view.cursor.event_number
        rates.append(followed_count / (perf_counter() - start))
        bytes_of_event = _measure_bytes(replica.engine) / followed_count
        replica.close()
    description = "replica from scratch, events/s (chain in memory)"
    print(f"    {description:<48}{median(rates):>12,.0f}  ({bytes_of_event:,.0f} bytes an event)")


def _make_history(event_count: int) -> tuple[FakeChain, str]:
    """Return a chain whose log has anchors of 200 records, every tenth with three changes of status."""
    net = FakeNet(FakeChain(time=NOW))
    account = net.account("operator")
    name = deploy_on(net, account)
    contract = name.split(":")[2]
    log_admitted = acts.LogAdmitted("tianmen", SM3.number, account.address, ("429006",), acts.Predecessor())
    for act in (log_admitted, acts.OperatorSet("tianmen", account.address)):
        act_on(net, account, contract, calls.encode_call(act))
    tree = StatusTree(SM3)
    for sequence in range(1, event_count + 1):
        tree.grow(tree.size + 200)
        changes = [(sequence * 100 + place, 4) for place in range(3)] if sequence % 10 == 0 else []
        for position, status in changes:
            tree.set(position, status)
        root = SM3.hash(sequence.to_bytes(8, "big"))
        anchor = acts.Anchored(
            "tianmen", sequence, tree.size, root, tree.compute_root(), encode_changes(changes)
        )
        net.chain.submit(account.address, contract, calls.encode_call(anchor))
        net.chain.mine()
    net.chain.mine(net.chain.final_depth)
    return net.chain, name


# -- From acceptance to final --


def _measure_finality(kind: str, new_database: NewDatabase, folder: Path) -> None:
    """Let an anchorer and a follower run as they do in a node, on a chain with a block a second."""
    folder.mkdir()
    net = AnvilNet(folder, block_seconds=1)
    stop = threading.Event()
    threads: list[threading.Thread] = []
    try:
        city = AnyCity(
            folder, net, policy=BatchPolicy(), new_database=lambda name: new_database(f"city_{name}")
        )
        threads = [
            threading.Thread(target=run, args=(stop,)) for run in (city.follower.run, city.anchorer.run)
        ]
        for thread in threads:
            thread.start()
        issue_seconds = [_measure_seconds(city, licence(number)) for number in range(PASSES)]
        revoke_seconds = [_measure_seconds(city, change("revoke", number)) for number in range(PASSES)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        net.stop()
    city.stop()
    description = "seconds from acceptance to final"
    print(f"    {description + ', a licence':<48}{median(issue_seconds):>12.1f}")
    print(f"    {description + ', a change of status':<48}{median(revoke_seconds):>12.1f}", flush=True)


def _measure_seconds(city: AnyCity, row: dict[str, Any]) -> float:
    acceptance = city.submit(row)
    accepted_at = monotonic()
    while True:
        with city.register.reading() as connection:
            if find_submission(connection, acceptance.id).state == FINAL:
                return monotonic() - accepted_at
        sleep(0.05)


# -- Memory --


def _measure_memory(folder: Path, record_count: int) -> None:
    """Take one large submission in a process of its own, as `tests/acceptance` does with fewer."""
    source = folder / "submission.ndjson"
    rows = (licence(serial) for serial in range(record_count))
    with source.open("wb") as file, World().department.draft(rows) as draft:
        file.writelines(draft.lines())
    program = [sys.executable, intake_process.__file__, str(source), str(folder / "large.db")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    start = perf_counter()
    process = subprocess.run(program, check=True, capture_output=True, env=environment)
    seconds = perf_counter() - start
    measures = orjson.loads(process.stdout)
    description = f"megabytes at most, {measures['count']:,} records in one"
    print(f"    {description:<48}{measures['peak'] / 1e6:>12,.0f}  ({seconds:,.0f} s)")


if __name__ == "__main__":
    main()
