"""node.toml and its overrides, and what each mistake is answered with."""

from pathlib import Path

import pytest

from anchoring.anchorer.batcher import BatchPolicy
from api.node.errors import SettingsError
from api.node.sections import Batching, Intake
from api.node.settings import Settings
from api.processes import make_batch_policy
from ledger.records.records import KINDS

REGISTRY = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
WHOLE = f"""
registry = "{REGISTRY}"
log = "tianmen"
chain_url = "http://127.0.0.1:8545"
listen = "[::1]:8080"
keystore = "operator.json"
keystore_password_file = "/etc/operator.password"
name = "天门市"
max_age = 600
[policies]
strict = 60
"""


def write(directory: Path, text: str) -> Path:
    (directory / "node.toml").write_text(text, encoding="utf-8")
    return directory


def test_an_issuing_node(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, WHOLE), {})
    assert settings.address == ("::1", 8080)
    assert settings.keystore == tmp_path / "operator.json"
    assert settings.keystore_password_file == Path("/etc/operator.password")
    assert settings.register_url == f"sqlite:///{tmp_path}/register.db"
    assert settings.replica_url == f"sqlite:///{tmp_path}/replica.db"
    assert (settings.max_age, settings.policies) == (600, {"strict": 60})


def test_a_verifying_node_has_no_register(tmp_path: Path) -> None:
    settings = Settings.load(write(tmp_path, f'registry = "{REGISTRY}"'), {})
    assert (settings.log, settings.register_url) == (None, None)
    assert settings.address == ("127.0.0.1", 8080)


def test_the_environment_overrides(tmp_path: Path) -> None:
    environment = {
        "SHUNZHENG_LISTEN": "0.0.0.0:9000",
        "SHUNZHENG_MAX_AGE": "30",
        "SHUNZHENG_LOG": "",
        "OTHER": "x",
    }
    settings = Settings.load(write(tmp_path, WHOLE), environment)
    assert settings.address == ("0.0.0.0", 9000)
    assert settings.max_age == 30
    assert settings.log is None


def test_the_environment_is_checked_as_the_file_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="`max_age` must be a whole number, not '1h'"):
        Settings.load(write(tmp_path, WHOLE), {"SHUNZHENG_MAX_AGE": "1h"})


def test_a_number_that_is_a_name_stays_text(tmp_path: Path) -> None:
    assert Settings.load(write(tmp_path, WHOLE), {"SHUNZHENG_NAME": "7"}).name == "7"


def test_tables_and_the_directory_are_not_taken_from_the_environment(tmp_path: Path) -> None:
    environment = {"SHUNZHENG_POLICIES": '{"strict": 1}', "SHUNZHENG_DIRECTORY": "/elsewhere"}
    settings = Settings.load(write(tmp_path, WHOLE), environment)
    assert (settings.policies, settings.directory) == ({"strict": 60}, tmp_path)


