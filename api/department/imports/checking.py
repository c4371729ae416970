"""A file checked to its end: rows judged, compared with what is registered, noted."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from functools import partial
from itertools import chain, groupby, islice
from os import cpu_count
from typing import Final

from api.department.imports.files.sources import Source, SourceRow
from api.department.imports.headings import Columns, find_columns
from api.department.imports.journal import ISSUE, Journal, KnownCertificate
from api.department.imports.judging.judge import RowJudge
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.profiles import Profile
from api.department.imports.sorts import Consequence, Finding
from api.department.imports.tally import Tally

#: Rows judged at a time by one process: some milliseconds each, and a few hundred kilobytes under way.
_CHUNK_ROWS: Final = 1_000
#: Rows from which on other processes help: starting them takes as long as judging some thousand.
_ALONE_ROWS: Final = 4_000
#: Notes and totals that stand below a table, after an empty row.
_NOTE: Final = re.compile(
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

    def check(self, watch: Callable[[Iterator[SourceRow]], Iterator[SourceRow]]) -> Tally:
        """Judge and note every row; `watch` passes rows on and shows how far they are. Raises: MalformedInput."""
        for _, sheet_rows in groupby(watch(self._source.rows()), lambda row: row.sheet):
            columns, rows = find_columns(sheet_rows, self._profile)
            self.headings = self.headings or columns.headings
            self.tally.left_out += [str(line) for line in columns.title_lines if line]
            judge = RowJudge(self._profile, columns, self._issuer, self._today)
            for chunk in _judge_all(judge, self._leave_out(rows, columns)):
                self._note(chunk)
        self.tally.conclude()
        return self.tally

    def _leave_out(self, rows: Iterator[SourceRow], columns: Columns) -> Iterator[SourceRow]:
        """Pass on the rows that say something; notes and totals below an empty row are counted and left out."""
        line, below_gap = columns.first_line - 1, False
        for row in rows:
            if row.is_blank:
                below_gap, line = True, row.line
                continue
            below_gap = below_gap or row.line > line + 1
            line = row.line
            first = next((cell for cell in row.cells if cell.strip()), "")
            if below_gap and _NOTE.match(first):
                self.tally.left_out.append(row.place)
            else:
                yield row

    def _note(self, chunk: Sequence[JudgedRow]) -> None:
        """Compare judged rows with what is certificate, and note those that are to be signed."""
        known_certificates = self._journal.find([judged.key for judged in chunk if judged.key])
        new_rows: list[tuple[JudgedRow, str]] = []
        for judged in chunk:
            if (
                judged.key
                and not judged.is_rejected
                and (action := self._compare(judged, known_certificates))
            ):
                if not _is_open(judged):
                    new_rows.append((judged, action))
                known_certificates[judged.key] = KnownCertificate(
                    judged.identifier,
                    judged.content,
                    judged.end,
                    self._source.digest,
                    judged.row.line,
                    is_accepted=False,
                )
            self.tally.add(judged)
            if judged.is_rejected:
                self._reject(judged)
        self.tally.ready += len(new_rows)
        self._journal.add(self._source.digest, new_rows)

    def _compare(self, judged: JudgedRow, known_certificates: "dict[bytes, KnownCertificate]") -> str:
        """Return the action of the record that a row makes, empty where it makes none."""
        certificate = known_certificates.get(judged.key)
        if certificate is None:
            return ISSUE
        is_same_file = certificate.file == self._source.digest and not certificate.is_accepted
        if certificate.content == judged.content:
            self.tally.repeated += is_same_file
            self.tally.known += not is_same_file
            return ""
        if not certificate.is_accepted:
            message = (
                f"the same certificate stands in row {certificate.line} with other content: take one out, "
                "or bring the newer one later"
            )
            judged.findings.append(Finding("row-twice", "", "", message))
            return ""
        return self._choose_change(judged, certificate)

    def _choose_change(self, judged: JudgedRow, certificate: KnownCertificate) -> str:
        proposal = RENEW if _is_later(judged.end, certificate.end) else AMEND
        self.tally.changes[judged.type, proposal] += 1
        action = self._choose(judged.type, proposal)
        if not action:
            word = "换发 renew" if proposal == RENEW else "变更 amend"
            judged.findings.append(
                Finding("changed", "", judged.type, f"it differs from {certificate.identifier}: {word}?")
            )
        return action if action not in ("", SKIP) else ""


def _is_open(judged: JudgedRow) -> bool:
    return any(finding.consequence is Consequence.ASK for finding in judged.findings)


def _is_later(end: str | None, end_before: str | None) -> bool:
    """Tell whether a last day lies after another one; a word for no end lies after every day."""
    return bool(end and end_before) and str(end) > str(end_before)


def _judge_all(judge: RowJudge, rows: Iterator[SourceRow]) -> Iterator[list[JudgedRow]]:
    """Yield judged rows in their order, chunk by chunk: alone where they are few, else on all cores."""
    beginning = list(islice(rows, _ALONE_ROWS))
    if len(beginning) < _ALONE_ROWS or (cpu_count() or 1) < 2:
        for chunk in _divide(chain(beginning, rows)):
            yield _judge_chunk(judge, chunk)
        return
    workers = cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        waiting: deque[Future[list[JudgedRow]]] = deque()
        judge_chunk = partial(_judge_chunk, judge)
        for chunk in _divide(chain(beginning, rows)):
            waiting.append(pool.submit(judge_chunk, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _judge_chunk(judge: RowJudge, rows: Sequence[SourceRow]) -> list[JudgedRow]:
    judged_rows = [judge.judge(row) for row in rows]
    for judged in judged_rows:
        judged.members = None  # its line has all of it, and goes from process to process
    return judged_rows


def _divide(rows: Iterator[SourceRow]) -> Iterator[list[SourceRow]]:
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        yield chunk
