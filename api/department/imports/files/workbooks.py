"""Workbooks (.xlsx, .xls), opened in a process of its own with limits of memory and time.

What a workbook unpacks to is looked up before anything is unpacked. Whatever it does to the program that reads it, nothing
of it is taken unless that program comes to its end.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from api.department.imports.files.sources import SourceRow, check_width
from api.department.imports.files.workbook_rows import END_STATE, MAX_MEMORY_BYTES, MAX_SECONDS
from ledger.errors import MalformedInput

#: Bytes of a workbook as it lies on the disk: a million rows of 15 columns take some 100 MB.
MAX_BYTES: Final = 512 * 2**20
#: Bytes that all parts of a workbook unpack to: a million rows take some 1 GB of XML, read piece by piece.
MAX_UNPACKED_BYTES: Final = 2 * 2**30
#: How many times its size a part may unpack to, where that is much: sheets come to 10 or 20, deflate's limit is 1,032.
_MAX_RATIO: Final = 200
_UNCHECKED_BYTES: Final = 64 * 2**20
_MAX_PARTS: Final = 10_000
_MAX_ANSWER_BYTES: Final = 8 * 2**20  # one row as JSON
_SAVE_AS: Final = "save the sheet as “CSV UTF-8” 另存为“CSV UTF-8（逗号分隔）”"


def check_parts(path: Path) -> None:
    """Check by the directory of an .xlsx what it holds, before anything is unpacked. Raises: MalformedInput."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise MalformedInput(
            f"the workbook is damaged ({error}): save it again in the program that wrote it"
        ) from error
    unpacked_bytes = sum(part.file_size for part in parts)
    if len(parts) > _MAX_PARTS or unpacked_bytes > MAX_UNPACKED_BYTES:
        raise MalformedInput(
            f"the workbook unpacks to {unpacked_bytes:,} bytes in {len(parts):,} parts, at most "
            f"{MAX_UNPACKED_BYTES:,} are "
            f"read: {_SAVE_AS}. Nothing was registered"
        )
    for part in parts:
        if part.file_size > _UNCHECKED_BYTES and part.file_size > _MAX_RATIO * max(1, part.compress_size):
            raise MalformedInput(
                f"{part.filename[:80]} in the workbook unpacks to {part.file_size:,} bytes out of "
                f"{part.compress_size:,}, as no "
                f"table does: {_SAVE_AS}. Nothing was registered"
            )
    _check_part_names({part.filename for part in parts})


def _check_part_names(part_names: set[str]) -> None:
    if any(name.startswith("xl/externalLinks/") for name in part_names):
        raise MalformedInput(
            "the workbook takes values from other files 外部链接: paste them as values 选择性粘贴—数值, delete the links "
            "(数据—编辑链接—断开链接), and save it again. Nothing was registered"
        )
    if "xl/workbook.xml" not in part_names:
        kind = "an .xlsb workbook" if "xl/workbook.bin" in part_names else "no Excel workbook"
        raise MalformedInput(f"the file is {kind} that can be read: save it as .xlsx")


def read_workbook(path: Path, kind: str, sheet_names: Sequence[str]) -> Iterator[SourceRow]:
    """Yield the rows of a workbook of a kind, `xlsx` or `xls`, sheet by sheet.

    `sheet_names` names those that are read, `*` all that have content; without any there must be one. Raises:
    MalformedInput.
    """
    command = [
        sys.executable,
        "-m",
        "api.department.imports.files.workbook_rows",
        str(path),
        kind,
        *sheet_names,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader_process:
        assert reader_process.stdout
        try:
            yield from _read_answers(reader_process.stdout)
        finally:
            reader_process.kill()


def _read_answers(answers: IO[bytes]) -> Iterator[SourceRow]:
    sheet_row = SourceRow("", 0, ())
    while answer_line := answers.readline(_MAX_ANSWER_BYTES + 1):
        try:
            answer = json.loads(answer_line)
        except ValueError:
            break
        if "fault" in answer:
            raise MalformedInput(answer["fault"])
        if answer.get("state") == END_STATE:
            return
        if "sheet" in answer:
            sheet_row = SourceRow(
                answer["sheet"],
                0,
                (),
                hidden_columns=tuple(answer["hidden_columns"]),
                counts_from_1904=answer["counts_from_1904"],
            )
            continue
        row = sheet_row._replace(
            line_number=answer["line"],
            cells=tuple(answer["cells"]),
            cell_kinds=answer["kinds"],
            is_hidden=answer["hidden"],
        )
        check_width(row.cells, row.place)
        yield row
    raise MalformedInput(
        f"the workbook could not be read within {MAX_MEMORY_BYTES // 2**20} MB of memory and "
        f"{MAX_SECONDS} s: {_SAVE_AS}. "
        "Nothing was registered"
    )
