"""A desk at which tables of a department are imported."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from api.department.imports.files.opening import open_source
from api.department.imports.headings import find_columns
from api.department.imports.judging.judge import RowJudge
from api.department.imports.judging.judged import JudgedRow
from api.department.imports.profiles import Profile, load_profile
from ledger.encoding.times import civil_date
from tests.fakes.department import ISSUER, NOW
from tests.unit.api.city import City
from tests.unit.api.desk import Desk

TYPE: Final = "食品经营许可证"
#: A row that is good in every cell.
GOOD: Final[Mapping[str, str]] = {
    "证照名称": TYPE,
    "证照编号": "JY24290060000001",
    "持证主体": "天门示例天福餐饮店",
    "持证主体代码": "92429006EXAMPLE034",
    "发证日期": "2022-03-08",
    "有效期自": "2022-03-08",
    "有效期至": "2027-03-07",
    "经营场所": "天门市竟陵街道示例路1号",
}


class ImportDesk(Desk):
    """A desk whose commands ask the node of the city."""

    def write(self, name: str, rows: Iterable[Mapping[str, str]], encoding: str = "utf-8") -> Path:
        """Write rows as a CSV, and return where."""
        path = self.folder / name
        rows = list(rows)
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def check(self, path: Path | str, *options: str) -> int:
        return self.run("import", "check", path, "--issuer", ISSUER, *options)

    def run_import(self, path: Path | str, *options: str) -> int:
        fixed = [
            "--issuer",
            ISSUER,
            "--key",
            "key.pem",
            "--node",
            "http://tianmen.example",
            "--token-file",
            "token",
        ]
        return self.run("import", "run", path, *fixed, *options)

    def count_registered(self) -> int:
        with self.city.register.reading() as connection:
            return sum(1 for _ in connection.exec_driver_sql("SELECT 1 FROM record"))


def open_desk(city: City, node: Any, folder: Path, monkeypatch: Any) -> ImportDesk:
    desk = ImportDesk(city, node, folder, monkeypatch)
    monkeypatch.setattr("api.commands.imports.NodeClient", desk.client)
    return desk


def judge(folder: Path, content: bytes | Sequence[Mapping[str, str]], **settings: Any) -> list[JudgedRow]:
    """Return what the rows of a table come to, by the plain profile with these settings."""
    path = folder / "table.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(content[0]))
            writer.writeheader()
            writer.writerows(content)
    profile = make_profile(**settings)
    with open_source(path) as source:
        columns, rows = find_columns(source.rows(), profile)
        judge_of_rows = RowJudge(profile, columns, ISSUER, civil_date(NOW))
        return [judge_of_rows.judge(row) for row in rows]


def make_profile(**settings: Any) -> Profile:
    """Return the plain profile with other settings."""
    plain = load_profile("plain").model_dump()
    for name, value in settings.items():
        plain[name] = plain[name] | value if isinstance(value, dict) else value
    return Profile.model_validate(plain)


def sorts(judged: JudgedRow) -> set[str]:
    return {finding.sort for finding in judged.findings}
