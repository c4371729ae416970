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
from contextlib import ExitStack, closing, contextmanager
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

PASS_COUNT: Final = 3
RECORD_COUNT: Final = 10_000
SUBMISSION_SIZES: Final = (
    (1, 50),
    (100, 10),
    (RECORD_COUNT, 1),
)  # records of a submission, submissions of a pass
CLAIM_VALUES: Final = {f"CLAIM{number:02d}": f"天门市竟陵街道 {number}" for number in range(15)}
EVENT_COUNT: Final = 5_000
LARGE_RECORD_COUNT: Final = 1_000_000
SYNC_COUNT: Final = 200


def main() -> None:
    """Print the tables."""
    is_quick = "--quick" in sys.argv
    print("\nA register: submissions taken durably, followed, and final; by the clock")
    with (
        tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name,
        closing(Workers(count_processes())) as workers,
    ):
        folder = Path(folder_name)
        rules = replace(SETTINGS, workers=workers)  # as a node has them
        print(f"  {'the disk: one page made durable':<50}{_measure_syncs(folder):>12,.0f} /s")
        for database_kind in BOTH:
            with open_databases(database_kind, folder) as new_database:
                _measure_intake(database_kind, new_database, rules, is_quick)
                _measure_following(
                    database_kind, new_database, EVENT_COUNT // 10 if is_quick else EVENT_COUNT
                )
                _measure_finality(database_kind, new_database, folder / f"{database_kind}-chain")
        _measure_memory(folder, LARGE_RECORD_COUNT // 10 if is_quick else LARGE_RECORD_COUNT)


@contextmanager
def open_databases(database_kind: str, folder: Path) -> Iterator[NewDatabase]:
    """Give durable databases of a kind."""
    with ExitStack() as stack:
        if database_kind == SQLITE:
            yield sqlite(folder)
            return
        server_folder = folder / "server"
        server_folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        server_process = postgresql_server.start(server_folder, ["max_connections=200"])
        stack.callback(server_process.wait)
        stack.callback(server_process.terminate)
        yield stack.enter_context(schemas(f"postgresql://postgres@/postgres?host={server_folder}"))


def _measure_syncs(folder: Path) -> float:
    with (folder / "page").open("wb", buffering=0) as file:
        start_seconds = perf_counter()
        for _ in range(SYNC_COUNT):
            file.write(bytes(4096))
            os.fsync(file.fileno())
    return SYNC_COUNT / (perf_counter() - start_seconds)


# -- Intake --


def _measure_intake(
    database_kind: str, new_database: NewDatabase, rules: IntakeRules, is_quick: bool
) -> None:
    print(f"  {database_kind}")
    for description, is_disclosed in (
        ("records/s", False),
        (f"records/s with {len(CLAIM_VALUES)} claims each", True),
    ):
        for submission_size, repeat_count in SUBMISSION_SIZES:
            record_count = (
                submission_size // 10 if is_quick and submission_size == RECORD_COUNT else submission_size
            )
            rates_per_second, bytes_of_record = _measure_accepting(
                new_database,
                rules,
                f"{submission_size}_{is_disclosed}".lower(),
                record_count,
                repeat_count,
                is_disclosed,
            )
            print(
                f"    {description + f', {record_count:,} a submission':<48}{median(rates_per_second):>12,.0f}",
                end="",
            )
            print(f"  ({bytes_of_record:,.0f} bytes a record)" if submission_size == RECORD_COUNT else "")
    raw_rate = median(
        _measure_raw_rows(database_kind, new_database, pass_index) for pass_index in range(PASS_COUNT)
    )
    print(f"    {'the same database: rows/s from a bare driver':<48}{raw_rate:>12,.0f}")


def _measure_accepting(
    new_database: NewDatabase,
    rules: IntakeRules,
    database_name: str,
    record_count: int,
    repeat_count: int,
    is_disclosed: bool,
) -> tuple[list[float], float]:
    """Return records/s of each pass, and the bytes that a record takes in the end."""
    world = World()
    register = Register(new_database(f"intake_{database_name}"))
    empty_bytes = _measure_bytes(register.engine)
    rates_per_second, first_serial = [], 0
    for _ in range(PASS_COUNT):
        submissions = []
        for _ in range(repeat_count):
            rows = [
                licence(serial, claims=CLAIM_VALUES)
                for serial in range(first_serial, first_serial + record_count)
            ]
            submissions.append(_make_lines(world, rows, is_disclosed))
            first_serial += record_count
        start_seconds = perf_counter()
        for lines in submissions:
            accept(register, world.trust, lines, NOW, rules)
        rates_per_second.append(record_count * repeat_count / (perf_counter() - start_seconds))
    grown_bytes = _measure_bytes(register.engine) - empty_bytes
    register.close()
    return rates_per_second, grown_bytes / first_serial


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
    queries_by_dialect = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
        "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace",
    }
    with engine.connect() as connection:
        return int(connection.execute(text(queries_by_dialect[engine.dialect.name])).scalar_one())


