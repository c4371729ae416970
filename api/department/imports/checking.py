"""A file checked to its end: rows judged, compared with what is registered, noted."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import chain, groupby, islice
from typing import Final

from anchoring.processes.workers import count_processes, map_in_order
from api.department.imports.files.sources import Source, SourceRow
from api.department.imports.headings import Columns, find_columns
from api.department.imports.journal import ISSUE, Journal, KnownCertificate
from api.department.imports.judging.judge import RowJudge
from api.department.imports.judging.judged import EndingAct, JudgedRow
from api.department.imports.profiles import Profile
from api.department.imports.sorts import Consequence, Finding
from api.department.imports.tally import Tally
from ledger.errors import MalformedInput
from ledger.records.records import STATUS_ACTIONS

#: Rows judged at a time by one process: some milliseconds each, and a few hundred kilobytes under way.
_CHUNK_ROWS: Final = 1_000
#: Rows from which on other processes help: starting them takes as long as judging some thousand.
_MIN_PARALLEL_ROWS: Final = 4_000
#: Notes and totals that stand below a table, after an empty row.
_NOTE_PATTERN: Final = re.compile(
    r"\s*(注|备注|说明|合\s*计|总\s*计|小\s*计|制表|填表|审核|第.{1,4}页|共.{1,6}(页|条|行))"
)
#: What becomes of changed rows of a type: an action, or nothing yet.
ChooseAction = Callable[[str, str], str]
#: Takes rows that come back.
TakeRejected = Callable[[JudgedRow], None]
SKIP: Final = "skip"
AMEND, RENEW = "amend", "renew"


class Checker:
    """Checks one file. Nothing stays in the journal unless its transaction ends well, which is the caller's."""

    def __init__(
        self,
        source: Source,
        profile: Profile,
        journal: Journal,
        issuer: str,
        today: date,
        choose: ChooseAction,
        reject: TakeRejected,
    ) -> None:
        self._source, self._profile, self._journal = source, profile, journal
        self._issuer, self._today, self._choose, self._reject = issuer, today, choose, reject
        self.tally = Tally()
        self.headings: tuple[str, ...] = ()
        self._newest_day = ""  # of issue, among the rows so far of a backfill
        self._issue_days: dict[
            bytes, str
        ] = {}  # of the newest version in this file, by the key of its certificate
        if profile.backfill:
            journal.index_versions()

    def check(self, watch: Callable[[Iterator[SourceRow]], Iterator[SourceRow]]) -> Tally:
        """Judge and note every row; `watch` passes rows on and shows how far they are. Raises: MalformedInput."""
        for _, sheet_rows in groupby(watch(self._source.read_rows()), lambda row: row.sheet):
            columns, rows = find_columns(sheet_rows, self._profile)
            self.headings = columns.headings
            self.tally.left_out_places += [str(line) for line in columns.title_line_numbers if line]
            self.tally.add_hidden_columns(columns.hidden_headings)
            judge = RowJudge(self._profile, columns, self._issuer, self._today)
            for tally, judged_rows in _judge_all(judge, self._leave_out(rows, columns)):
                self.tally.add_rows_below(tally)
                self._note(judged_rows)
        if not self.headings:
            raise MalformedInput(f"{self._source.name} has no rows: is it the right file?")
        self.tally.conclude()
        return self.tally

    def _leave_out(self, rows: Iterator[SourceRow], columns: Columns) -> Iterator[SourceRow]:
        """Pass on the rows that say something; notes and totals below an empty row are counted and left out."""
        last_line_number, is_below_gap = columns.first_line_number - 1, False
        for row in rows:
            if row.is_blank:
                is_below_gap, last_line_number = True, row.line_number
                continue
            is_below_gap = is_below_gap or row.line_number > last_line_number + 1
            last_line_number = row.line_number
            first_text = next((cell for cell in row.cells if cell.strip()), "")
            if is_below_gap and _NOTE_PATTERN.match(first_text):
                self.tally.left_out_places.append(row.place)
            else:
                yield row

    def _note(self, judged_rows: Sequence[JudgedRow]) -> None:
        """Compare judged rows with the certificates that are known, and note those that are to be signed."""
        known_certificates = self._journal.find_certificates(
            [judged_row.key for judged_row in judged_rows if judged_row.key]
        )
        rows_with_actions: list[tuple[JudgedRow, str]] = []
        ending_acts: list[EndingAct] = []
        for judged_row in judged_rows:
            if (
                judged_row.key
                and not judged_row.is_rejected
                and (action := self._compare(judged_row, known_certificates))
            ):
                if not _has_question(judged_row):
                    rows_with_actions.append((judged_row, action))
                    if judged_row.act:
                        rows_with_actions.append((judged_row.make_act(), judged_row.act))
                if self._profile.backfill:
                    self._issue_days[judged_row.key] = judged_row.issued
                known_certificates[judged_row.key] = KnownCertificate(
                    judged_row.identifier,
                    judged_row.content_digest,
                    judged_row.last_day,
                    self._source.digest,
                    judged_row.row.line_number,
                    is_accepted=False,
                )
            if judged_row.ending_act and judged_row.key not in known_certificates:
                ending_acts.append(judged_row.ending_act)
            if judged_row.is_rejected:
                self.tally.rejected_count += 1
                self._reject(judged_row)
        self.tally.ready_count += sum(action not in STATUS_ACTIONS for _, action in rows_with_actions)
        self.tally.waiting_count += len(ending_acts)
        self._journal.add_rows(self._source.digest, rows_with_actions)
        self._journal.add_ending_acts(ending_acts)

    def _compare(self, judged_row: JudgedRow, known_certificates: "dict[bytes, KnownCertificate]") -> str:
        """Return the action of the record that a row makes, empty where it makes none."""
        if self._profile.backfill:
            self._judge_order(judged_row)
        known_certificate = known_certificates.get(judged_row.key)
        if known_certificate is None:
            return ISSUE
        is_same_file = (
            known_certificate.file_digest == self._source.digest and not known_certificate.is_accepted
        )
        if known_certificate.content_digest == judged_row.content_digest:
            self.tally.repeated_count += is_same_file
            self.tally.known_count += not is_same_file
            return ""
        if self._follows_in_file(judged_row, is_same_file=is_same_file):
            return RENEW if _is_later(judged_row.last_day, known_certificate.last_day) else AMEND
        if not known_certificate.is_accepted:
            message = (
                f"the same certificate stands in row {known_certificate.line_number} with other content: take one out, "
                "or bring the newer one later"
            )
            self._say(judged_row, Finding("row-twice", "", "", message))
            return ""
        if self._profile.backfill and self._journal.has_version(judged_row.key, judged_row.content_digest):
            self.tally.known_count += 1
            return ""
        return self._choose_change(judged_row, known_certificate)

    def _judge_order(self, judged_row: JudgedRow) -> None:
        """Say where a row of a backfill was issued before one above it."""
        if judged_row.issued < self._newest_day:
            message = (
                f"it was issued {judged_row.issued}, and a row above {self._newest_day}: sort the table by day of "
                "issue 按发证日期排序"
            )
            self._say(judged_row, Finding("issue-order", "", "", message))
        self._newest_day = max(self._newest_day, judged_row.issued)

    def _follows_in_file(self, judged_row: JudgedRow, *, is_same_file: bool) -> bool:
        """Tell whether a row of a backfill is a later version of a certificate that stands above it in the file."""
        return (
            self._profile.backfill
            and is_same_file
            and judged_row.issued > self._issue_days.get(judged_row.key, judged_row.issued)
        )

    def _choose_change(self, judged_row: JudgedRow, known_certificate: KnownCertificate) -> str:
        proposed_action = RENEW if _is_later(judged_row.last_day, known_certificate.last_day) else AMEND
        self.tally.change_counts[judged_row.type_code, proposed_action] += 1
        action = self._choose(judged_row.type_code, proposed_action)
        if not action:
            word = "换发 renew" if proposed_action == RENEW else "变更 amend"
            message = f"it differs from {known_certificate.identifier}: {word}?"
            self._say(judged_row, Finding("changed", "", judged_row.type_code, message))
        return action if action not in ("", SKIP) else ""

    def _say(self, judged_row: JudgedRow, finding: Finding) -> None:
        judged_row.findings.append(finding)
        self.tally.add_finding(judged_row.row.place, finding)


