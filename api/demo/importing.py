"""The demo's chapter of a department that brings an Excel file of 300 rows, mess and all."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from openpyxl import Workbook, load_workbook

from anchoring.errors import AnchoringError
from api.demo.holders import Holding
from api.demo.stage import City
from api.department.rows.queue import QUEUE_FILE
from api.department.waiting import SOME_CAME_BACK
from ledger.records.identifiers import compute_credit_check, compute_organisation_check

ROW_COUNT: Final = 300
#: The profile of the department: what its words mean, confirmed once.
_PROFILE: Final = """name = "transport"
base = "plain"
type = "道路运输经营许可证"
empty_end = "endless"
ignored = ["序号"]
[columns]
KZ_XKWH = ["批文号"]
[status]
"有效" = "current"
"存续" = "current"
"注销" = "ended"
[holder_types]
"信用代码" = "001"
[kinds]
KZ_XKWH = "code"
[constants]
ZZBFJG = "天门市示例交通运输局"
"""
_HEADINGS: Final = (
    "序号", "证照编号", "持证主体", "持证主体代码", "证件类型", "发证日期", "有效期自", "有效期至", "法定代表人", "地址",
    "经济性质", "经营范围", "批文号", "状态",
)  # fmt: skip
#: Kinds of mess: the column, and what stands there instead of what should. Those of the first part are mended by hand.
_RETURNED_MESS: Final[Sequence[tuple[str, str]]] = (
    ("证照编号", "4.29006E+17"), ("证照编号", ""), ("持证主体", ""), ("持证主体", "天门?物流有限公司"),
    ("持证主体代码", "914290060000000000"), ("持证主体代码", "9142900612345678OO"), ("持证主体代码", "4290061985****1761"),
    ("证件类型", "1"), ("发证日期", "2022-03"), ("发证日期", "2062-03-08"), ("发证日期", "1900-01-01"), ("发证日期", ""),
    ("发证日期", "2022-02-30"), ("有效期至", "2001-01-01"), ("法定代表人", "法定代表人"), ("地址", "=VLOOKUP(A2,B:C,2,0)"),
    ("批文号", "2月1日"), ("状态", "注销"), ("经营范围", "普通货运\u200b"), ("地址", "#REF!"),
)  # fmt: skip
_ACCEPTED_MESS: Final[Sequence[tuple[str, str]]] = (
    ("发证日期", "2022/3/8"), ("发证日期", "2022年3月8日"), ("发证日期", "20220308"), ("有效期至", "长期"),
    ("有效期至", "2099/12/31"), ("有效期至", ""), ("法定代表人", "——"), ("法定代表人", "无"), ("经营范围", " 普通货运 "),
    ("批文号", "ＸＫ２０２２０１"), ("状态", "存续"), ("有效期自", "1970-01-01"),
)  # fmt: skip
_PATIENCE_SECONDS: Final = 120.0  # for a node that ended to come back
MESS_KIND_COUNT: Final = len(_RETURNED_MESS) + len(_ACCEPTED_MESS)


class ImportFailed(AnchoringError):
    """The import did otherwise than the story tells."""


@dataclass(slots=True)
class Importing:
    """Brings a file, mends what comes back, and brings that; `proofs_folder` is where proofs lie in the end."""

    city: City
    issuer: str
    key_path: Path
    folder: Path
    tell: Callable[[str], None]
    good_rows: list[dict[str, str]] = field(default_factory=list)

    @property
    def export_path(self) -> Path:
        return self.folder / "export.xlsx"

    @property
    def returned_path(self) -> Path:
        """The file of the rows that came back."""
        return self.folder / "export.xlsx.faulty.xlsx"

    @property
    def proofs_folder(self) -> Path:
        return self.folder / "proofs"

    def bring(self) -> None:
        """Import the file of 300 rows, what came back of it, and all of it again. Raises: ImportFailed."""
        self.folder.mkdir()
        (self.folder / "transport.toml").write_text(_PROFILE, "utf-8")
        self.good_rows = [_make_row(row_index) for row_index in range(ROW_COUNT)]
        _write_workbook(self.export_path, self.good_rows)
        self._run_import(self.export_path)
        returned_count = self._mend()
        if returned_count != len(_RETURNED_MESS):
            raise ImportFailed(f"{returned_count} rows came back, and {len(_RETURNED_MESS)} should")
        self.tell(
            f"   {ROW_COUNT} rows of an Excel file with {MESS_KIND_COUNT} kinds of mess: {returned_count} come back 退回 in "
            f"{self.returned_path.name}, the others are registered"
        )
        self._run_import(self.returned_path)
        self._run_import(self.export_path)
        self.tell(
            f"   mended, and imported as they are: all {ROW_COUNT} are registered, and the whole file "
            "again registers none twice"
        )

    def collect(self, token_path: Path) -> list[Holding]:
        """Fetch the proofs of everything that was imported, and return who holds them. Raises: ImportFailed."""
        for path in (self.export_path, self.returned_path):
            self._run_import(
                path, "--wait", "60", "--proofs", str(self.proofs_folder), "--token-file", str(token_path)
            )
        holdings = [_read_holding(path) for path in sorted(self.proofs_folder.iterdir())]
        if len(holdings) != ROW_COUNT:
            raise ImportFailed(f"{len(holdings)} proofs of {ROW_COUNT} rows")
        self.tell(f"   {len(holdings)} more for the rows of the Excel file, written by `import run --proofs`")
        return holdings

    def _run_import(self, path: Path, *options: str) -> None:
        """Import a file; where the chain or the node ended meanwhile, again, as a department does. Raises: ImportFailed."""
        command = [
            sys.executable, "-m", "api.cli", "import", "run", str(path), "--profile", str(self.folder / "transport.toml"),
            "--issuer", self.issuer, "--key", str(self.key_path), "--node", self.city.url, "--accept", "same-days",
            "--queue", str(self.folder / QUEUE_FILE),
            "--accept", "term",  # ten years, where the catalogue has four: so that they are in force whenever this is run
            *options,
        ]  # fmt: skip
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            completed_process = subprocess.run(command, capture_output=True, text=True, check=False)
            if completed_process.returncode in (0, SOME_CAME_BACK):
                return
            if time.monotonic() > deadline:
                raise ImportFailed(
                    f"import ended with {completed_process.returncode}: "
                    f"{completed_process.stderr[-1000:]}{completed_process.stdout[-1000:]}"
                )
            time.sleep(1)

    def _mend(self) -> int:
        """Write into the rows that came back what should stand there, as a clerk does, and return how many they are."""
        workbook = load_workbook(self.returned_path)
        sheet = workbook.worksheets[0]
        columns_by_heading = {str(cell.value): cell.column for cell in sheet[1]}
        for row_number in range(2, sheet.max_row + 1):
            good_row = self.good_rows[int(sheet.cell(row_number, columns_by_heading["序号"]).value)]
            for heading, cell_text in good_row.items():
                sheet.cell(row_number, columns_by_heading[heading]).value = cell_text
        workbook.save(self.returned_path)
        return int(sheet.max_row) - 1


def make_holder_code(holder_number: int) -> str:
    """Return the credit code of a company that does not exist, whose check digits are right; below a million."""
    organisation_code = f"EX{holder_number:06d}"
    code_body = f"91429006{organisation_code}{compute_organisation_check(organisation_code)}"
    return code_body + compute_credit_check(code_body)


def _make_row(row_index: int) -> dict[str, str]:
    return {
        "序号": str(row_index), "证照编号": f"鄂交运管许可天字4290061{row_index:05d}号",
        "持证主体": f"天门示例第{row_index}物流有限公司",
        "持证主体代码": make_holder_code(row_index), "证件类型": "信用代码", "发证日期": "2022-03-08",
        "有效期自": "2022-03-08", "有效期至": "2032-03-07", "法定代表人": "张示例",
        "地址": f"天门市竟陵街道示例路{row_index}号",
        "经济性质": "有限责任公司", "经营范围": "道路普通货物运输", "批文号": f"XK2022{row_index:04d}", "状态": "有效",
    }  # fmt: skip


def _write_workbook(path: Path, good_rows: Sequence[dict[str, str]]) -> None:
    """Write the rows as an export has them, with a title, notes at the bottom, and each kind of mess once."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("台账")
    sheet.append(["附件1 天门市示例道路运输许可台账"])
    sheet.append(_HEADINGS)
    mess_by_row = dict(enumerate((*_RETURNED_MESS, *_ACCEPTED_MESS)))
    for row_index, row in enumerate(good_rows):
        cells = dict(row)
        if row_index in mess_by_row:
            heading, text = mess_by_row[row_index]
            cells[heading] = text
        sheet.append([cells[heading] for heading in _HEADINGS])
    sheet.append([])
    sheet.append(["注：本表为示例，均非真实"])
    workbook.save(path)


def _read_holding(path: Path) -> Holding:
    proof_bytes = path.read_bytes()
    claims = dict(json.loads(proof_bytes)["disclosure"]["claims"])
    return Holding(path.name.removesuffix(".proof.json"), proof_bytes, claims)
