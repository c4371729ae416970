"""A small stopped node with all that an audit looks at, and copies of it."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from anchoring.audit.audit import AuditEvidence, Expected
from anchoring.audit.findings import AuditReport
from anchoring.audit.node import DatabaseUrls, audit_node
from anchoring.chain.protocol import Chain
from anchoring.checkpoints.cosigning import CosigningPeer
from anchoring.checkpoints.store import Checkpoints, make_checkpoint
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.monitor.monitor import Monitor
from anchoring.register.access.looks import LookRules, Purpose, log_looks
from anchoring.register.access.tokens import create_token
from anchoring.register.receipts import find_or_sign_receipt
from anchoring.register.records import find_current_leaf
from anchoring.register.submissions import list_submissions
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import decode, encode_canonical
from ledger.records.erasures import SignedErasure
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry import acts
from ledger.registry.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint
from ledger.registry.trust import NODE
from ledger.verification.audits import Finding
from ledger.verification.receipts import SignedReceipt
from tests.databases import NewDatabase, sqlite
from tests.fakes.backups import KeptCopies
from tests.fakes.department import ISSUER, LOG, change, identifier, licence
from tests.fakes.erasing import erase_content
from tests.fakes.fake_chain import FakeChain
from tests.fakes.issuing import City

OTHER_LOG: Final = "wuhan"
SEAL: Final = SealingIdentifier.build("seal", ISSUER, "42900600000001").text
SEALING: Final = SealingIdentifier.build("signature", ISSUER, "TM000000001").text
REGISTER, REPLICA, CHECKPOINTS = "register.db", "replica.db", "checkpoints.db"


@dataclass(frozen=True)
class Stage:
    """The stopped node: its folder, what its settings say, the chain, the keys, and the receipts that were given out."""

    folder: Path
    expected: Expected
    chain: FakeChain
    own_key: PrivateKey
    other_key: PrivateKey
    department_key: PrivateKey
    receipts: Sequence[SignedReceipt]
    checkpoint: Checkpoint
    now: int
    peers: Sequence[CosigningPeer] = ()

    def copy(self, folder: Path) -> "Copy":
        """Return a copy of the node's files in `folder`."""
        for file in self.folder.iterdir():
            shutil.copyfile(file, folder / file.name)
        return Copy(folder, self, self.expected, self.chain)


@dataclass
class Copy:
    """A copy of the stage that is damaged and then audited; what is beside its files may be changed too."""

    folder: Path
    stage: Stage
    expected: Expected
    chain: Chain | None
    peers: Sequence[CosigningPeer] = ()
    receipts: Sequence[SignedReceipt] = ()
    erasures: Sequence[SignedErasure] = ()
    outcome: AuditReport | None = field(default=None)
    processes: int = 1

    def execute(self, database: str, *statements: str, **values: object) -> None:
        """Run SQL behind everybody's back; the last statement must change something, or define something."""
        with closing(sqlite3.connect(self.folder / database)) as connection, connection:
            for statement in statements:
                cursor = connection.execute(statement, values if ":" in statement else {})
                defines = statement.split()[0] in ("CREATE", "DROP", "ALTER", "PRAGMA", "WITH")
                assert defines or cursor.rowcount != 0, f"nothing was damaged: {statement}"

    def read(self, database: str, query: str) -> object:
        with closing(sqlite3.connect(self.folder / database)) as connection:
            return connection.execute(query).fetchone()[0]

    def audit(self, now: int | None = None) -> AuditReport:
        replica, checkpoints, register = map(self.make_url, (REPLICA, CHECKPOINTS, REGISTER))
        database_urls = DatabaseUrls(replica, checkpoints, register, grace_seconds=0)
        evidence = AuditEvidence(self.chain, self.peers, self.receipts, self.erasures)
        return audit_node(
            database_urls,
            self.expected,
            now=now or self.stage.now,
            evidence=evidence,
            processes=self.processes,
        )

    def make_url(self, database: str) -> str:
        return f"sqlite:///{self.folder / database}"

    def contents(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.folder.iterdir())}


@dataclass(frozen=True)
class OtherNode:
    """Another city's node that vouches for a checkpoint."""

    signed: CosignedCheckpoint
    name: str = "node 1 of wuhan"

    def fetch_checkpoint(self) -> bytes:
        return encode_canonical(self.signed.to_json())


