"""The files that stand around a node are read by the programs for which they are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_authorities import make_authority

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECONDS = 60
MOST_EXPOSED = 25  # tenths of what `systemd-analyze security` calls exposure: below 3 is "OK"
NGINX = "pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; include {folder}/*.conf; }}"
TEMPORARY_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find_program(name: str) -> str:
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin")
    if not program:
        pytest.skip(f"{name} is not installed here")
    return program


def run(*command: str | Path) -> str:
    """Return what a program says. Fails where it ends with anything but 0."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    program = find_program("nginx")
    certificate = make_authority(tmp_path / "authority").file.with_name("server.pem")
    text = re.sub(r"/etc/ssl/shunzheng/node\.\w+", str(certificate), (DEPLOY / "nginx.conf").read_text())
    (tmp_path / "node.conf").write_text(text)
    paths = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in TEMPORARY_PATHS)
    (tmp_path / "paths.conf").write_text(paths)
    main = tmp_path / "main"
    main.write_text(NGINX.format(folder=tmp_path))
    assert "test is successful" in run(program, "-t", "-c", main, "-p", tmp_path)


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("systemd/*.service")), ids=lambda unit: unit.stem)
def test_systemd_takes_its_units_and_finds_little_exposed(tmp_path: Path, unit: Path) -> None:
    program = find_program("systemd-analyze")
    copy = tmp_path / unit.name
    text = unit.read_text().replace("/opt/shunzheng/bin/shunzheng", "/bin/true")
    copy.write_text(re.sub("(User|Group)=.*", r"\1=daemon", text))
    assert not [line for line in run(program, "verify", copy).splitlines() if unit.name in line]
    run(program, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", copy)


def test_prometheus_takes_the_alerts() -> None:
    assert "SUCCESS" in run(find_program("promtool"), "check", "rules", DEPLOY / "alerts.yaml")


def test_every_figure_that_a_person_should_look_at_has_an_alert_and_is_one_that_a_node_gives() -> None:
    alerts = (DEPLOY / "alerts.yaml").read_text()
    alerted = set(re.findall(r"expr: (?:abs\(|delta\()?shunzheng_(\w+)", alerts))
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert alerted == set(re.findall(r"^\| `shunzheng_(\w+)` \|", page, re.MULTILINE))
    metrics = (ROOT / "api" / "http" / "metrics.py").read_text(encoding="utf-8")
    assert not [name for name in alerted if f'"{name}"' not in metrics and not name.startswith("process_")]
