"""The house keeps what its documents and its settings promise."""

import ast
import json
import re
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import SocketBlockedError

ROOT = Path(__file__).parents[2]
CORE = sorted(str(module.relative_to(ROOT)) for module in (ROOT / "ledger").rglob("*.py"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_network_here() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET)
    with pytest.raises(SocketBlockedError):
        socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize("module", CORE)
def test_the_core_opens_and_asks_for_nothing(module: str) -> None:
    """What the import rules of pyproject.toml cannot see: these need no import."""
    nodes = ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8")))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert not used & {"open", "input", "print", "eval", "exec", "compile", "__import__", "breakpoint"}


def test_every_dependency_is_explained(project: dict[str, Any]) -> None:
    groups = project["dependency-groups"].values()
    declared = [*project["project"]["dependencies"], *(line for group in groups for line in group)]
    explained = re.findall(
        r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )
    assert sorted(explained) == sorted(re.split(r"[\[<>=]", line)[0] for line in declared)


def test_locks_name_only_the_public_index() -> None:
    python = tomllib.loads((ROOT / "uv.lock").read_text())
    sources = {package["source"].get("registry", "this project") for package in python["package"]}
    assert sources == {"https://pypi.org/simple", "this project"}
    for folder in (ROOT, ROOT / "contracts", ROOT / "tests/browser/npm"):
        lock = folder / "package-lock.json"
        packages = json.loads(lock.read_text())["packages"].values()
        assert not [package["resolved"] for package in packages if "resolved" in package]
        assert all("integrity" in package for package in packages if "version" in package)


def test_the_image_is_built_with_the_tools_of_the_makefile() -> None:
    installed = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    image = re.search(r"\buv==(\S+)", (ROOT / "docker/Dockerfile").read_text())
    assert installed
    assert image
    assert image[1] == installed[1]


def test_the_version_is_in_the_changelog_or_yet_to_come(project: dict[str, Any]) -> None:
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [project["project"]["version"]])
