"""What a check of a whole file comes to.

Counts of what was found, with the first examples, and what a person must answer.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.sorts import SORTS, Consequence, Finding, find_consequence
from ledger.catalogue.fields import Mask
from ledger.catalogue.masks import mask_text
from ledger.encoding.canonical import Json

_MAX_EXAMPLES: Final = 5  # of one sort that a report shows
_MAX_WORDS: Final = 50  # words of one column that wait for an answer
_MAX_QUOTED: Final = 40  # characters of a value that a report repeats
_MAX_HEADINGS_CHARS: Final = 400  # of the headings that a report lists
#: Sorts whose values are shown: words of a column that a person has to answer for, none of a person.
_SHOWN_SORTS: Final = frozenset({"status-word", "holder-type-word", "type-name", "type-code", "type"})
#: Rows from which on it is said that two columns, or two days, are always the same.
_MIN_ROWS: Final = 20
_NEARLY_ALL_SHARE: Final = 0.95
_MIN_SWAPPED_SHARE: Final = 0.01


@dataclass(slots=True)
class Tally:
    """Counts of one check; `change_counts` counts rows that differ from what is registered, by type and proposed action."""

    row_count: int = 0
    ready_count: int = 0
    rejected_count: int = 0
    known_count: int = 0
    repeated_count: int = 0
    waiting_count: int = 0
    left_out_places: list[str] = field(default_factory=list)
    sort_counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    word_counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    change_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _same_day_count: int = 0
    _equal_claim_counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, judged_row: JudgedRow) -> None:
        """Count a row with what is found in it alone."""
        self.row_count += 1
        for finding in judged_row.findings:
            self.add_finding(judged_row.row.place, finding, judged_row.type_code)
        self._same_day_count += judged_row.is_valid_from_issue
        self._equal_claim_counts.update(judged_row.equal_claims)

    def add_finding(self, place: str, finding: Finding, type_code: str = "") -> None:
        """Count what is found in the row at `place`, of a certificate of a type."""
        self.sort_counts[finding.sort] += 1
        examples = self.examples[finding.sort]
        if len(examples) < _MAX_EXAMPLES:
            examples.append(describe_finding(place, finding, type_code))
        if finding.consequence is Consequence.ASK and len(self.word_counts[finding.sort]) < _MAX_WORDS:
            self.word_counts[finding.sort][finding.value[:_MAX_QUOTED]] += 1

    def add_rows_below(self, tally: "Tally") -> None:
        """Add what was counted of the rows that follow, before any of them was compared with others."""
        self.row_count += tally.row_count
        self.sort_counts.update(tally.sort_counts)
        for sort, examples in tally.examples.items():
            self.examples[sort] = (self.examples[sort] + examples)[:_MAX_EXAMPLES]
        for sort, word_counts in tally.word_counts.items():
            if len(self.word_counts[sort]) < _MAX_WORDS:
                self.word_counts[sort].update(word_counts)
        self._same_day_count += tally._same_day_count
        self._equal_claim_counts.update(tally._equal_claim_counts)

    def add_hidden_columns(self, headings: Sequence[str]) -> None:
        """Count columns of a sheet that its file hides and that state something."""
        if headings:
            self._say(
                "hidden", f"columns that the file hides 隐藏列: {'、'.join(headings)[:_MAX_HEADINGS_CHARS]}"
            )

    def conclude(self) -> None:
        """Say what only the whole file shows."""
        good_count = max(1, self.row_count - self.rejected_count)
        if self.row_count >= _MIN_ROWS and self._same_day_count > _NEARLY_ALL_SHARE * good_count:
            self._say(
                "same-days",
                f"in {self._same_day_count:,} of {good_count:,} rows the first day is that of issue",
            )
        for (claim_name, other_name), count in self._equal_claim_counts.items():
            if count >= _MIN_ROWS and count > _NEARLY_ALL_SHARE * good_count:
                self._say(
                    "equal-columns",
                    f"{claim_name} and {other_name} are the same in {count:,} of {good_count:,} rows",
                )
        if (
            self.row_count >= _MIN_ROWS
            and self.sort_counts["end-before-start"] > _MIN_SWAPPED_SHARE * self.row_count
        ):
            self._say(
                "swapped-days",
                f"in {self.sort_counts['end-before-start']:,} rows the last day lies before the first",
            )
            self.word_counts["swapped-days"]["自 / 至"] += 1

    def _say(self, sort: str, message: str) -> None:
        self.sort_counts[sort] += 1
        self.examples[sort].append(message)

    def list_sorts(self, consequence: Consequence) -> list[str]:
        """Return the sorts that were found and of which this follows, the most frequent first."""
        return [sort for sort, _ in self.sort_counts.most_common() if find_consequence(sort) is consequence]

    def list_unaccepted_warnings(self, accepted_sorts: Collection[str]) -> list[str]:
        """Return the sorts of warnings that nobody has accepted."""
        return [sort for sort in self.list_sorts(Consequence.WARN) if sort not in accepted_sorts]

    def describe(self) -> Iterator[str]:
        """Yield the report, line by line."""
        yield (
            f"{self.row_count:,} rows 行: {self.ready_count:,} good 可登记, {self.rejected_count:,} come back 退回, "
            f"{self.known_count:,} registered already "
            f"已登记, {self.repeated_count:,} twice in the file 重复"
        )
        if self.left_out_places:
            yield (
                "left out 未作为数据读取: rows "
                f"{', '.join(self.left_out_places[:20])}{' …' if self.left_out_places[20:] else ''}"
            )
        if self.waiting_count:
            yield (
                f"{self.waiting_count:,} of the rows that come back are of certificates that ended and that nobody knows: "
                "an act on each waits 待办 once this is run"
            )
        titles = (
            (Consequence.REJECT, "comes back 退回"), (Consequence.WARN, "warning 警告"),
            (Consequence.ASK, "question 待确认"),
            (Consequence.NORMALISE, "normalised 已规范（原值保留）"),
        )  # fmt: skip
        for consequence, title in titles:
            for sort in self.list_sorts(consequence):
                yield f"{title} [{sort}] {self.sort_counts[sort]:,}: {SORTS[sort]}"
                yield from (f"    {example}" for example in self.examples[sort])

    def to_json(self) -> dict[str, Json]:
        """Return the report for programs."""
        return {
            "rows": self.row_count, "ready": self.ready_count, "rejected": self.rejected_count,
            "known": self.known_count, "repeated": self.repeated_count, "waiting": self.waiting_count,
            "left_out": [*self.left_out_places], "found": dict(self.sort_counts),
            "questions": {sort: dict(words) for sort, words in self.word_counts.items()},
            "changes": [
                {"type": type_code, "action": action, "rows": row_count}
                for (type_code, action), row_count in self.change_counts.items()
            ],
        }  # fmt: skip


def describe_finding(place: str, finding: Finding, type_code: str = "") -> str:
    """Say a finding on one line, on a certificate of a type; values of persons are masked as the catalogue has it."""
    mask = Mask.NONE if finding.sort in _SHOWN_SORTS else get_catalogue().find_mask(finding.claim, type_code)
    value = mask_text(" ".join(finding.value[:_MAX_QUOTED].split()), mask)
    quoted_value = f" “{value}”" if value and mask is not Mask.ALL else ""
    column = f" {finding.column[:_MAX_QUOTED]}" if finding.column else ""
    return f"row {place}{column}{quoted_value}: {finding.message}"