def _measure_raw_rows(database_kind: str, new_database: NewDatabase, pass_index: int) -> float:
    """Return rows/s of one durable transaction of rows like a record's, without anything in between."""
    draw_bytes = Random(pass_index).randbytes
    rows = [(index, draw_bytes(32), index, draw_bytes(450)) for index in range(5 * RECORD_COUNT)]
    rows.sort(key=lambda row: row[1])
    url = make_url(new_database(f"raw_{pass_index}"))
    table_statement = (
        "CREATE TABLE record (position BIGINT PRIMARY KEY, leaf {0} UNIQUE, lineage BIGINT, body {0})"
    )
    if database_kind == SQLITE:
        with sqlite3.connect(str(url.database)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(table_statement.format("BLOB"))
            start_seconds = perf_counter()
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            connection.commit()
            return len(rows) / (perf_counter() - start_seconds)
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        connection.execute(table_statement.format("BYTEA").encode())
        connection.commit()
        start_seconds = perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY record FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "int8", "bytea"])
            for row in rows:
                copy.write_row(row)
        connection.commit()
        return len(rows) / (perf_counter() - start_seconds)


# -- Replica --


def _measure_following(database_kind: str, new_database: NewDatabase, event_count: int) -> None:
    chain, registry_name = _make_history(event_count)
    rates_per_second, bytes_of_event = [], 0.0
    for pass_index in range(PASS_COUNT):
        replica = Replica(new_database(f"replica_{pass_index}"))
        follower = Follower(chain, replica, registry_name)
        start_seconds = perf_counter()
        follower.start()
        follower.step()
        while not follower.is_caught_up:
            follower.step()
        with replica.reading() as replica_view:
            followed_count = replica_view.cursor.event_number
        rates_per_second.append(followed_count / (perf_counter() - start_seconds))
        bytes_of_event = _measure_bytes(replica.engine) / followed_count
        replica.close()
    description = "replica from scratch, events/s (chain in memory)"
    print(f"    {description:<48}{median(rates_per_second):>12,.0f}  ({bytes_of_event:,.0f} bytes an event)")


def _make_history(event_count: int) -> tuple[FakeChain, str]:
    """Return a chain whose log has anchors of 200 records, every tenth with three changes of status."""
    chain_net = FakeNet(FakeChain(time=NOW))
    account = chain_net.account("operator")
    registry_name = deploy_on(chain_net, account)
    contract_address = registry_name.split(":")[2]
    log_admitted = acts.LogAdmitted("tianmen", SM3.number, account.address, ("429006",), acts.Predecessor())
    for act in (log_admitted, acts.OperatorSet("tianmen", account.address)):
        act_on(chain_net, account, contract_address, calls.encode_call(act))
    tree = StatusTree(SM3)
    for sequence in range(1, event_count + 1):
        tree.grow(tree.size + 200)
        changes = [(sequence * 100 + index, 4) for index in range(3)] if sequence % 10 == 0 else []
        for position, status in changes:
            tree.set(position, status)
        batch_root = SM3.hash(sequence.to_bytes(8, "big"))
        anchor = acts.Anchored(
            "tianmen", sequence, tree.size, batch_root, tree.compute_root(), encode_changes(changes)
        )
        chain_net.chain.submit(account.address, contract_address, calls.encode_call(anchor))
        chain_net.chain.mine()
    chain_net.chain.mine(chain_net.chain.final_depth)
    return chain_net.chain, registry_name


# -- From acceptance to final --


def _measure_finality(database_kind: str, new_database: NewDatabase, folder: Path) -> None:
    """Let an anchorer and a follower run as they do in a node, on a chain with a block a second."""
    folder.mkdir()
    chain_net = AnvilNet(folder, block_seconds=1)
    stop_event = threading.Event()
    threads: list[threading.Thread] = []
    try:
        city = AnyCity(
            folder, chain_net, policy=BatchPolicy(), new_database=lambda name: new_database(f"city_{name}")
        )
        threads = [
            threading.Thread(target=run_loop, args=(stop_event,))
            for run_loop in (city.follower.run, city.anchorer.run)
        ]
        for thread in threads:
            thread.start()
        issue_seconds = [_measure_seconds(city, licence(pass_index)) for pass_index in range(PASS_COUNT)]
        revoke_seconds = [
            _measure_seconds(city, change("revoke", pass_index)) for pass_index in range(PASS_COUNT)
        ]
    finally:
        stop_event.set()
        for thread in threads:
            thread.join()
        chain_net.stop()
    city.stop()
    description = "seconds from acceptance to final"
    print(f"    {description + ', a licence':<48}{median(issue_seconds):>12.1f}")
    print(f"    {description + ', a change of status':<48}{median(revoke_seconds):>12.1f}", flush=True)


def _measure_seconds(city: AnyCity, row: dict[str, Any]) -> float:
    acceptance = city.submit(row)
    accepted_seconds = monotonic()
    while True:
        with city.register.reading() as connection:
            if find_submission(connection, acceptance.id).state == FINAL:
                return monotonic() - accepted_seconds
        sleep(0.05)


# -- Memory --


def _measure_memory(folder: Path, record_count: int) -> None:
    """Take one large submission in a process of its own, as `tests/acceptance` does with fewer."""
    submission_path = folder / "submission.ndjson"
    rows = (licence(serial) for serial in range(record_count))
    with submission_path.open("wb") as file, World().department.draft(rows) as signed_draft:
        file.writelines(signed_draft.lines())
    command_words = [sys.executable, intake_process.__file__, str(submission_path), str(folder / "large.db")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    start_seconds = perf_counter()
    completed_process = subprocess.run(command_words, check=True, capture_output=True, env=environment)
    elapsed_seconds = perf_counter() - start_seconds
    measures = orjson.loads(completed_process.stdout)
    description = f"megabytes at most, {measures['count']:,} records in one"
    print(f"    {description:<48}{measures['peak'] / 1e6:>12,.0f}  ({elapsed_seconds:,.0f} s)")


if __name__ == "__main__":
    main()
