"""A city that lost its register, restored it from a backup, and takes back what others have."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from anchoring.audit.findings import AuditReport
from anchoring.intake.intake import accept
from anchoring.monitor.pages import EntryPeer
from anchoring.recovery.planning import Plan, make_plan
from anchoring.recovery.recovery import set_aside, take_back
from anchoring.register.proofs import make_proof
from anchoring.register.records import find_current_leaf
from anchoring.register.submissions import Acceptance
from ledger.crypto.keys import generate_key
from ledger.crypto.suites import SM3
from ledger.registry import acts
from ledger.registry.trust import NODE
from ledger.verification.receipts import Receipt as Promise
from ledger.verification.receipts import sign_receipt
from ledger.verification.verify import PresentedContent, verify
from tests.auditing import audit
from tests.fakes.backups import Backup, KeptCopies, back_up, restore
from tests.fakes.department import LOG, SETTINGS, change, identifier, licence
from tests.fakes.issuing import City


class Story:
    """A city whose department keeps what it sent, and which can lose its register and recover."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.sent: dict[str, list[bytes]] = {}
        self.acceptances: dict[str, Acceptance] = {}

    def lose(self, backup: Backup) -> None:
        restore(self.city.register, backup)
        self.city.stop()
        self.city.start()

    def submit(self, name: str, *rows: dict[str, Any]) -> Acceptance:
        self.sent[name] = self.city.department.lines(
            rows, self.city.chain.now, find_newest_leaf=self.city.newest
        )
        self.acceptances[name] = self.send(name)
        return self.acceptances[name]

    def send(self, name: str) -> Acceptance:
        with self.city.replica.reading() as trust:
            return accept(self.city.register, trust, self.sent[name], self.city.chain.now, SETTINGS)

    def recover(self, folder: Path, *peers: EntryPeer) -> Plan:
        with self.city.replica.reading() as reading:
            planned = make_plan(self.city.register, reading, LOG, peers)
            set_aside(self.city.register, planned, folder)
            take_back(self.city.register, reading, planned, self.city.chain.now)
        return planned

    def audited(self) -> AuditReport:
        with self.city.replica.reading() as reading:
            return audit(reading, self.city.register, now=self.city.chain.now)

    def verdict(self, serial: int, version: int = 1) -> str:
        with self.city.register.reading() as connection:
            leaf = find_current_leaf(connection, identifier(serial, version))
        with self.city.replica.reading() as reading:
            proof = make_proof(self.city.register, reading, self.city.trees, leaf)
            assert proof.disclosure
            return verify(
                PresentedContent(claims=proof.disclosure.values), proof, reading, self.city.chain.now
            ).verdict.value

    def signed_receipt(self, name: str, deadline: int, seed: int = 7) -> bytes:
        """Return what the node promised for a submission, signed by its key."""
        city, promised = self.city, self.acceptances[name]
        key = generate_key("p256", Random(seed).randbytes)
        city.act(acts.KeyRegistered(LOG, NODE, key.public.spki))
        receipt = Promise(
            registry=city.registry,
            log=LOG,
            suite=SM3,
            root=bytes.fromhex(promised.id),
            record_count=promised.record_count,
            first_position=promised.first_position,
            accepted_at=promised.accepted_at,
            deadline=deadline,
            key_id=key.public.id,
        )
        return sign_receipt(key, receipt).encode()


class Restored(Story):
    """A city that anchored two batches since its backup, took one more submission, and then lost its register."""

    def __init__(self, city: City) -> None:
        super().__init__(city)
        self.submit("first", *(licence(n) for n in range(6)))
        city.settle()
        self.backup = back_up(city.register)
        self.submit("second", change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10))
        city.settle()
        self.submit("third", licence(20), change("resume", 1))
        city.settle()
        self.submit("waiting", licence(40))
        self.copies = KeptCopies(city.register)
        self.copies.held = [
            held for held in self.copies.held if held[0] < self.acceptances["waiting"].first_position
        ]
        self.lose(self.backup)

    def take_early(self, *rows: dict[str, Any]) -> Acceptance:
        """Take a submission before the chain is seen: it gets positions that the chain has long given to others."""
        city = self.city
        given = rows or (licence(70), change("suspend", 4))
        self.sent["early"] = city.department.lines(given, city.chain.now, find_newest_leaf=city.newest)
        with city.replica.reading() as reading:
            stale = Stale(reading, sequence=1)
            return accept(city.register, stale, self.sent["early"], city.chain.now, SETTINGS)


class Stale:
    """A reading of a replica that still shows the log as it was at an earlier anchor."""

    def __init__(self, reading: Any, sequence: int) -> None:
        self._reading, self._sequence = reading, sequence

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def find_log(self, name: str) -> Any:
        anchor = self._reading.find_anchor(name, self._sequence)
        return replace(self._reading.find_log(name), sequence=self._sequence, size=anchor.size)
