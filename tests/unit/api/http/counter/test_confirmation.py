"""A confirmation counts from this node's own page alone."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.http.counter.confirmation import open_confirmations
from api.node.errors import SettingsError
from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import CLAIMS, LICENCE, Page, check, confirm, hidden_fields, is_counted


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver:8081"},
        {"Origin": "http://testserver@evil.example"},
        {"Origin": "http://testserver:99999999"},
        {"Origin": "file://testserver"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "none"},
    ],
)
def test_a_page_elsewhere_confirms_nothing(
    wuhan: TestClient, shown: dict[str, str], headers: dict[str, str]
) -> None:
    answer = confirm(wuhan, shown, headers)
    assert answer.status_code == 403
    assert not is_counted(answer)
    assert "未被采信" in answer.text
    assert is_counted(confirm(wuhan, hidden_fields(Page(answer.text))))  # the page shows the items anew


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver:80"},
        {"Origin": "https://testserver"},  # a proxy ends TLS
        {"Origin": "HTTP://TestServer", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_the_page_itself_confirms(wuhan: TestClient, shown: dict[str, str], headers: dict[str, str]) -> None:
    assert is_counted(confirm(wuhan, shown, headers))


def test_without_the_token_of_a_page_nothing_is_confirmed(
    city: City, wuhan: TestClient, shown: dict[str, str]
) -> None:
    moment, _, seal = shown["token"].partition(".")
    for token in (
        "",
        ".",
        "all",
        f"{moment}.{'0' * 64}",
        f"{int(moment) + 1}.{seal}",
        f"{moment}.{seal[:-1]}",
        f"{moment}.{seal} ",
        seal,
        "9" * 40 + "." + seal,
    ):
        assert not is_counted(confirm(wuhan, shown | {"token": token})), token
    assert not is_counted(confirm(wuhan, {name: shown[name] for name in ("code", "confirmed")}))
    assert is_counted(confirm(wuhan, shown))


def test_the_token_of_one_proof_confirms_no_other(
    city: City, wuhan: TestClient, tianmen: TestClient, shown: dict[str, str]
) -> None:
    """Neither that of another certificate, nor that of a page that showed fewer items."""
    city.submit(city.licence("TM2022A0000000000002", {**CLAIMS, "CZZT": "别家"}))
    city.anchor()
    other = city.proof(identifier("TM2022A0000000000002")).encode().decode()
    assert not is_counted(confirm(wuhan, shown | {"code": other}))
    bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims')}"}
    fewer = tianmen.get(f"/v1/certificates/{LICENCE}/proof?show=ZZMC", headers=bearer).content
    page = hidden_fields(check(wuhan, {"proof": fewer}))
    assert not is_counted(confirm(wuhan, shown | {"token": page["token"]}))
    assert is_counted(confirm(wuhan, page))


def test_a_token_is_of_one_node_and_lasts_half_an_hour(
    city: City, wuhan: TestClient, shown: dict[str, str]
) -> None:
    city.now += 1800
    assert is_counted(confirm(wuhan, shown))
    city.now += 1
    assert not is_counted(confirm(wuhan, shown))
    city.now -= 1802
    assert not is_counted(confirm(wuhan, shown))


def test_processes_of_a_node_share_the_secret_and_nodes_do_not(city: City, tmp_path: Path) -> None:
    keyed = open_confirmations(city.settings, city.node_key)
    assert open_confirmations(city.settings, city.node_key) == keyed
    keyless = open_confirmations(city.settings, None)
    assert open_confirmations(city.settings, None) == keyless != keyed
    secret = city.settings.directory / "page.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [*city.settings.directory.glob("page.secret*")] == [secret]
    (tmp_path / "other").mkdir()
    elsewhere = city.settings.model_copy(update={"directory": tmp_path / "other"})
    assert open_confirmations(elsewhere, None) not in (keyed, keyless)
    secret.write_bytes(b"torn")
    with pytest.raises(SettingsError, match="delete it"):
        open_confirmations(city.settings, None)


def test_where_nothing_can_be_written_one_process_has_a_secret_of_its_own(city: City, tmp_path: Path) -> None:
    nowhere = city.settings.model_copy(update={"directory": tmp_path / "missing"})
    assert open_confirmations(nowhere, None) != open_confirmations(nowhere, None)
    with pytest.raises(SettingsError, match="node_key"):
        open_confirmations(nowhere.model_copy(update={"api_processes": 2}), None)