def build_stage(folder: Path, new_database: NewDatabase | None = None) -> Stage:
    """Let a city work: several batches, changes of status, links, a batch that is not final, submissions that wait."""
    folder.mkdir()
    new_database = new_database or sqlite(folder)
    city = City(folder, new_database=new_database)
    own_key, other_key = (generate_key("p256", Random(seed).randbytes) for seed in (5, 6))
    admin = city.net.account("admin").address
    city.act(acts.LogAdmitted(OTHER_LOG, 1, admin, ("420100",), acts.Predecessor()), "province")
    city.act(acts.KeyRegistered(LOG, NODE, own_key.public.spki))
    city.act(acts.KeyRegistered(OTHER_LOG, NODE, other_key.public.spki))
    city.submit(*(licence(n) for n in range(6)))
    city.settle()
    city.submit(change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10))
    city.submit(licence(20))
    city.settle()
    city.submit(change("resume", 1), licence(30))
    city.submit(licence(kind="seal", identifier=SEAL, claims={"CZZTDM": ISSUER}))
    made_with = [{"rel": "made-with", "record": SM3.format(_leaf(city, SEAL))}]
    sealed_by = [{"rel": "sealed-by", "identifier": SEALING}]
    city.submit(
        licence(kind="signature", identifier=SEALING, claims={"KZ_QZRDM": ISSUER}, links=made_with),
        licence(50, links=sealed_by),
    )
    city.settle()
    checkpoints = Checkpoints(new_database("checkpoints"))
    with city.replica.reading() as view:
        checkpoint = make_checkpoint(view, view.cursor.event_number)
        first_checkpoint = make_checkpoint(view, view.cursor.event_number - 1)
    for key, signed in ((own_key, first_checkpoint), (own_key, checkpoint)):
        checkpoints.sign(key, signed)
    checkpoints.add(CosignedCheckpoint(checkpoint, (Cosignature.make(other_key, checkpoint),)))
    checkpoints.close()
    Monitor(
        city.replica, {LOG: [KeptCopies(city.register)]}, withheld_after=0, clock=lambda: city.chain.now
    ).step()
    city.submit(change("suspend", 4), licence(31))
    while not _has_pending(city):  # frozen, sent, mined, and not final
        city.anchorer.step()
        city.chain.mine(1)
        city.follow()
    _submit_undisclosed(city, own_key)
    with city.register.writing() as connection:
        for number in range(2):
            token, _ = create_token(
                connection,
                Random(number).randbytes,
                label="office",
                scopes=["history"],
                now=city.chain.now,
                ends_at=None,
                key=own_key,
            )
            for serial in range(3):
                outcomes = {identifier(serial): "shown"}
                log_looks(
                    connection,
                    token.id,
                    Purpose.PROOF,
                    outcomes,
                    city.chain.now,
                    LookRules(days=365, daily=100),
                    key=own_key,
                )
    with city.register.writing() as connection:
        erase_content(connection, find_current_leaf(connection, identifier(30)), key=own_key)
    receipts = []
    with city.register.reading() as connection:
        submissions = list_submissions(connection)
    for submission in submissions:
        receipt = find_or_sign_receipt(city.register, submission, own_key)
        assert receipt is not None
        receipts.append(receipt)
    city.stop()
    expected = Expected(city.registry, LOG, own_key.public)
    peer = OtherNode(CosignedCheckpoint(checkpoint, (Cosignature.make(other_key, checkpoint),)))
    return Stage(
        folder,
        expected,
        city.chain,
        own_key,
        other_key,
        city.department.key,
        receipts,
        checkpoint,
        city.chain.now,
        [peer],
    )


def _submit_undisclosed(city: City, own_key: PrivateKey) -> None:
    """Submit two licences of which one comes without its claims, which the node signs."""
    lines = city.department.lines([licence(40), licence(41)], city.net.now)
    bare_line = encode_canonical({"record": decode(lines[2])["record"]})  # type: ignore[call-overload, index]
    with city.replica.reading() as trust:
        rules = IntakeRules(LOG, key=own_key)
        accept(city.register, trust, [*lines[:2], bare_line], city.net.now, rules)


def _has_pending(city: City) -> bool:
    with city.replica.reading() as view:
        return bool(view.list_pending())


def _leaf(city: City, identifier: str) -> bytes:
    with city.register.reading() as connection:
        return find_current_leaf(connection, identifier)


def list_slugs(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.slug for finding in findings}
