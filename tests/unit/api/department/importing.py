"""A desk at which tables of a department are imported."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.files.opening import open_source
from api.department.imports.headings import find_columns
from api.department.imports.judging.judge import RowJudge
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.profiles import Profile, load_profile
from ledger.catalogue.fields import Form
from ledger.encoding.times import find_civil_date
from ledger.records.identifiers import compute_resident_check
from tests.fakes.department import ISSUER, NOW
from tests.unit.api.city import City
from tests.unit.api.desk import Desk

TYPE_NAME: Final = "食品经营许可证"
#: A row that is good in every cell.
GOOD_ROW: Final[Mapping[str, str]] = {
    "证照名称": TYPE_NAME,
    "证照编号": "JY24290060000001",
    "持证主体": "天门示例天福餐饮店",
    "持证主体代码": "92429006EXAMPLE034",
    "发证日期": "2022-03-08",
    "有效期自": "2022-03-08",
    "有效期至": "2027-03-07",
    "经营场所": "天门市竟陵街道示例路1号",
    "发证机关": "天门市示例局",
    "法定代表人（负责人）": "张示例",
    "住所": "天门市竟陵街道示例路2号",
    "主体业态": "餐饮服务经营者",
    "经营项目": "热食类食品制售",
}
_VALUES: Final = {
    Form.DATE: "1990-01-01",
    Form.TIME: "1990-01-01T00:00:00Z",
    Form.INTEGER: "12",
    Form.CHOICE: "其他",
}
RESIDENT: Final = "42900619900101001" + compute_resident_check("42900619900101001")


def complete(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row that states what certificates of its type must state by the catalogue."""
    (type_,) = get_catalogue().search_types(row["证照名称"])
    fields = [field for field in get_catalogue().list_claims(type_) if field.name in type_.required]
    return {field.label.zh: _VALUES.get(field.form, field.label.en) for field in fields} | dict(row)


MARRIAGE: Final = complete(
    {**GOOD_ROW, "证照名称": "结婚证", "证照编号": "J429006-2022-000001", "有效期至": "长期"}
)


class ImportDesk(Desk):
    """A desk whose commands ask the node of the city."""

    def write(self, file_name: str, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> Path:
        """Write rows as a CSV, and return where."""
        table_path = self.folder / file_name
        rows = list(rows)
        with table_path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return table_path

    def check(self, table_path: Path | str, *options: str) -> int:
        return self.run("import", "check", table_path, "--issuer", ISSUER, *options)

    def run_import(self, table_path: Path | str, *options: str) -> int:
        fixed_options = [
            "--issuer",
            ISSUER,
            "--key",
            "key.pem",
            "--node",
            "http://tianmen.example",
            "--token-file",
            "token",
        ]
        return self.run("import", "run", table_path, *fixed_options, *options)

    def count_registered(self) -> int:
        with self.city.register.reading() as connection:
            return sum(1 for _ in connection.exec_driver_sql("SELECT 1 FROM record"))


def open_desk(city: City, node: Any, folder: Path, monkeypatch: Any) -> ImportDesk:
    desk = ImportDesk(city, node, folder, monkeypatch)
    monkeypatch.setattr("api.commands.imports.NodeClient", desk.client)
    return desk


def judge(folder: Path, content: bytes | Sequence[Mapping[str, str]], **settings: Any) -> list[JudgedRow]:
    """Return what the rows of a table come to, by the plain profile with these settings."""
    table_path = folder / "table.csv"
    if isinstance(content, bytes):
        table_path.write_bytes(content)
    else:
        with table_path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(content[0]))
            writer.writeheader()
            writer.writerows(content)
    profile = make_profile(**settings)
    with open_source(table_path) as source:
        columns, rows = find_columns(source.read_rows(), profile)
        row_judge = RowJudge(profile, columns, ISSUER, find_civil_date(NOW))
        return [row_judge.judge(row) for row in rows]


def make_profile(**settings: Any) -> Profile:
    """Return the plain profile with other settings."""
    members = load_profile("plain").model_dump()
    for name, value in settings.items():
        members[name] = members[name] | value if isinstance(value, dict) else value
    return Profile.model_validate(members)


def find_sorts(judged_row: JudgedRow) -> set[str]:
    return {finding.sort for finding in judged_row.findings}
