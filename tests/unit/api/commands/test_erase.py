"""`shunzheng erase`: looks first, erases what an order names, and again after a restore."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import delete

from anchoring.register.store import Register
from anchoring.register.tables import ERASURE, RECORD, TERM
from api.cli import main
from api.node.keys import make_node_key
from tests.fakes.department import World, identifier, licence
from tests.unit.api.city import START

PERSON = "429006199001010012"
SECRET = "天门市某路八号之七"
ORDER = ("--order", "天网信删〔2026〕3号", "--basis", "个人信息保护法 第四十七条")


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a node that holds two certificates of a person and one of another."""
    world = World()
    lines = [f'registry = "{world.registry}"', 'log = "tianmen"', 'node_key = "node.key"']
    (tmp_path / "node.toml").write_text("\n".join(lines))
    make_node_key(tmp_path)
    monkeypatch.setattr("time.time", lambda: float(START))
    register = Register(f"sqlite:///{tmp_path / 'register.db'}")
    claims = {"CZZT": "张三", "CZZTDM": PERSON, "KZ_ZS": SECRET}
    rows = [licence(1, claims=claims), licence(2, claims=claims), licence(3)]
    world.department.submit(register, world.trust, *rows)
    register.close()
    return tmp_path


def erase(node: Path, *options: str) -> int:
    return main(["erase", str(node), *options])


def is_held(node: Path) -> bool:
    return any(SECRET.encode() in file.read_bytes() for file in node.iterdir() if file.is_file())


def test_without_a_number_nothing_is_erased(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(node, "--holder", PERSON, *ORDER) == 0
    output = capsys.readouterr().out
    assert "2 records; nothing was erased: --records 2 does it" in output
    assert identifier(1) in output
    assert PERSON not in output
    assert "张三" not in output
    assert is_held(node)


@pytest.mark.parametrize("number", ["1", "3"])
def test_another_number_than_was_shown_erases_nothing(node: Path, number: str) -> None:
    assert erase(node, "--holder", PERSON, *ORDER, "--records", number) == 1
    assert is_held(node)


def test_a_person_is_erased(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(node, "--holder", PERSON, *ORDER, "--records", "2", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["erased"], answer["purged"], len(answer["records"])) == (True, True, 2)
    assert not is_held(node)
    assert erase(node, "--holder", PERSON, *ORDER) == 0
    assert "0 records" in capsys.readouterr().out


def test_one_certificate_is_erased(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(node, "--identifier", identifier(1), *ORDER, "--records", "1") == 0
    output, remainder = capsys.readouterr()
    assert "已删除" in output
    assert "notes 附注 on these certificates" in remainder
    assert is_held(node)


def test_an_order_has_number_and_basis(node: Path) -> None:
    assert erase(node, "--holder", PERSON, "--records", "2") != 0
    assert erase(node, "--holder", PERSON, "--records", "2", "--order", "1") != 0
    assert is_held(node)


def test_a_node_without_a_key_erases_nothing(node: Path) -> None:
    settings = node / "node.toml"
    settings.write_text(settings.read_text().replace('node_key = "node.key"', ""))
    assert erase(node, "--holder", PERSON, *ORDER, "--records", "2") != 0
    assert is_held(node)


def test_what_a_backup_brings_back_is_erased_again(node: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copyfile(node / "register.db", backup)
    assert erase(node, "--holder", PERSON, *ORDER, "--records", "2") == 0
    for file in node.glob("register.db*"):
        file.unlink()
    backup.rename(node / "register.db")
    assert is_held(node)
    assert erase(node, "--again") == 0
    assert not is_held(node)
    assert erase(node, "--again") == 0


def test_what_comes_back_later_is_known_of_before(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(node, "--holder", PERSON, *ORDER, "--records", "2") == 0
    register = Register(f"sqlite:///{node / 'register.db'}")
    with register.writing() as connection:
        for table in (ERASURE, TERM, RECORD):
            connection.execute(delete(table))
    register.close()
    capsys.readouterr()
    assert erase(node, "--again") == 0
    assert "2 records more are not here yet" in capsys.readouterr().err
    assert erase(node, "--again") == 0
    assert "not here yet" not in capsys.readouterr().err
