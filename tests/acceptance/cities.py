"""Two cities as they are in life: a chain, a registry, nodes in processes, a department.

Whatever a person does goes through the command line, in a process of its own.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from anchoring.register.store import Register
from anchoring.register.tables import RECORD, SUBMISSION
from anchoring.replica.store import Replica
from api.client.client import NodeClient
from api.demo.stage import City, Stage, open_stage
from api.key_files import write_key
from api.node.errors import SETTINGS_FILE
from api.node.settings import Settings
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.encoding.canonical import Json
from ledger.records.identifiers import CertificateIdentifier
from ledger.registry import acts

ISSUER: Final = "11429006012345671T"
TYPE: Final = "11100000MB0143028R001"  # 营业执照
_PATIENCE_SECONDS: Final = 300.0  # of a machine that is busy; mostly it takes three
_TICK: Final = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Cities:
    """Tianmen issues, Wuhan verifies."""

    stage: Stage
    tianmen: City
    wuhan: City
    key_file: Path
    serial: int = 0

    def shunzheng(self, *arguments: str | Path, **environment: str) -> Answer:
        """Run the command line as a person does."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            env=os.environ | environment,
            timeout=120,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def submit(self, records: Path, *options: str | Path) -> Answer:
        return self.shunzheng(
            "submit", records, "--key", self.key_file, "--node", self.tianmen.url, "--json", *options
        )

    def licence(self, **members: Json) -> dict[str, Json]:
        """Return the input record of a licence that nobody has registered yet."""
        self.serial += 1
        identifier = CertificateIdentifier.build(TYPE, ISSUER, f"TM2026A{self.serial:013d}", 1).text
        row: dict[str, Json] = {
            "kind": "licence",
            "action": "issue",
            "identifier": identifier,
            "issuer": ISSUER,
            "valid_from": "2022-03-28",
            "claims": {"ZZMC": "营业执照", "CZZT": f"天门市示例第{self.serial}商行"},
        }
        return row | members

    def export(self, identifier: Json, path: Path) -> None:
        """Export a proof with a token, as a clerk of Tianmen does for the holder."""
        token = self.stage.make_token(self.tianmen, ["proofs", "claims"])
        done = self.shunzheng(
            "proof", str(identifier), "--node", self.tianmen.url, "-o", path, SHUNZHENG_TOKEN=token
        )
        assert done.code == 0, done.err

    def held(self) -> tuple[int, int]:
        """Count the submissions and the records that Tianmen's register holds."""
        url = Settings.load(self.tianmen.directory).register_url
        assert url is not None
        with closing(Register(url)) as register, register.reading() as connection:
            numbers = [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (SUBMISSION, RECORD)
            ]
        return numbers[0], numbers[1]

    def wait_known(self) -> None:
        """Wait until Wuhan knows what Tianmen has anchored."""
        with NodeClient(self.tianmen.url) as there:
            newest = _sequence(there)
        with NodeClient(self.wuhan.url) as here:
            eventually(lambda: _sequence(here) >= newest)

    def wait_key(self, key: bytes) -> None:
        """Wait until Tianmen's node knows a key, 32 bytes."""

        def known() -> bool:
            url = Settings.load(self.tianmen.directory).replica_url
            with closing(Replica(url)) as replica, replica.reading() as trust:
                return bool(trust.find_key(key) and trust.list_grants(key, ISSUER))

        eventually(known)


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(_TICK)


def write_rows(path: Path, *rows: Mapping[str, Json]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def new_key(path: Path) -> PrivateKey:
    key = generate_key("sm2", secrets.token_bytes)
    write_key(path, key)
    return key


def found(directory: Path, settings: str = "") -> Cities:
    """Start everything, with one department whose key may speak for every type; `settings` are further ones of Tianmen."""
    stage = open_stage(directory, block_seconds=1)
    try:
        stage.deploy()
        admin = stage.open_account("tianmen-admin").address
        stage.record_acts("province", acts.LogAdmitted("tianmen", 1, admin, ("429006",), acts.Predecessor()))
        operator = stage.open_account("tianmen-operator").address
        stage.record_acts("tianmen-admin", acts.OperatorSet("tianmen", operator))
        stage.record_acts("tianmen-admin", acts.IssuerAdded("tianmen", ISSUER))
        cities = Cities(
            stage,
            stage.found_city("tianmen", "天门市", issues=True),
            stage.found_city("wuhan", "武汉市", issues=False),
            directory / "department.pem",
        )
        register_key(stage, new_key(cities.key_file))
        stage.declare_node(cities.tianmen)
        stage.watch(cities.wuhan, cities.tianmen)
        with (cities.tianmen.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
            # Nobody else hands anything in: there is no company to wait for.
            file.write(f"{settings}\n[batching]\nquiet_seconds = 0\n")
        for city in (cities.tianmen, cities.wuhan):
            city.launch()
        for city in (cities.tianmen, cities.wuhan):
            city.wait_ready()
    except BaseException:
        close(stage)
        raise
    return cities


def register_key(stage: Stage, key: PrivateKey) -> None:
    stage.record_acts("tianmen-admin", acts.KeyRegistered("tianmen", 1, key.public.spki))
    grant = acts.KeyGranted("tianmen", key.public.id, ISSUER, 1, (), 0, acts.NO_END)
    stage.record_acts("tianmen-admin", grant)


def close(stage: Stage, *cities: City) -> None:
    try:
        for city in cities:
            city.stop()
    finally:
        if stage.devnet:
            stage.devnet.stop()


def _sequence(node: NodeClient) -> int:
    return next(int(log["sequence"]) for log in node.fetch_logs()["items"] if log["name"] == "tianmen")
