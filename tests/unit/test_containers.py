"""What the compose file promises of each service, looked at without an engine."""

import re
import tomllib
from pathlib import Path
from typing import cast

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
Service = dict[str, object]


def read_services() -> dict[str, Service]:
    file = YAML(typ="safe").load((ROOT / "docker" / "compose.yaml").read_text())
    return cast(dict[str, Service], file["services"])


SERVICES = read_services()


def list_volumes(service: str) -> list[str]:
    return [str(volume).partition(":")[0] for volume in cast(list[str], SERVICES[service]["volumes"])]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_bounded_and_holds_no_rights(service: str) -> None:
    settings = SERVICES[service]
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["read_only"] is True
    assert {"mem_limit", "pids_limit", "logging"} <= settings.keys()
    assert not re.search("(?i)password|passwd|secret", str(settings.get("environment", "")))
    assert all(str(port).startswith("127.0.0.1:") for port in cast(list[str], settings.get("ports", [])))


@pytest.mark.parametrize("city", ["tianmen", "wuhan"])
def test_what_strangers_reach_holds_no_key_of_operator_or_admin(city: str) -> None:
    keys = {*list_volumes(f"{city}-anchorer"), *list_volumes(f"{city}-admin")} - {f"{city}-databases"}
    assert keys == {f"{city}-anchorer", f"{city}-admin"}
    assert keys.isdisjoint(list_volumes(city))
    assert "ports" not in SERVICES[f"{city}-anchorer"]
    users = [SERVICES[f"{city}{place}"].get("user") for place in ("", "-anchorer", "-admin")]
    assert len(set(users)) == len(users)


def test_a_submission_on_its_way_in_lies_on_disk() -> None:
    for city in ("tianmen", "wuhan"):
        assert f"{city}-spool" in list_volumes(city)
        assert SERVICES[city]["environment"] == {"SHUNZHENG_SPOOL_DIRECTORY": "/spool"}


def test_each_image_is_built_once_and_each_base_is_pinned_to_its_content() -> None:
    built_images = [str(service["image"]) for service in SERVICES.values() if "build" in service]
    assert sorted(built_images) == ["shunzheng/chain", "shunzheng/node"]
    foreign_images = [
        image for service in SERVICES.values() if (image := str(service["image"])) not in built_images
    ]
    base_images = re.findall(
        r"^ARG \w+_IMAGE=(\S+)", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE
    )
    assert len(base_images) == 2
    for image in (*foreign_images, *base_images):
        assert re.search("@sha256:[0-9a-f]{64}}?$", image), image


def test_there_is_one_compose_file_so_that_none_can_be_forgotten() -> None:
    assert [file.name for file in (ROOT / "docker").glob("*.y*ml")] == ["compose.yaml"]


def test_what_the_build_copies_is_let_through_to_it_and_all_of_the_wheel_is_copied() -> None:
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    copied_paths = {path for paths in copies for path in paths.split()}
    passed_paths = {
        line[1:]
        for line in (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied_paths == passed_paths
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]) <= copied_paths
