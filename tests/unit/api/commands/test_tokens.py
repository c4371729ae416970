"""`shunzheng token`: tokens end unless told otherwise, and their looks are listed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.register.access.looks import LookRules, Purpose, log_looks
from anchoring.register.access.tokens import Token, create_token, list_tokens
from anchoring.register.store import Register
from api.cli import main
from tests.unit.api.city import START, draws

DAY = 86_400


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a node that issues, at the moment START."""
    lines = ['registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"']
    (tmp_path / "node.toml").write_text("\n".join([*lines, 'log = "tianmen"']))
    monkeypatch.setattr("time.time", lambda: float(START))
    return tmp_path


@pytest.fixture
def register(node: Path) -> Iterator[Register]:
    register = Register(f"sqlite:///{node / 'register.db'}")
    yield register
    register.close()


def create(node: Path, *options: str) -> int:
    return main(["token", "create", str(node), "--label", "窗口", "--scope", "proofs", *options])


def tokens(register: Register) -> list[Token]:
    with register.reading() as connection:
        return list_tokens(connection)


@pytest.mark.parametrize(
    ("options", "end"), [([], START + 90 * DAY), (["--days", "3"], START + 3 * DAY), (["--no-end"], None)]
)
def test_a_token_ends_after_a_quarter_unless_told_otherwise(
    node: Path, register: Register, options: list[str], end: int | None
) -> None:
    assert create(node, *options) == 0
    assert [token.ends_at for token in tokens(register)] == [end]


def test_a_label_of_two_lines_is_shown_in_one(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "create", str(node), "--label", "窗口\ntoken 0", "--scope", "proofs"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" for ")[2][:16] for line in lines] == ["窗口\\ntoken 0: pro"]


@pytest.mark.parametrize(
    "options", [["--days", "0"], ["--days", "-1"], ["--days", "３"], ["--days", "1", "--no-end"]]
)
def test_an_end_that_is_none_is_a_wrong_usage(node: Path, register: Register, options: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        create(node, *options)
    assert tokens(register) == []


def test_the_list_says_which_tokens_end_soon_and_which_never(
    node: Path, register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = {"old": None, "soon": START + 7 * DAY, "later": START + 8 * DAY, "over": START}
    with register.writing() as connection:
        for label, end in ends.items():
            create_token(connection, draws(label), label=label, scopes=["proofs"], now=1, ends_at=end)
    assert main(["token", "list", str(node)]) == 0
    lines = {line.split("  ")[1]: line for line in capsys.readouterr().out.splitlines()}
    assert "no end 无期限" in lines["old"]
    assert "即将到期" in lines["soon"]
    assert "有效至" in lines["later"]
    assert "已到期" in lines["over"]
    assert main(["token", "list", str(node), "--json"]) == 0
    rows = {row["label"]: row for row in json.loads(capsys.readouterr().out)}
    assert {label: (row["in_force"], row["ending"], "ends" in row) for label, row in rows.items()} == {
        "old": (True, False, False),
        "soon": (True, True, True),
        "later": (True, False, True),
        "over": (False, False, True),
    }


def test_looks_are_listed_with_the_name_of_the_token_and_never_its_text(
    node: Path, register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    create(node)
    text = capsys.readouterr().out.strip()
    token = tokens(register)[0]
    with register.writing() as connection:
        for moment, outcome in ((START, "shown"), (START + DAY, "not-found")):
            log_looks(
                connection, token.id, Purpose.CLAIMS, {"a.001.1": outcome}, moment, LookRules(days=3, daily=5)
            )
    assert main(["token", "looks", str(node), "--identifier", "a.001.1", "--id", token.id]) == 0
    lines = capsys.readouterr().out
    assert [word in lines for word in (token.id, "窗口", "存证凭据及信息项", "已出示", "a.001.1", text)] == [
        True
    ] * 5 + [False]
    assert lines.startswith("2026-11-23 09:00:00 (UTC+8)  "), "the time in China, as everywhere"
    assert main(["token", "looks", str(node), "--json", "--since", "2026-11-24"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["token"], row["label"], row["outcome"]) == (token.id, "窗口", "not-found")
    assert main(["token", "looks", str(node), "--id", "nobody"]) == 0
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit, match="2"):
        main(["token", "looks", str(node), "--since", "yesterday"])


def test_what_was_asked_for_forges_no_line(
    node: Path, register: Register, capsys: pytest.CaptureFixture[str]
) -> None:
    create(node)
    token = tokens(register)[0]
    with register.writing() as connection:
        asked = {"a\n2026-01-01T00:00:00Z  forged": "not-found"}
        log_looks(connection, token.id, Purpose.HISTORY, asked, START, LookRules(days=3, daily=5))
    capsys.readouterr()
    assert main(["token", "looks", str(node)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "a\\n2026-01-01T00:00:00Z  forged" in line