def _has_question(judged_row: JudgedRow) -> bool:
    return any(finding.consequence is Consequence.ASK for finding in judged_row.findings)


def _is_later(end: str | None, end_before: str | None) -> bool:
    """Tell whether a last day lies after another one; a word for no end lies after every day."""
    return bool(end and end_before) and str(end) > str(end_before)


def _judge_all(judge: RowJudge, rows: Iterator[SourceRow]) -> Iterator[tuple[Tally, list[JudgedRow]]]:
    """Yield judged rows in their order, chunk by chunk with its tally: alone where they are few, else on all cores."""
    first_rows = list(islice(rows, _MIN_PARALLEL_ROWS))
    process_count = count_processes() if len(first_rows) == _MIN_PARALLEL_ROWS else 1
    yield from map_in_order(partial(_judge_chunk, judge), _divide(chain(first_rows, rows)), process_count)


def _judge_chunk(judge: RowJudge, row_chunk: Sequence[SourceRow]) -> tuple[Tally, list[JudgedRow]]:
    tally = Tally()
    judged_rows = [judge.judge(row) for row in row_chunk]
    for judged_row in judged_rows:
        tally.add(judged_row)
        judged_row.shrink()
    return tally, judged_rows


def _divide(rows: Iterator[SourceRow]) -> Iterator[list[SourceRow]]:
    while row_chunk := list(islice(rows, _CHUNK_ROWS)):
        yield row_chunk
