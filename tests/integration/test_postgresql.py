"""A PostgreSQL server of our own that dies and comes back, with its own defaults.

That is what a city runs.
"""

import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from anchoring.database.engine import open_engine, open_snapshot
from anchoring.errors import DatabaseRefused, DatabaseUnavailable
from anchoring.limits import WORKER_CONNECTIONS
from anchoring.register.store import Register
from anchoring.register.submissions import find_submission
from tests import postgresql_server
from tests.fakes.department import World, licence


class Server:
    """A server in a folder; its path is short, as the name of a socket has to be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes]
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def start(self) -> None:
        self.process = postgresql_server.start(self.folder, [])

    def crash(self) -> None:
        """End without writing anything more down; what was promised must be in the log that is written ahead."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder:
        server = Server(Path(folder))
        server.start()
        yield server
        server.crash()


def test_what_was_accepted_survives_the_death_of_the_server(server: Server) -> None:
    world = World()
    register = Register(server.url)
    before = world.department.submit(register, world.trust, licence(1))
    server.crash()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="the database failed, try again"):
            world.department.submit(register, world.trust, licence(2))
    server.start()
    with register.reading() as connection:  # through the connections of before
        assert find_submission(connection, before.id).acceptance == before
    after = world.department.submit(register, world.trust, licence(2))
    assert after.first_position == before.first_position + 1
    register.close()


@pytest.mark.parametrize(
    ("user", "database"),
    [
        ("clerk:wrong", "postgres"),
        ("clerk", "postgres"),
        ("clerk:word", "none"),
        ("nobody", "postgres"),
        ("other", "x"),
    ],
    ids=["password", "no-password", "database", "user", "no-entry"],
)
def test_who_is_refused_is_told_so_by_the_number_of_the_error(
    server: Server, user: str, database: str
) -> None:
    with psycopg.connect(
        f"host={server.folder} user=postgres dbname=postgres", autocommit=True
    ) as connection:
        connection.execute("CREATE ROLE clerk LOGIN PASSWORD 'word'")
    rules = (
        "postgres clerk scram-sha-256",
        "none clerk trust",
        "postgres nobody trust",
        "postgres postgres trust",
    )
    (server.folder / "data" / "pg_hba.conf").write_text("".join(f"local {rule}\n" for rule in rules))
    server.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 10
    while refusal_of(f"postgresql://clerk:wrong@/postgres?host={server.folder}") is not DatabaseRefused:
        assert time.monotonic() < until
    assert refusal_of(f"postgresql://{user}@/{database}?host={server.folder}") is DatabaseRefused
    server.crash()
    assert refusal_of(f"postgresql://{user}@/{database}?host={server.folder}") is DatabaseUnavailable
    server.start()


def refusal_of(url: str) -> type[Exception] | None:
    """Return the class of what a first look at a database fails with."""
    engine = open_engine(url)
    try:
        with open_snapshot(engine):
            return None
    except DatabaseUnavailable as error:
        return type(error)
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("sqlstate", "words", "kind"),
    [
        ("28P01", '用户 "clerk" Password 认证失败', DatabaseRefused),
        ("28000", '没有用于主机 "[local]" 的 pg_hba.conf 记录', DatabaseRefused),
        ("3D000", '数据库 "x" 不存在', DatabaseRefused),
        ("42501", '访问数据库 "x" 的权限不够', DatabaseRefused),
        ("57P03", '数据库系统正在启动 C "28P01"', DatabaseUnavailable),
        ("08P01", "unsupported startup parameter: options", DatabaseRefused),
        ("53300", "对不起, 已经有太多的客户 password authentication failed", DatabaseUnavailable),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_server_that_speaks_another_language_is_understood(
    sqlstate: str, words: str, kind: type[Exception], encoding: str
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="shunzheng-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        listener.bind(f"{folder}/.s.PGSQL.5432")
        listener.listen()
        threading.Thread(
            target=refuse_everybody, args=(listener, sqlstate, words.encode(encoding)), daemon=True
        ).start()
        assert refusal_of(f"postgresql://clerk:word@/x?host={folder}") is kind
        listener.shutdown(socket.SHUT_RDWR)


def test_a_pooler_that_swallows_what_a_session_is_told_is_refused_by_name(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal_of(server.url) is None
    monkeypatch.setattr("sqlalchemy.URL.update_query_dict", lambda url, options: url)
    engine = open_engine(server.url)
    with pytest.raises(DatabaseRefused, match="pgbouncer"), open_snapshot(engine):
        pass
    engine.dispose()


def test_of_two_hosts_the_one_that_writes_is_taken_as_soon_as_it_does(server: Server) -> None:
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as nobody:
        url = f"postgresql://postgres@/postgres?host={nobody}&host={server.folder}&target_session_attrs=read-write"
        assert refusal_of(url) is None
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: refusal_of(url) is DatabaseUnavailable)  # as a standby is
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: refusal_of(url) is None)


@pytest.mark.parametrize(("query", "expected"), [("", "25000"), ("&tcp_user_timeout=5000", "5000")])
def test_a_server_whose_machine_vanishes_is_given_up_within_half_a_minute(
    server: Server, query: str, expected: str
) -> None:
    engine = open_engine(server.url + query)
    with open_snapshot(engine) as connection:
        session = connection.connection.driver_connection
        assert isinstance(session, psycopg.Connection)
        parameters = session.info.get_parameters()
    engine.dispose()
    assert parameters["tcp_user_timeout"] == expected, "what the URL says holds"
    assert parameters["connect_timeout"] == "10"
    assert [parameters[f"keepalives_{name}"] for name in ("idle", "interval", "count")] == ["10", "5", "3"]


def test_a_process_opens_no_more_connections_than_it_is_counted_with(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(server.url, connections=WORKER_CONNECTIONS)
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    with ExitStack() as stack:
        for _ in range(WORKER_CONNECTIONS):
            stack.enter_context(open_snapshot(engine))
        with pytest.raises(DatabaseUnavailable, match="every connection"):
            stack.enter_context(open_snapshot(engine))
    engine.dispose()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until


def refuse_everybody(listener: socket.socket, sqlstate: str, words: bytes) -> None:
    """Answer each connection as a server does whose `lc_messages` is zh_CN (protocol 3.0, ErrorResponse)."""
    fields = {b"S": "致命错误".encode(), b"V": b"FATAL", b"C": sqlstate.encode(), b"M": words}
    body = b"".join(name + value + b"\0" for name, value in fields.items()) + b"\0"
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(4_096)
            connection.sendall(b"E" + struct.pack(">i", 4 + len(body)) + body)
