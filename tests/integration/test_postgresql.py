"""A PostgreSQL server of our own that dies and comes back, with its own defaults.

That is what a city runs.
"""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.errors import DatabaseUnavailable
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
    assert after.first == before.first + 1
    register.close()
