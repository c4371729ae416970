"""What a check of a whole file comes to.

Counts of what was found, with the first examples, and what a person must answer.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from api.department.imports.judging.judged import JudgedRow
from api.department.imports.sorts import SORTS, Consequence, Finding, find_consequence
from api.department.rows.columns import sensitive_claims
from ledger.encoding.canonical import Json

_EXAMPLES: Final = 5  # of one sort that a report shows
_MAX_WORDS: Final = 50  # words of one column that wait for an answer
_MAX_QUOTED: Final = 40  # characters of a value that a report repeats
#: Sorts whose values are shown: words of a column that a person has to answer for, none of a person.
_SHOWN_VALUES: Final = frozenset({"status-word", "holder-type-word", "type-name", "type-code", "type"})
#: Rows from which on it is said that two columns, or two days, are always the same.
_ENOUGH_ROWS: Final = 20
_NEARLY_ALL: Final = 0.95
_SWAPPED: Final = 0.01


@dataclass(slots=True)
class Tally:
    """Counts of one check; `changes` counts rows that differ from what is registered, by type and proposed action."""

    rows: int = 0
    ready: int = 0
    rejected: int = 0
    known: int = 0
    repeated: int = 0
    left_out: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    _same_days: int = 0
    _equal_cells: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, judged: JudgedRow) -> None:
        """Count a row with its findings."""
        self.rows += 1
        self.rejected += judged.is_rejected
        for finding in judged.findings:
            self.counts[finding.sort] += 1
            examples = self.examples[finding.sort]
            if len(examples) < _EXAMPLES:
                examples.append(describe_finding(judged.row.place, finding))
            if finding.consequence is Consequence.ASK and len(self.words[finding.sort]) < _MAX_WORDS:
                self.words[finding.sort][finding.value[:_MAX_QUOTED]] += 1
        self._compare(judged)

    def _compare(self, judged: JudgedRow) -> None:
        self._same_days += judged.is_valid_from_issue
        self._equal_cells.update(judged.equal_claims)

    def conclude(self) -> None:
        """Say what only the whole file shows."""
        good = max(1, self.rows - self.rejected)
        if self.rows >= _ENOUGH_ROWS and self._same_days > _NEARLY_ALL * good:
            self._say("same-days", f"in {self._same_days:,} of {good:,} rows the first day is that of issue")
        for (name, other), count in self._equal_cells.items():
            if count >= _ENOUGH_ROWS and count > _NEARLY_ALL * good:
                self._say("equal-columns", f"{name} and {other} are the same in {count:,} of {good:,} rows")
        if self.rows >= _ENOUGH_ROWS and self.counts["end-before-start"] > _SWAPPED * self.rows:
            self._say(
                "swapped-days",
                f"in {self.counts['end-before-start']:,} rows the last day lies before the first",
            )
            self.words["swapped-days"]["自 / 至"] += 1

    def _say(self, sort: str, message: str) -> None:
        self.counts[sort] += 1
        self.examples[sort].append(message)

    def list_sorts(self, consequence: Consequence) -> list[str]:
        """Return the sorts that were found and of which this follows, the most frequent first."""
        return [sort for sort, _ in self.counts.most_common() if find_consequence(sort) is consequence]

    def list_open(self, accepted: Collection[str]) -> list[str]:
        """Return the sorts of warnings that nobody has accepted."""
        return [sort for sort in self.list_sorts(Consequence.WARN) if sort not in accepted]

    def describe(self) -> Iterator[str]:
        """Yield the report, line by line."""
        yield (
            f"{self.rows:,} rows 行: {self.ready:,} good 可登记, {self.rejected:,} come back 退回, "
            f"{self.known:,} registered already "
            f"已登记, {self.repeated:,} twice in the file 重复"
        )
        if self.left_out:
            yield f"left out 未作为数据读取: rows {', '.join(self.left_out[:20])}{' …' if self.left_out[20:] else ''}"
        titles = (
            (Consequence.REJECT, "comes back 退回"), (Consequence.WARN, "warning 警告"),
            (Consequence.ASK, "question 待确认"),
            (Consequence.NORMALISE, "normalised 已规范（原值保留）"),
        )  # fmt: skip
        for consequence, title in titles:
            for sort in self.list_sorts(consequence):
                yield f"{title} [{sort}] {self.counts[sort]:,}: {SORTS[sort]}"
                yield from (f"    {example}" for example in self.examples[sort])

    def to_json(self) -> dict[str, Json]:
        """Return the report for programs."""
        return {
            "rows": self.rows, "ready": self.ready, "rejected": self.rejected, "known": self.known,
            "repeated": self.repeated,
            "left_out": [*self.left_out], "found": dict(self.counts),
            "questions": {sort: dict(words) for sort, words in self.words.items()},
            "changes": [{"type": type_, "action": action, "rows": count} for (type_, action), count in self.changes.items()],
        }  # fmt: skip


def describe_finding(place: str, finding: Finding) -> str:
    """Say a finding on one line; the value only where it is of no person."""
    quoted_value = (
        f" “{finding.value[:_MAX_QUOTED]}”"
        if finding.sort in _SHOWN_VALUES and finding.column not in sensitive_claims()
        else ""
    )
    column = f" {finding.column[:_MAX_QUOTED]}" if finding.column else ""
    return f"row {place}{column}{quoted_value}: {finding.message}"
