"""A desk at which certificates with a term, a document and several claims are changed."""

import json
from pathlib import Path
from typing import Any, Final

from anchoring.register.records import StoredRecord, find_records
from ledger.encoding.canonical import Json
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import Desk

SERIALS: Final = tuple(f"TM2022A000000000000{number}" for number in range(1, 4))
LICENCES: Final = tuple(identifier(serial) for serial in SERIALS)
CLAIMS: Final[dict[str, Json]] = {
    "ZZMC": "营业执照",
    "CZZT": "天门市示例餐饮店",
    "ZZYXQJZRQ": "2027-03-27",
    "KZ_JYFW": "热食类食品制售",
}
BASIS: Final = "行政许可法 第七十条"
OLD_DOCUMENT: Final = b"the first licence"


class ChangesDesk(Desk):
    """A desk at which three licences until 2027-03-27 are changed."""

    def issue(self) -> None:
        for serial in SERIALS:
            licence = self.city.licence(
                serial, CLAIMS, OLD_DOCUMENT, issued="2022-03-28", valid_until="2027-03-27"
            )
            self.city.submit(licence)
        self.city.anchor()

    def change(self, action: str, *arguments: str | Path, basis: str | None = BASIS) -> int:
        options = [action, *map(str, arguments), "--node", "http://tianmen.example", "--yes"]
        options += ["--key", str(self.folder / "key.pem"), "--token-file", str(self.folder / "token")]
        return self.run(*options, *(["--basis", basis] if basis else []))

    def change_sheet(
        self, action: str, *lines: str, options: tuple[str, ...] = (), name: str = "rows.csv"
    ) -> int:
        """Change what a CSV of these lines says."""
        (self.folder / name).write_text("\n".join(lines) + "\n", "utf-8")
        return self.change(action, "--file", name, *options)

    def newest(self, licence: str = LICENCES[0]) -> StoredRecord:
        with self.city.register.reading() as connection:
            return find_records(connection, licence)[-1]

    def count(self, licence: str = LICENCES[0]) -> int:
        with self.city.register.reading() as connection:
            return len(find_records(connection, licence))

    def claims(self, licence: str = LICENCES[0]) -> dict[str, Json]:
        disclosure = self.newest(licence).disclosure
        assert disclosure is not None
        return disclosure.values

    def submit(self, *rows: dict[str, Any], options: tuple[str, ...] = ()) -> int:
        (self.folder / "records.ndjson").write_text(
            "\n".join(json.dumps(row) for row in rows) + "\n", "utf-8"
        )
        return self.run(
            "submit", "records.ndjson", "--key", "key.pem", "--node", "http://tianmen.example", *options
        )


def open_desk(city: City, node: Any, folder: Path, monkeypatch: Any) -> ChangesDesk:
    """Return the desk, whose commands ask this node."""
    desk = ChangesDesk(city, node, folder, monkeypatch)
    monkeypatch.setattr("api.department.actions.NodeClient", desk.client)
    monkeypatch.setattr("api.commands.submit.NodeClient", desk.client)
    desk.issue()
    return desk