def test_other_databases_keep_their_urls(tmp_path: Path) -> None:
    text = f'registry = "{REGISTRY}"\nreplica_url = "postgresql+psycopg://node@db/replica"'
    assert Settings.load(write(tmp_path, text), {}).replica_url == "postgresql+psycopg://node@db/replica"
    text = f'registry = "{REGISTRY}"\nreplica_url = "sqlite:////var/lib/replica.db"'
    assert Settings.load(write(tmp_path, text), {}).replica_url == "sqlite:////var/lib/replica.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("registry = ", "is not TOML"),
        ("", "`registry` is missing"),
        (f'registry = "{REGISTRY}"\nlisten = "8080"', "`listen` must be host:port"),
        (f'registry = "{REGISTRY}"\nlisten = 8080', "`listen` must be text, not 8080"),
        (
            f'registry = "{REGISTRY}"\nmax_age = "1h"',
            "node.toml: `max_age` must be a whole number, not '1h'$",
        ),
        (f'registry = "{REGISTRY}"\nmax_age = true', "`max_age` must be a whole number"),
        (f'registry = "{REGISTRY}"\nmax_age = -1', "`max_age` must be 0 or more, not -1"),
        (f'registry = "{REGISTRY}"\nfinal_depth = -1', "`final_depth` must be 0 or more"),
        (f'registry = "{REGISTRY}"\nfinal_depth = "12"', "`final_depth` must be a whole number"),
        (f'registry = "{REGISTRY}"\nchain_url = " "', "`chain_url` is blank"),
        (f'registry = "{REGISTRY}"\nchain_url = "http://a http://b http://a"', "names an endpoint twice"),
        (f'registry = "{REGISTRY}"\nchain = "x"', "unknown setting `chain`"),
        (f'registry = "{REGISTRY}"\ndirectory = "x"', "unknown setting `directory`"),
        (f'registry = "{REGISTRY}"\n_env_file = "x"', "unknown setting `_env_file`"),
        (f'registry = "{REGISTRY}"\npromise_seconds = 0', "`promise_seconds` must be 1 or more"),
        (f'registry = "{REGISTRY}"\npeers = "x"', "`peers` must be a table"),
        (f'registry = "{REGISTRY}"\n[peers]\nwuhan = 1', "the peer `wuhan`"),
        (f'registry = "{REGISTRY}"\n[peers]\nwuhan = ""', "the peer `wuhan`"),
        (f'registry = "{REGISTRY}"\n[peers]\nwuhan = "file:///etc"', "the peer `wuhan`"),
        (f'registry = "{REGISTRY}"\n[peers]\nwuhan = "http://a http://u:p@b"', "the peer `wuhan`"),
        (f'registry = "{REGISTRY}"\n[peers]\nwuhan = "http://a/?x=1"', "the peer `wuhan`"),
        (f'registry = "{REGISTRY}"\n[policies]\ndefault = 1', "set by `max_age`"),
        (f'registry = "{REGISTRY}"\n[policies]\nstrict = "60"', "the policy `strict`"),
        (
            f'registry = "{REGISTRY}"\n[policies.strict]\nseal = "60"',
            "the policy `strict` must be a whole number of seconds, not '60'",
        ),
        (f'registry = "{REGISTRY}"\n[policies.strict]\nseals = 60', "names `seals`"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.load(write(tmp_path, text), {})


@pytest.mark.parametrize("kind", ["default", *sorted(KINDS)])
def test_a_policy_may_name_every_kind_of_record(tmp_path: Path, kind: str) -> None:
    text = f'registry = "{REGISTRY}"\n[policies.strict]\n{kind} = 60'
    assert Settings.load(write(tmp_path, text), {}).policies == {"strict": {kind: 60}}


def test_a_directory_without_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        Settings.load(tmp_path, {})


def test_the_own_log_is_not_watched(tmp_path: Path) -> None:
    table = '[peers]\ntianmen = "http://self"\nwuhan = "http://w:8080 https://[::1]/copies"\n'
    settings = Settings.load(write(tmp_path, WHOLE + table), {})
    assert settings.watched_peers == {"wuhan": ("http://w:8080", "https://[::1]/copies")}


def test_how_batches_close_and_what_may_wait_is_set(tmp_path: Path) -> None:
    text = f'registry = "{REGISTRY}"\napi_processes = 4\nspool_directory = "spool"\n'
    text += "[batching]\nurgent_seconds = 0\nfull_bytes = 1000\n[intake]\nwaiting_seconds = 60\nuploads = 2\n"
    settings = Settings.load(write(tmp_path, text), {})
    assert settings.batching == Batching(urgent_seconds=0, full_bytes=1000)
    assert settings.intake == Intake(waiting_seconds=60, uploads=2)
    assert (settings.api_processes, settings.spool_directory) == (4, tmp_path / "spool")


def test_every_member_of_the_batching_policy_can_be_set(tmp_path: Path) -> None:
    members = dict.fromkeys(BatchPolicy.__slots__, 1)
    table = "".join(f"{name} = {value}\n" for name, value in members.items())
    settings = Settings.load(write(tmp_path, f'registry = "{REGISTRY}"\n[batching]\n{table}'), {})
    assert make_batch_policy(settings.batching) == BatchPolicy(*members.values())
    assert make_batch_policy(Batching()) == BatchPolicy()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[batching]\nurgent_seconds = 5",
            "`urgent_seconds` in \\[batching\\] must be a whole number from 0 to 4, not 5",
        ),
        ("[batching]\nheartbeat_seconds = 0", "`heartbeat_seconds`"),
        ("[batching]\nfull_records = true", "`full_records`"),
        ("[batching]\nquick = 1", "unknown setting `quick`"),
        ("[intake]\nuploads = 0", "`uploads`"),
        ('[intake]\nwaiting_bytes = "1"', "`waiting_bytes`"),
        ("api_processes = 0", "`api_processes` must be 1 to 64, not 0"),
    ],
)
def test_what_cannot_be_set_so_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.load(write(tmp_path, f'registry = "{REGISTRY}"\n{text}'), {})
