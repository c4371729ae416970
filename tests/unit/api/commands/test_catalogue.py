"""`shunzheng catalogue`, and a city's folder that a command works with."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.catalogue.chosen import choose_catalogue
from api.cli import main

CITY = {
    "format": "shunzheng-catalogue/1",
    "about": {"version": "tm-3", "title": "天门市"},
    "types": [
        {"id": "gas", "aliases": ["瓶装气证"]},
        {
            "id": "heat-supply",
            "name": ["供热经营许可证", "Heat supply permit"],
            "code": "Y1429006EXAMPLE03H801",
            "certainty": "local",
            "authority": "住建",
            "holders": ["body"],
            "required": ["KZ_FDDBR"],
        },
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "city.json").write_text(json.dumps(CITY), encoding="utf-8")
    yield tmp_path
    choose_catalogue(None)


@pytest.mark.parametrize(
    "name", ["营业执照", "Business licence", "11100000MB0143028R001", "business", " 营业执照副本"]
)
def test_a_type_is_shown_by_whatever_people_call_it(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["catalogue", "show", name]) == 0
    text = capsys.readouterr().out
    assert "营业执照 Business licence (business)" in text
    assert "KZ_JYFW" in text
    assert "开办餐饮店" in text


def test_a_type_is_shown_by_the_code_that_it_had(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "Y1429006EXAMPLE03H022"]) == 0
    assert "建筑工程施工许可证" in capsys.readouterr().out


def test_an_errand_says_which_paper_each_licence_replaces(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "open-restaurant"]) == 0
    assert "替代 replaces 经营场所使用证明" in capsys.readouterr().out


def test_a_misspelt_name_is_answered_with_those_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "show", "营业照"]) == 1
    assert "did you mean 营业执照" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "x" * 5000, "\u202e", "KZ_FDDBR"])
def test_what_is_no_entry_is_said_shortly(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["catalogue", "show", name]) == 1
    assert len(capsys.readouterr().err) < 400


def test_the_list_is_cut_to_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "list", "网约车", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [type_["id"] for type_ in listed["types"]] == ["ride-business", "ride-vehicle", "ride-driver"]
    assert main(["catalogue", "list", "--errands"]) == 0
    assert "41 errands" in capsys.readouterr().out


def test_the_folder_of_a_city_is_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "check", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["version"].endswith("+tm-3")
    assert report["types"] == {"added": ["heat-supply"], "changed": ["gas"]}
    assert report["claims"] == report["errands"] == {"added": [], "changed": []}


def test_what_is_wrong_in_it_is_said_with_file_and_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "more.json").write_text('{"format": "shunzheng-catalogue/1", "types": [{"id": "gas2"}]}')
    assert main(["catalogue", "check", str(folder)]) == 1
    assert "more.json: $.types[0]" in capsys.readouterr().err


def test_a_command_works_with_the_folder_that_it_is_given(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalogue", "show", "供热经营许可证", "--catalogue", str(folder)]) == 0
    assert "Heat supply permit" in capsys.readouterr().out
    choose_catalogue(None)
    assert main(["catalogue", "show", "供热经营许可证"]) == 1
