"""The rows of a submission judged chunk by chunk, by several processes where they are many.

A process judges rows by themselves and in the order within their chunk; what only all chunks together tell is told here.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Final, NamedTuple

from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.faults import FIRST_ROW, MAX_ROW_ERRORS, Faults, RowFault
from anchoring.intake.rows import Row, RowJudge
from anchoring.intake.spool import Spool, SpooledIssue, encode_issues
from anchoring.processes.workers import Workers
from ledger.records.randomness import RandomValues

#: Rows and bytes of a chunk: a tenth of a second of one process, and some megabytes with what becomes of them.
_CHUNK_ROWS: Final = 1_000
_CHUNK_BYTES: Final = 2 * 2**20
#: Fewer rows are judged in less time than it takes to hand them over, and small submissions come when much else is to do.
MIN_PARALLEL_ROWS: Final = 2_000
_REUSE_TEXT: Final = "has the same salt or master: draw one for each record, and another for its claims"
_ORDER_FAULTS: Final = {
    True: ("record-twice", "the same record stands twice: draw a salt for each"),
    False: ("wrong-order", "the records must stand in ascending order of their leaf hashes"),
}


class _Chunk(NamedTuple):
    """Lines that follow one another, the index of the first one, and who judges them."""

    judge: RowJudge
    first_index: int
    lines: Sequence[bytes]


class _JudgedChunk(NamedTuple):
    """What became of a chunk: its good rows, the issues among them encoded for the spool, and what must be told of it.

    `first_row` is index and leaf hash of the first row that is good by itself, `drawn_values` are salts and masters with the
    index of their row, `faults` index, problem and message.
    """

    leaves: list[bytes]
    encoded_issues: bytes
    following_rows: list[Row]
    first_row: tuple[int, bytes] | None
    drawn_values: list[tuple[bytes, int]]
    faults: list[tuple[int, str, str]]
    warnings: list[RowError]


def read_rows(
    judge: RowJudge, lines: Iterator[bytes], spool: Spool, workers: Workers | None
) -> tuple[list[bytes], list[RowError]]:
    """Spool every row, and return the leaf hashes in order, and what is odd and let pass. Raises: SubmissionRefused."""
    count = judge.statement.record_count
    chunks = _cut_chunks(judge, islice(lines, count))
    gathering = _Gathering(spool)
    if workers and count >= MIN_PARALLEL_ROWS:
        with closing(workers.map_in_order(_judge_chunk, chunks)) as judged_chunks:
            gathering.add_all(judged_chunks)
    else:
        gathering.add_all(map(_judge_chunk, chunks))
    gathering.refuse_faults()
    line_count = len(gathering.leaves)
    if line_count < count or next(lines, None) is not None:
        count_text = f"only {line_count}" if line_count < count else "more"
        raise SubmissionRefused(
            "wrong-count",
            f"the statement speaks of {count} records, {count_text} came: send exactly those that were signed",
        )
    return gathering.leaves, gathering.warnings


class _Gathering:
    """The judged chunks of one submission: the leaf hashes, every salt and master, what is wrong and what is odd."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.leaves: list[bytes] = []
        self.warnings: list[RowError] = []
        self._faults = Faults()
        self._drawn_values = RandomValues()

    def add_all(self, judged_chunks: Iterator[_JudgedChunk]) -> None:
        """Add chunks until more faults were seen than are told. Raises: SubmissionRefused."""
        for judged_chunk in judged_chunks:
            self._add(judged_chunk)
            if self._faults.is_full:
                return

    def _add(self, judged_chunk: _JudgedChunk) -> None:
        if judged_chunk.first_row and self.leaves:
            index, leaf = judged_chunk.first_row
            self._check_order(index, leaf)
        for index, problem, message in judged_chunk.faults:
            self._faults.add(index + FIRST_ROW, problem, message)
        for drawn_value, index in judged_chunk.drawn_values:
            self._drawn_values.add(drawn_value, index)
        self.warnings += judged_chunk.warnings[: MAX_ROW_ERRORS - len(self.warnings)]
        self.leaves += judged_chunk.leaves
        self._spool.add(judged_chunk.encoded_issues, judged_chunk.following_rows)

    def _check_order(self, index: int, leaf: bytes) -> None:
        if leaf <= self.leaves[-1]:
            self._faults.add(index + FIRST_ROW, *_ORDER_FAULTS[leaf == self.leaves[-1]])

    def refuse_faults(self) -> None:
        """Raise what is wrong with the rows, if anything is. Raises: SubmissionRefused."""
        if not self._faults:
            for first_index, second_index in self._drawn_values.find_repeats():
                message = f"row {first_index + FIRST_ROW} {_REUSE_TEXT}"
                self._faults.add(second_index + FIRST_ROW, "salt-reused", message)
        self._faults.refuse()


def _cut_chunks(judge: RowJudge, lines: Iterator[bytes]) -> Iterator[_Chunk]:
    chunk_lines: list[bytes] = []
    first_index = byte_count = 0
    for line in lines:
        chunk_lines.append(line)
        byte_count += len(line)
        if len(chunk_lines) == _CHUNK_ROWS or byte_count >= _CHUNK_BYTES:
            yield _Chunk(judge, first_index, chunk_lines)
            first_index += len(chunk_lines)
            chunk_lines, byte_count = [], 0
    if chunk_lines:
        yield _Chunk(judge, first_index, chunk_lines)


def _judge_chunk(chunk: _Chunk) -> _JudgedChunk:
    """Judge rows until more are at fault than are told."""
    judged_chunk = _JudgedChunk([], b"", [], None, [], [], [])
    issues: list[SpooledIssue] = []
    first_row: tuple[int, bytes] | None = None
    for index, line in enumerate(chunk.lines, chunk.first_index):
        if len(judged_chunk.faults) == MAX_ROW_ERRORS:
            break
        try:
            row = chunk.judge.judge(index, line)
        except RowFault as fault:
            judged_chunk.faults.append((index, fault.problem, str(fault)))
            continue
        leaves = judged_chunk.leaves
        if leaves and row.leaf <= leaves[-1]:
            judged_chunk.faults.append((index, *_ORDER_FAULTS[row.leaf == leaves[-1]]))
        first_row = first_row or (index, row.leaf)
        leaves.append(row.leaf)
        judged_chunk.drawn_values.extend((drawn_value, index) for drawn_value in row.drawn_values)
        judged_chunk.warnings.extend(RowError(index + FIRST_ROW, oddity) for oddity in row.oddities)
        if row.record.action == "issue":
            issues.append(SpooledIssue.of_row(row))
        else:
            judged_chunk.following_rows.append(row)
    return judged_chunk._replace(
        encoded_issues=encode_issues(issues),
        first_row=first_row,
        warnings=judged_chunk.warnings[:MAX_ROW_ERRORS],
    )
