"""The report of an audit: counts of what was looked at, findings, and remarks."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_LISTED: Final = 1_000  # findings kept word by word; a thousand show the pattern, the others are counted

#: Told while an audit works: what is checked, how much of it is done, how much there is in all.
Progress = Callable[[str, int, int], None]
PROGRESS_ITEMS: Final = 10_000  # how often the progress is told


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: a stable `slug` for programs, the place (`batch 17`, `position 42`), and the words."""

    slug: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`checked` says how much was looked at, by sort; `unlisted` counts findings beyond those listed.

    A remark is what somebody should know though nothing contradicts anything: submissions that wait, records that are not
    back yet, keys that were reported stolen.
    """

    checked: Mapping[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[Finding, ...] = ()
    unlisted: int = 0

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class Findings:
    """Collects a report."""

    checked: Counter[str] = field(default_factory=Counter)
    progress: Progress | None = None
    _findings: list[Finding] = field(default_factory=list)
    _remarks: list[Finding] = field(default_factory=list)
    _unlisted: int = 0

    def look(self, sort: str, total: int = 0) -> None:
        """Count one item of a sort as checked; `total` is how many there are in all."""
        self.checked[sort] += 1
        done = self.checked[sort]
        if self.progress and (done % PROGRESS_ITEMS == 0 or done == total):
            self.progress(sort, done, total)

    def add(self, slug: str, where: str, text: str) -> None:
        if len(self._findings) < MAX_LISTED:
            self._findings.append(Finding(slug, where, text))
        else:
            self._unlisted += 1

    def remark(self, slug: str, where: str, text: str) -> None:
        if len(self._remarks) < MAX_LISTED:
            self._remarks.append(Finding(slug, where, text))

    def report(self) -> AuditReport:
        return AuditReport(dict(self.checked), tuple(self._findings), tuple(self._remarks), self._unlisted)
