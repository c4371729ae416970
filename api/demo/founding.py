"""The first chapter of the demo: a registry is deployed, cities and departments join.

Whatever is not answered is asked again; what is recorded already is not done twice.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypedDict, TypeVar

from api.demo.holders import EXAMPLES
from api.demo.recovery import insist
from api.demo.sealing import GRANTED_KINDS, Sealing
from api.demo.stage import City, Stage
from api.key_files import write_key
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.registry import acts

_SM3_NUMBER: Final = 1
_LICENCE_KIND: Final = 1
_DIVISIONS_BY_LOG: Final = {"tianmen": ("429006",), "wuhan": ("420100", "420102", "420103")}

T = TypeVar("T")


class DemoDepartment(TypedDict):
    """A department of the examples: its credit code 统一社会信用代码, its name, the types of certificates that it issues."""

    credit_code: str
    name: str
    types: list[str]


@dataclass(frozen=True, slots=True)
class Founding:
    """Fills in the cities, and the keys of departments by credit code."""

    stage: Stage
    cities: list[City]
    private_keys: dict[str, PrivateKey]
    tell: Callable[[str], None]

    def found(self) -> Sealing:
        """Do it all, and return the department that seals."""
        self._insist(self.stage.deploy)
        self.tell(f"   registry {self.stage.registry}")
        admissions = [
            acts.LogAdmitted(
                name, _SM3_NUMBER, self._find_address(f"{name}-admin"), division_codes, acts.Predecessor()
            )
            for name, division_codes in _DIVISIONS_BY_LOG.items()
        ]
        self._record_acts("province", *admissions)
        departments = json.loads((EXAMPLES / "departments.json").read_text("utf-8"))
        self._take_in(departments)
        for name, title, issues_records in (("tianmen", "天门市", True), ("wuhan", "武汉市", False)):
            city = self._insist(lambda: self.stage.found_city(name, title, issues=issues_records))  # noqa: B023
            self._insist(lambda: self.stage.declare_node(city))  # noqa: B023
            self.cities.append(city)
        sealing = self._give_seal(departments[0])
        self.stage.watch(self.cities[1], self.cities[0])
        return sealing

    def _take_in(self, departments: list[DemoDepartment]) -> None:
        """Let Tianmen's admin take in departments with their keys."""
        for department in departments:
            private_key = generate_key("sm2", secrets.token_bytes)
            write_key(self.stage.directory / f"{department['credit_code']}.pem", private_key)
            self.private_keys[department["credit_code"]] = private_key
            self.tell(f"   {department['name']} ({department['credit_code']}) joins with its SM2 key")
        self._record_acts(
            "tianmen-admin",
            acts.OperatorSet("tianmen", self._find_address("tianmen-operator")),
            *(acts.IssuerAdded("tianmen", issuer) for issuer in self.private_keys),
            *(
                acts.KeyRegistered("tianmen", 1, private_key.public.spki)
                for private_key in self.private_keys.values()
            ),
        )
        self._record_acts(
            "tianmen-admin",
            *(
                self._make_grant(department["credit_code"], _LICENCE_KIND, tuple(department["types"]))
                for department in departments
            ),
        )

    def _give_seal(self, department: DemoDepartment) -> Sealing:
        """Let a department register seals and sealings, and Wuhan accept who makes and signs."""
        issuer = department["credit_code"]
        self._record_acts("tianmen-admin", self._make_grant(issuer, GRANTED_KINDS, ()))
        folder = self.stage.directory / "sealed"
        sealing = Sealing(issuer, department["name"], self.private_keys[issuer], folder, self.tell)
        sealing.prepare(self.cities[1])
        return sealing

    def _make_grant(self, issuer: str, kinds: int, types: tuple[str, ...]) -> acts.KeyGranted:
        key_id = self.private_keys[issuer].public.id
        return acts.KeyGranted("tianmen", key_id, issuer, kinds, types, 0, acts.NO_END)

    def _find_address(self, role: str) -> str:
        return self._insist(lambda: self.stage.open_account(role).address)

    def _record_acts(self, role: str, *joined_acts: acts.Act) -> None:
        self._insist(lambda: self.stage.record_acts(role, *joined_acts))

    def _insist(self, ask: Callable[[], T]) -> T:
        return insist(ask, self.tell)
