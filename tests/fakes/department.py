"""A department that registers licences in Tianmen's log, and what a node knows of it.

Everything from one seed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.register.store import Register
from anchoring.register.submissions import Acceptance
from api.department.drafting import draft
from api.department.drafts import Draft, Target
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.crypto.suites import SM3, Suite
from ledger.encoding.canonical import encode_canonical
from ledger.records.identifiers import CertificateIdentifier
from ledger.registry import acts
from ledger.registry.acts import Act, Event, build_registry_name, compute_head_zero
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import Trust

LOG = "tianmen"
ISSUER = "11429006012345671T"
TYPE = "11100000MB0143028R001"
NOW = 1_795_395_600  # 2026-11-23T01:00:00Z
ADDRESS = "0x" + "11" * 20
SETTINGS = IntakeRules(LOG)
_CONTRACT = bytes.fromhex("22" * 20)


def identifier(serial: int | str, version: int = 1, *, type: str = TYPE, issuer: str = ISSUER) -> str:
    text = f"TM2022A{serial:013d}" if isinstance(serial, int) else serial
    return CertificateIdentifier.build(type, issuer, text, version).text


def licence(serial: int = 1, version: int = 1, **members: Any) -> dict[str, Any]:
    """Return the input record of a new licence."""
    row: dict[str, Any] = {
        "kind": "licence",
        "action": "issue",
        "identifier": identifier(serial, version),
        "issuer": ISSUER,
        "valid_from": "2022-03-28",
        "claims": {"CZZT": f"天门市第{serial}商行", "ZZMC": "营业执照"},
    }
    return row | members


def change(action: str, serial: int = 1, version: int = 1, **members: Any) -> dict[str, Any]:
    """Return the input record of another action on a licence."""
    row = licence(serial, version, action=action)
    if action not in ("renew", "amend"):
        del row["claims"], row["valid_from"]
        row["basis"] = "行政许可法 第七十条"
    return row | members


class Department:
    """Signs submissions with one key. `target` says for which registry and log."""

    def __init__(
        self,
        registry: str,
        *,
        seed: int = 1,
        suite: Suite = SM3,
        algorithm: str = "p256",
        random: Callable[[int], bytes] | None = None,
    ) -> None:
        self.random = random or Random(seed).randbytes
        self.key: PrivateKey = generate_key(algorithm, self.random)
        self.target = Target(registry, LOG, suite, 0)

    def draft(
        self,
        rows: Iterable[Mapping[str, Any]],
        now: int = NOW,
        target: Target | None = None,
        **options: Any,
    ) -> Draft:
        lines = (encode_canonical(dict(row)) for row in rows)
        return draft(lines, target or self.target, self.key, self.random, now, **options)

    def lines(self, rows: Iterable[Mapping[str, Any]], now: int = NOW, **options: Any) -> list[bytes]:
        """Return the lines of a signed submission, without line feeds."""
        with self.draft(rows, now, **options) as drafted:
            return [line.rstrip(b"\n") for line in drafted.lines()]

    def submit(
        self, register: Register, trust: Trust, *rows: Mapping[str, Any], now: int = NOW, **options: Any
    ) -> Acceptance:
        log = trust.find_log(LOG)
        self.target = replace(self.target, sequence=log.sequence if log else 0)
        return accept(register, trust, self.lines(rows, now, **options), now, SETTINGS)


class World:
    """What a node knows, from acts made by hand: one log, one issuer, one department with a grant for everything."""

    def __init__(self, *, suite: Suite = SM3, granted: bool = True) -> None:
        zero = compute_head_zero(31337, _CONTRACT, bytes(32))
        self.registry = build_registry_name(31337, _CONTRACT, zero)
        self.trust = Knowledge(self.registry, zero)
        self.department = Department(self.registry, suite=suite)
        self.act(acts.ProvinceTransferred(ADDRESS))
        self.act(acts.LogAdmitted(LOG, suite.number, ADDRESS, ("429006",), acts.Predecessor()))
        self.act(acts.OperatorSet(LOG, ADDRESS))
        self.act(acts.IssuerAdded(LOG, ISSUER))
        if granted:
            self.act(acts.KeyRegistered(LOG, 1, self.department.key.public.spki))
            self.grant()

    def grant(self, *, kinds: int = 15, types: tuple[str, ...] = (), until: int = 2**40) -> None:
        key = self.department.key.public.id
        self.act(acts.KeyGranted(LOG, key, ISSUER, kinds, types, 0, until))

    def act(self, act: Act) -> None:
        chain = self.trust.fold
        block = chain.block_number + 1
        self.trust.apply(
            Event(
                chain.event_number + 1, act.KIND, chain.block_number, NOW - 1000 + block, act.encode(), block
            )
        )
