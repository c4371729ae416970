"""Every page, file and heading that code or documents cite is there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = (
    *(
        "ledger",
        "anchoring",
        "api",
        "tests",
        "docs",
        "examples",
        "benchmarks",
        "docker",
        "verifier",
        "scripts",
    ),
    *("contracts/src", "contracts/test"),
)
_WRITTEN: Final = (".py", ".sol", ".html", ".yaml")
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "before_the_move"})
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CITED: Final = re.compile(r"(?<![\w./-])(?:docs|tests|ledger|anchoring|api)/[\w./-]*[\w/]")
_PAGE: Final = re.compile(r"(?<![\w./-])[a-z0-9-]+\.md\b")


def files(*suffixes: str) -> list[Path]:
    """Return the files at the root and in the folders of the project, by the ends of their names."""
    there = [file for file in ROOT.iterdir() if file.is_file()]
    for folder in FOLDERS:
        there += (ROOT / folder).rglob("*")
    return sorted(file for file in there if file.suffix in suffixes and not _SKIPPED & set(file.parts))


PAGES: Final = [*files(".md"), *sorted((ROOT / "contracts").glob("*.md"))]
NAMES: Final = {page.name for page in PAGES}
SOURCES: Final = [*files(*_WRITTEN), ROOT / "Makefile", ROOT / "pyproject.toml"]


@cache
def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a browser of repositories makes them."""
    lines = re.findall(r"^#+ +(.+?) *$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def links(page: Path) -> Iterator[str]:
    """Yield the links of a page that stay inside the repository."""
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:", "mailto:")):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for link in links(page):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no such file"
        if heading:
            assert heading in headings(target), f"{link}: there is no such heading"


def is_there(cited: str) -> bool:
    """Say whether a path is one of the repository, or installed into it when asked for."""
    return "/node_modules/" in cited or (ROOT / cited).exists() or (ROOT / f"{cited}.py").exists()


@pytest.mark.parametrize("file", [*PAGES, *SOURCES], ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_file_cites_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for page in _PAGE.findall(text):
        assert page in NAMES or (file.parent / page).exists(), f"{page}: there is no such page"
    for cited in _CITED.findall(text):
        assert is_there(cited), f"{cited}: there is no such file"


def test_nothing_cites_a_design_that_is_not_here() -> None:
    """What says how a thing is meant is a page of docs/formats/ or docs/decisions/."""
    citing = [
        file
        for file in (*PAGES, *SOURCES)
        if file != Path(__file__) and "(design:" in file.read_text("utf-8")
    ]
    assert not citing


# -- The two languages of the way in --

_FENCED: Final = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED: Final = re.compile(r"^    (\S.*)$", re.MULTILINE)
_COLUMN: Final = re.compile(r" {2,}| +# ")  # what follows explains, in the language of the page


def levels(page: Path) -> list[str]:
    outside = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^(#+) ", outside, re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Return the lines that are typed or named in the indented blocks of a page, without what explains them."""
    return [_COLUMN.split(line)[0] for line in _INDENTED.findall(page.read_text(encoding="utf-8"))]


def test_the_chinese_page_says_what_the_english_page_says() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert levels(chinese) == levels(english)
    assert _FENCED.findall(chinese.read_text("utf-8")) == _FENCED.findall(english.read_text("utf-8"))
    assert commands(chinese) == commands(english)
    assert [*links(chinese)][1:] == [*links(english)][1:]  # the first is the other language
    rows = [
        len(re.findall(r"^\|.*\|$", page.read_text("utf-8"), re.MULTILINE)) for page in (english, chinese)
    ]
    assert rows[1] == rows[0] + 3  # the table of words in both languages
