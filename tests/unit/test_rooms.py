"""The house keeps its measures: folders, functions, first lines, names."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("ledger", "anchoring", "api", "shunzheng")
MOST_MODULES: Final = 16  # of one folder; commands are one module each and do not know one another
MOST_LINES: Final = 60  # of one function, which one screen shows; a migration is one long list
MOST_CHARACTERS: Final = 90  # of the first line of a module, which lists of modules show
#: Words that say nothing of what they name; inside a comprehension, whose loop stands beside them, they may stay.
_EMPTY_WORDS: Final = (
    "found one held own given taken stated stored known said sought told shown wanted kept seen made read drawn "
    "settled named asked announced declared recorded registered refused mined carried trusted decoded "
    "encoded signed unsigned sealed claimed altered uncovered unchecked frozen gathered walked counted opened "
    "merged explained quoted anchored others same whole rest current next previous late odd here there until "
    "what which when how why less many both some all thing stuff tmp obj out res needed allowed bad looking"
)
EMPTY_WORDS: Final = frozenset(_EMPTY_WORDS.split())

MODULES: Final = [module for package in PACKAGES for module in sorted((ROOT / package).rglob("*.py"))]
BESIDE: Final = [
    module
    for folder in ("tests", "docs", "examples", "benchmarks", "verifier")
    for module in sorted((ROOT / folder).rglob("*.py"))
]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def first_line(module: Path) -> str:
    return (ast.get_docstring(tree(module)) or "").partition("\n")[0]


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_folder_holds_what_one_can_keep_in_mind() -> None:
    folders = {module.parent for module in MODULES} - {ROOT / "api" / "commands"}
    sizes = {name(folder): len([*folder.glob("[!_]*.py")]) for folder in folders}
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_screen_shows_each_function(module: Path) -> None:
    for function in functions(module):
        assert function.end_lineno
        lines = function.end_lineno - function.lineno + 1
        assert lines <= MOST_LINES or module.parent.name == "versions", f"{function.name}: {lines} lines"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_there_is_one_name_for_a_logger(module: Path) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and "getLogger(__name__)" in ast.unparse(node):
            assert ast.unparse(node) == "logger = logging.getLogger(__name__)"


def test_the_first_line_of_a_module_says_what_it_is() -> None:
    for module in (*MODULES, *BESIDE):
        line = first_line(module)
        assert line or not module.read_text(encoding="utf-8"), f"{name(module)} does not say what it is"
        assert not line.startswith("What who"), (
            f"{name(module)}: name the thing instead of those who ask for it"
        )
        assert len(line) <= MOST_CHARACTERS, f"{name(module)}: {len(line)} characters"


def empty_words(node: ast.AST) -> Iterator[str]:
    """Yield the words that say nothing where they name a variable or a parameter, but for those of comprehensions."""
    if isinstance(node, ast.comprehension):
        yield from empty_words(node.iter)
        return
    if isinstance(node, ast.ClassDef):  # a member of a class is named by its table or its format
        yield from (
            word for part in node.body if not isinstance(part, ast.AnnAssign) for word in empty_words(part)
        )
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in EMPTY_WORDS:
        yield f"{node.id} (line {node.lineno})"
    if isinstance(node, ast.arg) and node.arg in EMPTY_WORDS:
        yield f"{node.arg} (line {node.lineno})"
    for child in ast.iter_child_nodes(node):
        yield from empty_words(child)


def test_a_name_says_what_it_holds() -> None:
    empty = [f"{name(module)}: {word}" for module in MODULES for word in empty_words(tree(module))]
    assert not empty
