"""A row whose cells are read: texts by claims, and what is found as they are judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from api.department.imports.profiles import Profile
from api.department.imports.sorts import Finding


@dataclass(frozen=True, slots=True)
class RowReading:
    """Texts of a row by claims, judged as of `today` by a profile; `issuer` is that of rows which name none.

    `find_heading` tells under which heading a claim stands in the table, `sheet` is the name of its sheet. What is said goes
    into `findings`.
    """

    texts: Mapping[str, str]
    profile: Profile
    issuer: str
    today: date
    findings: list[Finding]
    find_heading: Callable[[str], str]
    sheet: str = ""

    def say(self, sort: str, claim_name: str, value: str, message: str, suggestion: str = "") -> None:
        """Add a finding about a cell."""
        self.findings.append(
            Finding(sort, self.find_heading(claim_name), value, message, suggestion, claim_name)
        )
