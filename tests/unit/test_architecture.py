"""What a folder offers is what the page on the house says, and what others import."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "architecture.md"
PACKAGES: Final = ("ledger", "anchoring", "api", "shunzheng")
_ROW: Final = re.compile(r"^\| `([a-z0-9_/]+)/` \| [^|]+ \|([^|]*)\|$", re.MULTILINE)


def modules() -> Iterator[str]:
    """Yield every module and package by its dotted name."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES: Final = frozenset(modules())


def offered() -> Mapping[str, frozenset[str]]:
    """Return what the page says that each folder offers."""
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {folder: frozenset(re.findall(r"`([a-z0-9_.]+)`", names)) for folder, names in rows}


@cache
def room(module: str) -> str:
    """Return the folder of the page that a module stands in: the deepest one, so that routes belong to `api/http`."""
    path = module.replace(".", "/") + "/"
    return max((folder for folder in offered() if path.startswith(folder + "/")), key=len)


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the house that a module imports, at its top or inside a function."""
    file = ROOT / module.replace(".", "/")
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def used() -> Mapping[str, frozenset[str]]:
    """Return the modules of each folder that modules of other folders import, named as from their folder."""
    taken: dict[str, set[str]] = {folder: set() for folder in offered()}
    for module in MODULES:
        for name in imports(module):
            if name in MODULES and room(name) != room(module):
                inside = name.replace(".", "/").removeprefix(room(name)).strip("/")
                taken[room(name)].add(inside.replace("/", ".") or "itself")
    return {folder: frozenset(names) for folder, names in taken.items()}


def test_the_page_names_every_folder() -> None:
    inner = {"api/http/routes", "api/http/schemas", "anchoring/register/migrations"}
    folders = {
        file.parent.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("__init__.py")
    }
    assert set(offered()) == folders - inner


def test_what_a_folder_offers_is_what_others_import() -> None:
    assert used() == offered()
