"""A proof on paper: the code in three formats reads back, also from a poor photo."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from api.cli import main
from api.opening.picture_codes import read_codes
from api.paper import codes
from api.paper.codes import make_code, measure_side
from api.paper.pages import FORMATS, write_paper
from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.paper import encode_paper
from tests.pictures import photograph
from tests.scenes import scene

CITY, ITEMS = scene()
PROOF = CITY.proof(ITEMS[0])


def test_the_picture_holds_the_code_in_300_dpi() -> None:
    picture = write_paper(PROOF, "png")
    assert read_codes(picture).codes == (encode_paper(PROOF),)
    with Image.open(io.BytesIO(picture)) as opened:
        assert [round(dots) for dots in opened.info["dpi"]] == [300, 300]
        assert opened.width * 25.4 / 300 == pytest.approx(measure_side(make_code(PROOF)), abs=0.2)


def test_pages_are_a4_and_say_what_the_code_is_of() -> None:
    page = write_paper(PROOF, "svg").decode()
    assert 'width="210.0mm" height="297.0mm"' in page
    for words in ("营业执照", "天门市示例商贸有限公司", PROOF.record.identifier[:40], "按实际大小"):
        assert words in page
    assert "<script" not in page
    document = write_paper(PROOF, "pdf")
    assert document.startswith(b"%PDF-1.")
    assert b"/STSong-Light" in document
    assert len(document) < 100_000
    assert write_paper(PROOF, "pdf") == document, "the same page each time"


def test_a_name_on_the_page_is_text() -> None:
    city, _ = scene()
    licence = city.licence(claims={"CZZT": "</text><script>alert(1)</script>\u202e" + "长" * 200})
    city.register(licence)
    page = write_paper(city.proof(licence), "svg").decode()
    assert "<script" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "damage",
    [
        {"degrees": 7.0, "quality": 40},
        {"scale": 0.5, "quality": 40},
        {"scale": 1.7, "degrees": -7.0, "quality": 40},
        {"degrees": 97.0, "quality": 40},
        {"light": 0.4, "contrast": 0.4, "quality": 40, "degrees": 7.0},
        {"blur": 1.5, "quality": 40},
        {"shade": 1, "quality": 40, "degrees": 3.0},
    ],
    ids=["turned", "half", "large and turned", "sideways", "in poor light", "out of focus", "in a shadow"],
)
def test_a_photo_of_it_reads_back(damage: dict[str, float]) -> None:
    assert read_codes(photograph(write_paper(PROOF, "png"), **damage)).codes == (encode_paper(PROOF),)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_code_that_is_cut_off_is_no_code(part: float) -> None:
    assert read_codes(photograph(write_paper(PROOF, "png"), cut=part)).codes == ()


def test_what_does_not_fit_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_code(PROOF).error == "M"
    monkeypatch.setattr(codes, "MAX_CODE_CHARS", 1000)
    with pytest.raises(LimitExceeded, match="fewer claims"):
        make_code(PROOF)


def test_the_longest_code_of_level_m_is_made_and_read() -> None:
    import segno

    text = "SZ1:" + "A" * (codes.MAX_CODE_CHARS - 4)
    code = segno.make_qr(text, error="m", boost_error=False, mask=3)
    assert read_codes(codes.write_png(code)).codes == (text,)
    assert measure_side(code) < 170, "between the margins of A4"


def test_another_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(MalformedInput, match="pdf, svg, png"):
        write_paper(PROOF, "gif")


def test_the_command_makes_one_and_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.pdf.proof.json").write_bytes(PROOF.encode())
    assert main(["paper", str(tmp_path / "a.pdf.proof.json"), "-o", str(tmp_path / "code.PNG")]) == 0
    assert read_codes((tmp_path / "code.PNG").read_bytes()).codes == (encode_paper(PROOF),)
    folder = tmp_path / "codes"
    sources = [str(tmp_path / f"{name}.pdf.proof.json") for name in ("a", "b")]
    for format_name in FORMATS:
        assert main(["paper", *sources, "--folder", str(folder), "--format", format_name]) == 0
        assert (folder / f"b.pdf.{format_name}").is_file()
    assert main(["paper", encode_paper(PROOF).lower(), "-o", str(tmp_path / "typed.svg")]) == 0
    capsys.readouterr()
    for arguments, advice in (
        ([*sources, "-o", str(tmp_path / "x.pdf")], "many go into --folder"),
        ([sources[0], "-o", str(tmp_path / "x.gif")], "pdf, svg, png"),
        ([str(tmp_path / "none.json"), "-o", str(tmp_path / "x.pdf")], "does not exist"),
        ([encode_paper(PROOF), "--folder", str(folder)], "goes to -o"),
    ):
        assert main(["paper", *arguments]) == 1
        assert advice in capsys.readouterr().err
    assert json.loads((tmp_path / "a.pdf.proof.json").read_text())


def test_two_proofs_of_one_name_do_not_become_one_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("east", "west"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.pdf.proof.json").write_bytes(PROOF.encode())
    sources = [str(tmp_path / folder / "a.pdf.proof.json") for folder in ("east", "west")]
    assert main(["paper", *sources, "--folder", str(tmp_path / "codes")]) == 1
    assert "rename one of them" in capsys.readouterr().err
    assert not (tmp_path / "codes").exists()


def test_a_picture_with_a_side_beyond_what_is_read_is_too_large() -> None:
    file = io.BytesIO()
    Image.new("1", (70_000, 1), 1).save(file, "PNG")
    assert read_codes(file.getvalue()).problem == "too_large"
