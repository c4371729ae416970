"""Two chains, and two cities that reach them through endpoints that can fail.

The second chain resembles the first, so that an endpoint can show the wrong one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import URL, make_url, select

from anchoring.anchorer.lease import LEASE_SECONDS
from anchoring.chain.devnet import Devnet
from anchoring.register.batches import list_open_batches
from anchoring.register.store import Register
from anchoring.register.submissions import FROZEN, list_submissions
from anchoring.register.tables import SUBMISSION, TRANSACTION
from anchoring.register.transactions import list_transactions
from anchoring.replica.store import Replica
from api.demo.stage import City, Stage, open_stage
from api.node.errors import SETTINGS_FILE
from api.node.parts import list_parts
from api.node.settings import Settings
from ledger.registry import acts
from tests.databases import POSTGRESQL, hang_up, schemas, server
from tests.fakes.department import ISSUER, LOG, Department
from tests.torture.endpoint import Endpoint
from tests.torture.parts import Part
from tests.torture.starter import Starter

BLOCK_SECONDS: Final = 0.5
FINAL_DEPTH: Final = 6  # blocks: a reorganisation of 5 stays above finality
_AHEAD: Final = 1_000  # blocks that the other chain is longer
_ENDPOINTS: Final = 2  # of each city
_ANCHORER_SECONDS: Final = (
    LEASE_SECONDS + 5.0
)  # after one that was killed it waits for the lease, and then some batches
_NODE_SECONDS: Final = 8.0  # a supervisor and its processes load the whole program


@dataclass(frozen=True, slots=True)
class Cities:
    """Tianmen issues, in processes of their own; Wuhan verifies, under a supervisor."""

    stage: Stage
    devnet: Devnet
    other: Devnet
    tianmen: City
    wuhan: City
    urls: Sequence[str]
    endpoints: dict[str, list[Endpoint]]
    department: Department
    register: Register
    replicas: dict[str, Replica]
    on_server: Sequence[URL]  # Tianmen's databases, where they are PostgreSQL's

    def parts(self, starter: Starter) -> list[Part]:
        """Return every process: two of the API, and a second anchorer that nobody wants yet."""
        tianmen, wuhan = self.tianmen.directory, self.wuhan.directory
        parts = [Part("wuhan", "node", wuhan, starter, settles=_NODE_SECONDS)]
        for url in self.urls:
            listen = {"SHUNZHENG_LISTEN": url.removeprefix("http://")}
            parts.append(Part("tianmen", "api", tianmen, starter, listen))
        for kind in list_parts(Settings.load(tianmen)):
            if kind == "anchorer":
                pair = [Part("tianmen", kind, tianmen, starter, settles=_ANCHORER_SECONDS) for _ in range(2)]
                pair[1].wanted = False
                parts += pair
            elif kind != "api":
                parts.append(Part("tianmen", kind, tianmen, starter))
        return parts

    def quarantine(self, city: str) -> str:
        with self.replicas[city].reading(quarantined=True) as reading:
            return reading.quarantine

    def known(self, city: str) -> int:
        """Return how many positions of Tianmen's log are final for a city."""
        with self.replicas[city].reading(quarantined=True) as reading:
            log = reading.find_log(LOG)
            return log.size if log else 0

    def standing(self) -> str:
        """Return how far the anchoring of Tianmen is: what a kill at this moment interrupts."""
        with self.register.reading() as connection:
            open_ones = list_open_batches(connection)
            if not open_ones:
                waits = select(SUBMISSION.c.first).where(SUBMISSION.c.batch.is_(None)).limit(1)
                return "accepted" if connection.execute(waits).first() else "nothing"
            newest = open_ones[-1]
            stored = list_transactions(connection, newest.sequence)
            return "stored" if newest.state == FROZEN and stored else newest.state

    def at_rest(self) -> bool:
        """Tell whether all that was accepted is final, and known to both cities."""
        with self.register.reading() as connection:
            newest = connection.execute(
                select(SUBMISSION.c.first).order_by(SUBMISSION.c.first.desc())
            ).first()
            last = list_submissions(connection, after=newest.first - 1) if newest else []
            if list_open_batches(connection) or any(one.state != "final" for one in last):
                return False
        size = last[-1].acceptance.first_position + last[-1].acceptance.record_count if last else 0
        return all(self.known(city) == size and not self.quarantine(city) for city in self.replicas)

    def hang_up(self, share: float) -> int:
        """End a share of the connections that Tianmen's processes have to a server; return how many."""
        return sum(hang_up(url, share) for url in self.on_server)

    def raw(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Return the stored transactions of these hashes, to be handed in again."""
        with self.register.reading() as connection:
            wanted = select(TRANSACTION.c.raw).where(TRANSACTION.c.hash.in_(hashes))
            return list(connection.execute(wanted.order_by(TRANSACTION.c.nonce)).scalars())


def found(directory: Path, random: Random, stack: ExitStack, database: str) -> Cities:
    """Lay everything out; `stack` closes it. No process of a node runs yet."""
    os.environ.pop("CHAIN_URL", None)
    stage = open_stage(directory, BLOCK_SECONDS)
    assert stage.devnet
    stack.callback(stage.devnet._kill)
    other = Devnet(directory / "other", block_seconds=BLOCK_SECONDS)
    other.start()
    stack.callback(other._kill)
    twin = Stage(directory, other.chain, other.url, devnet=other)
    department = Department("", seed=random.getrandbits(32), algorithm="sm2")
    for each in (stage, twin):
        _govern(each, department)
    other.mine(_AHEAD)
    department.target = Department(stage.registry).target
    endpoints = {
        city: [Endpoint(stage.chain_url, other.url, random) for _ in range(_ENDPOINTS)]
        for city in ("tianmen", "wuhan")
    }
    for endpoint in [one for city in endpoints.values() for one in city]:
        stack.callback(endpoint.close)
    cities = {
        city: _city(stage, city, title, endpoints[city])
        for city, title in (("tianmen", "天门市"), ("wuhan", "武汉市"))
    }
    _let_fetch(cities["wuhan"], cities["tianmen"])
    on_server = _move_to_server(cities["tianmen"], stack) if database == POSTGRESQL else []
    spare = stage.found_city("spare", "", issues=False)  # an address for the second API
    stage.devnet.mine(FINAL_DEPTH)  # so that whoever has caught up knows the log, its issuer and its key
    settings = {name: Settings.load(city.directory) for name, city in cities.items()}
    assert settings["tianmen"].register_url
    register = Register(beside(settings["tianmen"].register_url))
    stack.callback(register.close)
    replicas = {name: Replica(beside(one.replica_url)) for name, one in settings.items()}
    for replica in replicas.values():
        stack.callback(replica.close)
    tianmen, wuhan = cities["tianmen"], cities["wuhan"]
    urls = [tianmen.url, spare.url]
    return Cities(
        stage,
        stage.devnet,
        other,
        tianmen,
        wuhan,
        urls,
        endpoints,
        department,
        register,
        replicas,
        on_server,
    )


def _move_to_server(city: City, stack: ExitStack) -> list[URL]:
    """Have the city keep its register and its replica in PostgreSQL, and return where."""
    new_database = stack.enter_context(schemas(server()))
    urls = {name: new_database(name) for name in ("register", "replica")}
    file = city.directory / SETTINGS_FILE
    lines = [f"{name}_url = {json.dumps(url)}\n" for name, url in urls.items()]
    file.write_text("".join(lines) + file.read_text("utf-8"), "utf-8")
    return [make_url(url) for url in urls.values()]


def beside(url: str) -> str:
    """Return the URL for whoever only watches, and is not hung up on."""
    parsed = make_url(url)
    if "application_name" in parsed.query:
        parsed = parsed.update_query_dict({"application_name": "torture"})
    return parsed.render_as_string(hide_password=False)


def _govern(stage: Stage, department: Department) -> None:
    """Deploy a registry and admit both logs; the same acts on every chain."""
    stage.deploy()
    for log, division in ((LOG, "429006"), ("wuhan", "420100")):
        admin = stage.open_account(f"{log}-admin").address
        stage.record_acts("province", acts.LogAdmitted(log, 1, admin, (division,), acts.Predecessor()))
    key = department.key.public
    stage.record_acts(
        "tianmen-admin",
        acts.OperatorSet(LOG, stage.open_account("tianmen-operator").address),
        acts.IssuerAdded(LOG, ISSUER),
        acts.KeyRegistered(LOG, 1, key.spki),
    )
    stage.record_acts("tianmen-admin", acts.KeyGranted(LOG, key.id, ISSUER, 15, (), 0, acts.NO_END))


def _city(stage: Stage, name: str, title: str, endpoints: Sequence[Endpoint]) -> City:
    chain_url, stage.chain_url = stage.chain_url, " ".join(endpoint.url for endpoint in endpoints)
    city = stage.found_city(name, title, issues=name == LOG)
    stage.chain_url = chain_url
    stage.declare_node(city)
    file = city.directory / SETTINGS_FILE
    file.write_text(f"final_depth = {FINAL_DEPTH}\n{file.read_text('utf-8')}", "utf-8")
    return city


def _let_fetch(city: City, peer: City) -> None:
    """Name a peer, from which the entries of its log are fetched."""
    file = city.directory / SETTINGS_FILE
    text = file.read_text("utf-8")
    if "[peers]" not in text:
        file.write_text(f'{text}\n[peers]\n{peer.name} = "{peer.url}"\n', "utf-8")


def audit(city: City) -> tuple[int, str]:
    """Run the full check of a city's databases as an auditor does; exit code and what it said."""
    command = [sys.executable, "-m", "api.cli", "audit", str(city.directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr
