"""Departments that hand in records without pause.

They repeat the same bytes until there is a receipt.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import httpx

from tests.fakes.department import LOG, Department, change, licence

_SECONDS: Final = 10.0  # for an answer; a node that sleeps takes longer, and has the submission all the same
_PAUSE: Final = (0.05, 0.6)  # seconds between two submissions, and between two attempts
_HEADERS: Final = {"Content-Type": "application/x-ndjson"}
_MOST_NEW: Final = 12  # licences of one submission
_REPEATED: Final = 0.15  # the share of submissions that are handed in again although there is a receipt
_CUT: Final = 0.1  # the share whose first upload breaks off

Row = dict[str, Any]


@dataclass(slots=True)
class Licence:
    """One licence as its department knows it."""

    serial: int
    version: int = 1
    status: str = "valid"
    current: bytes = b""
    newest: bytes = b""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission with its receipt: what must be found again."""

    receipt: Mapping[str, Any]
    leaves: Sequence[bytes]


@dataclass(slots=True)
class Journal:
    """What all departments did, and what each record must turn out to be."""

    accepted: list[Accepted] = field(default_factory=list)
    verdicts: dict[bytes, str] = field(default_factory=dict)
    claims: dict[bytes, Mapping[str, Any]] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def records(self) -> int:
        return sum(len(accepted.leaves) for accepted in self.accepted)


class _WindowPassed(Exception):
    """So many anchors were made meanwhile that what was signed is not taken any more."""


class Submitter(threading.Thread):
    """One clerk of the department. `stop` lets it finish what it has begun, `give_up` ends it."""

    def __init__(
        self, number: int, department: Department, urls: Sequence[str], journal: Journal, random: Random
    ) -> None:
        super().__init__(daemon=True)
        self._department, self._urls, self._journal, self._random = department, urls, journal, random
        self._next = number * 1_000_000
        self._licences: list[Licence] = []
        self.stop, self.give_up = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with httpx.Client(timeout=_SECONDS, trust_env=False) as http:
                while not self.stop.is_set() and self._hand_in(http):
                    self.stop.wait(self._random.uniform(*_PAUSE))
        except Exception as error:
            self._journal.faults.append(f"a department ended: {error!r}")
            raise

    def _hand_in(self, http: httpx.Client) -> bool:
        """Draft a submission and hand it in until it is accepted. False where that will not happen."""
        changed = self._choose()
        new = [self._new() for _ in range(self._random.randint(0 if changed else 1, _MOST_NEW))]
        rows = [licence(one.serial) for one in new] + [row for _, row in changed]
        newest = {row["identifier"]: one.newest for one, row in changed}
        target = replace(self._department.target, sequence=self._sequence(http))
        with self._department.draft(rows, int(time.time()), target, find_newest_leaf=newest.get) as drafted:
            lines, leaves = list(drafted.lines()), drafted.leaves
        if self._random.random() < _CUT:
            self._cut(http, lines)
        try:
            receipt = self._insist(http, b"".join(lines))
        except _WindowPassed:
            return True  # nothing was accepted: the licences stand where they stood
        if receipt and self._random.random() < _REPEATED:
            again = self._insist(http, b"".join(lines))
            if again and _promise(again) != _promise(receipt):
                self._journal.faults.append(f"two receipts for one submission: {receipt} and {again}")
        if not receipt:
            return False
        self._note(receipt, lines[1:], leaves, {row["identifier"]: one for one, row in changed}, new)
        return True

    def _sequence(self, http: httpx.Client) -> int:
        """Return the newest sequence of the log that some node knows; 0 where nobody answers any more."""
        while not self.give_up.is_set():
            try:
                answer = http.get(self._random.choice(self._urls) + "/v1/logs")
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                return max(int(log["sequence"]) for log in answer.json()["items"] if log["name"] == LOG)
            self.give_up.wait(self._random.uniform(*_PAUSE))
        return 0

    def _choose(self) -> list[tuple[Licence, Row]]:
        """Choose some licences whose status changes."""
        chosen = self._random.sample(self._licences, min(len(self._licences), self._random.randint(0, 3)))
        return [(one, self._change(one)) for one in chosen if one.status != "revoked"]

    def _change(self, certificate: Licence) -> Row:
        actions = ["resume"] if certificate.status == "suspended" else ["suspend", "revoke", "renew", "renew"]
        action = self._random.choice(actions)
        version = certificate.version + 1 if action == "renew" else certificate.version
        return change(action, certificate.serial, version)

    def _new(self) -> Licence:
        self._next += 1
        return Licence(self._next)

    def _insist(self, http: httpx.Client, body: bytes) -> Mapping[str, Any] | None:
        """Send the same bytes until there is a receipt; None where they are refused, or at the end.

        Raises: _WindowPassed.
        """
        while not self.give_up.is_set():
            url = self._random.choice(self._urls) + "/v1/submissions"
            try:
                answer = http.post(url, content=body, headers=_HEADERS)
            except httpx.HTTPError as error:
                said = "timed out" if isinstance(error, httpx.TimeoutException) else "connection broke"
            else:
                if answer.is_success:
                    self._count(str(answer.status_code))
                    receipt: Mapping[str, Any] = answer.json()
                    return receipt
                said = str(answer.status_code)
                if "/outside-window" in answer.text:
                    self._count("window passed")
                    raise _WindowPassed
                if answer.status_code not in (429, 503):
                    self._journal.faults.append(f"refused: {answer.status_code} {answer.text[:1000]}")
                    return None
            self._count(said)
            self.give_up.wait(self._random.uniform(*_PAUSE))
        return None

    def _cut(self, http: httpx.Client, lines: Sequence[bytes]) -> None:
        """Break the connection in the middle of the upload."""

        def half() -> Any:
            yield lines[0]
            raise BrokenPipeError

        try:
            http.post(self._urls[0] + "/v1/submissions", content=half(), headers=_HEADERS)
        except (httpx.HTTPError, BrokenPipeError):
            self._count("upload cut")

    def _note(
        self,
        receipt: Mapping[str, Any],
        lines: Sequence[bytes],
        leaves: Sequence[bytes],
        changed: Mapping[str, Licence],
        new: Sequence[Licence],
    ) -> None:
        """Keep the receipt, and what each licence and each record is now."""
        fresh = {licence(certificate.serial)["identifier"]: certificate for certificate in new}
        with self._journal.lock:
            self._journal.accepted.append(Accepted(receipt, leaves))
            for line, leaf in zip(lines, leaves, strict=True):
                sent = json.loads(line)
                record = sent["record"]
                certificate = fresh.get(record["identifier"]) or changed[record["identifier"]]
                if "claims" in record:
                    if certificate.current:
                        self._journal.verdicts[certificate.current] = "not_current"
                    certificate.current, certificate.status = leaf, "valid"
                    certificate.version += record["action"] == "renew"
                    self._journal.claims[leaf] = licence(certificate.serial)["claims"]
                else:
                    certificate.status = _STATUSES[record["action"]]
                certificate.newest = leaf
                self._journal.verdicts[certificate.current] = (
                    "valid" if certificate.status == "valid" else "not_current"
                )
        self._licences += new

    def _count(self, what: str) -> None:
        with self._journal.lock:
            self._journal.attempts[what] += 1


_STATUSES: Final = {"suspend": "suspended", "resume": "valid", "revoke": "revoked"}


def _promise(receipt: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a receipt promises, without what is said on the side."""
    return {name: value for name, value in receipt.items() if name not in ("warnings", "state", "sequence")}
