"""The page of the counter: both languages, no script needed, unmoved by what a proof says."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi.testclient import TestClient

from anchoring.intake import rows
from api.department import drafting
from api.http.app import create_app
from api.http.counter.confirmation import open_confirmations
from api.http.counter.pages import STATIC
from api.limits import MAX_FORM_FIELDS
from api.node.errors import SettingsError
from api.node.issuer_names import load_issuer_names
from examples.renderings import as_ofd
from ledger.documents.carriers import attach
from ledger.encoding.canonical import Json
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City, identifier

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
DOCUMENT = b"%PDF-1.7 a licence"
CLAIMS: dict[str, Json] = {
    "ZZMC": "营业执照",
    "CZZT": "天门市示例餐饮店",
    "ZZBFRQ": "2022-03-28",
    "KZ_JYFW": "餐饮服务",
    "KZ_EIGEN": ["甲", True],
}


class Page(HTMLParser):
    """The elements of a page, each with its attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]


def form(files: dict[str, bytes], **fields: str) -> list[tuple[str, tuple[str | None, bytes | str]]]:
    """Return a form as a browser sends it, files that were not chosen included."""
    chosen: list[tuple[str, tuple[str | None, bytes | str]]] = [
        (name, (f"{name}.bin" if name in files else "", files.get(name, b"")))
        for name in ("document", "proof")
    ]
    return chosen + [(name, (None, value)) for name, value in fields.items()]


@pytest.fixture
def proof(city: City) -> bytes:
    city.submit(city.licence(SERIAL, CLAIMS, DOCUMENT, valid_until="2027-03-27"))
    city.anchor()
    return city.proof(LICENCE).encode()


def check(node: TestClient, files: dict[str, bytes], **fields: str) -> Page:
    answer = node.post("/", files=form(files, **fields))
    assert answer.status_code == 200
    return Page(answer.text)


def test_the_form_is_chinese_first_and_english_by_a_switch_that_is_remembered(wuhan: TestClient) -> None:
    page = wuhan.get("/")
    assert '<html lang="zh-CN">' in page.text
    assert "证照核验" in page.text
    assert "武汉市" in page.text
    english = wuhan.get("/?lang=en")
    assert '<html lang="en">' in english.text
    assert "samesite=lax" in english.headers["set-cookie"].lower()
    assert '<html lang="en">' in wuhan.get("/").text
    wuhan.get("/?lang=zh")
    assert '<html lang="zh-CN">' in wuhan.get("/").text
    assert '<html lang="zh-CN">' in wuhan.get("/?lang=fr").text


def test_the_form_says_how_old_the_knowledge_is_when_it_is_old(city: City, wuhan: TestClient) -> None:
    city.now += 600
    assert "可能已中断" not in wuhan.get("/").text
    city.now += 3 * 3600
    text = wuhan.get("/").text
    assert "可能已中断" in text
    assert "约 3 小时前" in text
    assert "about 3 hours ago" in wuhan.get("/?lang=en").text


def test_a_registered_document_is_genuine(city: City, wuhan: TestClient, proof: bytes) -> None:
    city.now += 150
    page = check(wuhan, {"document": DOCUMENT, "proof": proof})
    for shown in (
        "真实有效",
        "所出示的文件，逐字节比对",
        "营业执照",
        LICENCE,
        "2022年3月28日 至 2027年3月27日",
        "约 2 分钟前",
    ):
        assert shown in page.text
    assert re.search(r"2026年11月23日 09:0\d", page.text)
    assert [line["class"] for line in page.all("li")].count("pass") == 11
    wuhan.get("/?lang=en")
    assert "Genuine and in force" in check(wuhan, {"document": DOCUMENT, "proof": proof}).text


def test_an_altered_document_is_not(wuhan: TestClient, proof: bytes) -> None:
    page = check(wuhan, {"document": DOCUMENT + b" ", "proof": proof})
    assert "核验不通过" in page.text
    assert "此文件与登记文件不一致" in page.text
    assert "有效" not in re.sub(r"核验步骤.*", "", page.text, flags=re.DOTALL).replace("有效期", "")


def test_a_proof_dropped_among_the_documents_is_found(wuhan: TestClient, proof: bytes) -> None:
    files = [("document", ("a.proof.json", proof)), ("document", ("a.pdf", DOCUMENT)), ("proof", ("", b""))]
    assert "真实有效" in wuhan.post("/", files=files).text


def test_a_paper_certificate_is_compared_item_by_item(city: City, wuhan: TestClient, proof: bytes) -> None:
    page = check(wuhan, {}, code=f"  {encode_paper(city.proof(LICENCE))}\r\n")
    assert "无法确认" in page.text
    for shown in (
        "与纸面逐项一致",
        "持证主体",
        "天门市示例餐饮店",
        "证照颁发日期",
        "2022年3月28日",
        "甲；是",
    ):
        assert shown in page.text
    assert "document/1" not in page.text
    assert re.findall("(证照名称|证照颁发日期|持证主体|经营范围|KZ_EIGEN)", page.text) == [
        "证照名称",
        "证照颁发日期",
        "持证主体",
        "经营范围",
        "KZ_EIGEN",
    ]
    confirmed = confirm(wuhan, hidden_fields(page))
    assert confirmed.status_code == 200
    assert "真实有效" in confirmed.text
    assert "由核验人与纸面逐项核对" in confirmed.text


def test_nothing_is_confirmed_where_the_claims_were_altered(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    altered = proof.replace("餐饮服务".encode(), "餐饮批发".encode())
    page = check(wuhan, {"proof": altered})
    assert "核验不通过" in page.text
    assert "凭据所称的信息项（未经证实）" in page.text
    assert "与纸面逐项一致" not in page.text
    assert "核验不通过" in confirm(wuhan, {"code": altered.decode(), "confirmed": "all"}).text


# -- several certificates at once --


@pytest.fixture
def two(city: City, proof: bytes) -> tuple[bytes, bytes]:
    """Return the proofs of two licences, the second of which registers OTHER."""
    city.submit(city.licence("TM2022A0000000000002", {**CLAIMS, "CZZT": "别家店"}, OTHER))
    city.anchor()
    return proof, city.proof(identifier("TM2022A0000000000002")).encode()


OTHER: Final = b"%PDF-1.7 another licence"


def drop(node: TestClient, *chosen: tuple[str, str, bytes]) -> Page:
    """Send files as (field, name, content) and return the page."""
    answer = node.post("/", files=[(field, (name, content)) for field, name, content in chosen])
    assert answer.status_code == 200
    return Page(answer.text)


def verdicts(page: Page) -> list[str]:
    return [section["class"].removeprefix("verdict ") for section in page.all("section")]


def test_two_genuine_licences_dropped_together_are_two_verdicts(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("document", "b.pdf", OTHER),
        ("document", "a.pdf", DOCUMENT),
        ("document", "1.json", two[0]),
        ("proof", "2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "valid"]
    assert len(page.all("h1")) == 1
    assert "2 份证照，各有结论" in page.text
    assert "未作核验" not in page.text
    assert "天门市示例餐饮店" in page.text
    assert "别家店" in page.text


def test_an_altered_document_is_compared_with_the_proof_of_its_name(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("document", "a.pdf", DOCUMENT),
        ("document", "B.pdf", OTHER + b"!"),
        ("proof", "a.pdf.proof.json", two[0]),
        ("proof", "b.pdf.proof.json", two[1]),
    )
    assert verdicts(page) == ["valid", "invalid"]


def test_what_belongs_to_no_proof_is_named_and_nothing_is_said_of_it(
    wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(
        wuhan,
        ("document", "a.pdf", DOCUMENT),
        ("document", "stray\u202e.pdf", OTHER + b"!"),
        ("proof", "1.json", two[0]),
        ("proof", "2.json", two[1]),
    )
    assert verdicts(page) == ["valid", "unverifiable"]
    assert "下列文件不属于所给的任何凭据，未作核验" in page.text
    assert "stray⟨U+202E⟩.pdf" in page.text


def test_a_document_without_proof_beside_one_that_carries_its_own(city: City, wuhan: TestClient) -> None:
    carrier = as_ofd("营业执照", [("名称", "甲")])
    city.submit(city.licence("TM2022A0000000000003", CLAIMS, carrier))
    city.anchor()
    carrying = attach(carrier, city.proof(identifier("TM2022A0000000000003")))
    page = drop(wuhan, ("document", "a.ofd", carrying), ("document", "b.pdf", OTHER))
    assert verdicts(page) == ["valid"]
    assert "未作核验" in page.text
    assert "b.pdf" in page.text
    page = drop(wuhan, ("document", "a.ofd", carrying), ("document", "", OTHER))
    assert verdicts(page) == ["valid"]


def test_to_the_only_proof_belongs_whatever_is_given_with_it(wuhan: TestClient, proof: bytes) -> None:
    """Nobody gets an altered page past the counter by presenting it beside the genuine one."""
    page = drop(
        wuhan, ("document", "a.pdf", DOCUMENT), ("document", "b.pdf", OTHER), ("proof", "p.json", proof)
    )
    assert verdicts(page) == ["invalid"]


def test_one_certificate_is_one_verdict_however_often_its_proof_is_given(
    city: City, wuhan: TestClient, proof: bytes
) -> None:
    code = encode_paper(city.proof(LICENCE))
    files = [("document", ("a.pdf", DOCUMENT)), ("proof", ("1.json", proof)), ("document", ("2.json", proof))]
    answer = wuhan.post("/", files=files, data={"code": code})
    assert verdicts(Page(answer.text)) == ["valid"]


def test_each_of_several_codes_is_confirmed_by_itself(
    city: City, wuhan: TestClient, two: tuple[bytes, bytes]
) -> None:
    page = drop(wuhan, ("proof", "1.json", two[0]), ("proof", "2.json", two[1]))
    assert verdicts(page) == ["unverifiable", "unverifiable"]
    tokens = [field["value"] for field in page.all("input") if field.get("name") == "token"]
    assert len({*tokens}) == 2
    codes = [field["value"] for field in page.all("input") if field.get("name") == "code"]
    for code, token in zip(codes, tokens, strict=True):
        assert is_counted(confirm(wuhan, {"code": code, "token": token, "confirmed": "all"}))
    assert not is_counted(confirm(wuhan, {"code": codes[0], "token": tokens[1], "confirmed": "all"}))


# -- a confirmation counts from this node's own page alone --

SAME: Final = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


def hidden_fields(page: Page) -> dict[str, str]:
    return {field["name"]: field["value"] for field in page.all("input") if field["type"] == "hidden"}


def confirm(node: TestClient, fields: dict[str, str], headers: Mapping[str, str] = SAME) -> httpx.Response:
    """Send the form of a page that showed the items, as a browser does."""
    sent = [(name, (None, value)) for name, value in fields.items()]
    answer: httpx.Response = node.post("/", files=sent, headers=headers)
    return answer


@pytest.fixture
def shown(city: City, wuhan: TestClient, proof: bytes) -> dict[str, str]:
    """Return the hidden fields of the page that shows the items of a proof."""
    return hidden_fields(check(wuhan, {}, code=encode_paper(city.proof(LICENCE))))


def is_counted(answer: httpx.Response) -> bool:
    return "真实有效" in answer.text or "由核验人与纸面逐项核对" in answer.text


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


def test_a_form_of_nothing_but_separators_is_refused(wuhan: TestClient) -> None:
    """The parser counts fields with a name; a minute of these kept the event loop busy for ten seconds."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert wuhan.post("/", content=b"&" * MAX_FORM_FIELDS, headers=headers).status_code == 400
    answer = wuhan.post("/", content=b"&" * (MAX_FORM_FIELDS + 1), headers=headers)
    assert answer.status_code == 400
    assert "16 fields at most" in answer.text


@pytest.mark.parametrize("path", ["/", "/v1/verify"])
def test_a_long_content_type_is_not_read(wuhan: TestClient, path: str) -> None:
    media_type = 'multipart/form-data; boundary="' + ";" * 14_000 + '"'
    answer = wuhan.post(path, content=b"--b--", headers={"Content-Type": media_type})
    assert answer.status_code == 415
    assert "256 characters" in answer.text


def test_browsers_are_let_say_where_a_form_comes_from(wuhan: TestClient) -> None:
    """Under the policy `no-referrer` they send `Origin: null` with every form (Fetch, section 3.2)."""
    assert wuhan.get("/").headers["referrer-policy"] == "same-origin"


def test_a_revoked_licence_says_since_when(city: City, wuhan: TestClient, proof: bytes) -> None:
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    page = check(wuhan, {"proof": proof, "document": DOCUMENT})
    assert "真实，但已撤销" in page.text
    assert re.search(r"已撤销 \(自 2026年11月23日 09:\d\d 起\)", page.text)


def test_what_is_withheld_can_be_seen(city: City, tianmen: TestClient, proof: bytes) -> None:
    bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims')}"}
    selected = tianmen.get(f"/v1/certificates/{LICENCE}/proof?show=ZZMC", headers=bearer).content
    page = check(tianmen, {"proof": selected})
    assert "持证人未披露的信息项" in page.text
    assert "持证主体" in page.text
    assert "天门市示例餐饮店" not in page.text


def test_without_a_proof_the_page_says_how_to_get_it(wuhan: TestClient) -> None:
    for files in ({}, {"document": DOCUMENT}):
        answer = wuhan.post("/", files=form(files))
        assert answer.status_code == 400
        assert "缺少存证凭据，尚未核验" in answer.text
        assert "shunzheng proof" in answer.text
    answer = wuhan.post("/", data={"code": "  "})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "code", ["hello", "SZ1:", "SZ1:%%%", "{", '{"type": NaN}', "\x00", "顺证", "[" * 5000]
)
def test_a_code_that_is_none_is_a_verdict_and_no_crash(wuhan: TestClient, code: str) -> None:
    assert "凭据" in check(wuhan, {}, code=code).text


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let intake take what it took before it compared claims with their record."""
    for module in (rows, drafting):
        monkeypatch.setattr(module, "judge_disclosure", lambda *_: None)


XSS = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"""


def test_hostile_claims_stay_text(
    city: City, wuhan: TestClient, tianmen: TestClient, unchecked: None
) -> None:
    city.submit(city.licence("XSS000000", {"CZZT": XSS, XSS: XSS, "n": {"<b>": XSS}, "l": [XSS]}))
    city.anchor()
    bearer = {"Authorization": f"Bearer {city.token('proofs', 'claims')}"}
    withheld = tianmen.get(
        f"/v1/certificates/{identifier('XSS000000')}/proof?show=CZZT", headers=bearer
    ).content
    for proof in (city.proof(identifier("XSS000000")).encode(), withheld):
        page = check(wuhan, {"proof": proof})
        assert [script.get("src") for script in page.all("script")] == ["/static/page.js"]
        assert not page.all("img")
        assert XSS in page.text


def test_invisible_and_steering_characters_of_values_are_shown(
    city: City, wuhan: TestClient, unchecked: None
) -> None:
    """Of what was registered before intake refused such text: direction, zero width, controls."""
    hidden = {"CZZT": "甲\u202e乙\u2066丙", "KZ_EIGEN": "\u200b1\x1b[31m", "KZ_JYFW": "一\n二"}
    city.submit(city.licence("XSS000002", hidden))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000002")).encode()})
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page.text)
    for shown in ("甲⟨U+202E⟩乙⟨U+2066⟩丙", "自列项“KZ_EIGEN”", "⟨U+200B⟩1⟨U+001B⟩[31m", "一 ⏎ 二"):
        assert shown in page.text


def test_what_strangers_wrote_keeps_its_direction_to_itself(wuhan: TestClient, proof: bytes) -> None:
    page = wuhan.post("/", files=form({"proof": proof})).text
    cells = re.findall(r"<(td|dd)>(.*?)</\1>", page, re.DOTALL)
    assert len(cells) > 8
    assert all(re.fullmatch(r"<bdi>[^<]*</bdi>", cell) for _, cell in cells)
    css = (STATIC / "page.css").read_text(encoding="utf-8")
    assert re.search(r"\nbdi \{[^}]*unicode-bidi: isolate;[^}]*contain: paint;[^}]*max-height", css)


def test_items_too_long_to_show_cannot_be_confirmed(city: City, wuhan: TestClient) -> None:
    city.submit(city.licence("XSS000003", {"ZZMC": "营业执照", "KZ_JYFW": "餐" * 5000}))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000003")).encode()})
    assert "餐… (5,000)" in page.text
    assert "餐" * 4097 not in page.text
    assert "与纸面逐项一致" not in page.text
    assert "有信息项过长" in page.text


def test_a_name_that_only_the_certificate_states_is_marked(city: City, tmp_path: Path) -> None:
    """The registry knows codes; a node may pin names beside them."""
    city.submit(city.licence("XSS000004", {"ZZMC": "机动车驾驶证", "ZZBFJG": "武汉市公安局"}))
    city.anchor()
    proof = city.proof(identifier("XSS000004")).encode()
    names = tmp_path / "issuers.json"
    names.write_text('{"11429006012345671T": "天门市市场监督管理局"}', encoding="utf-8")
    pinned = city.verifier.model_copy(update={"issuer_names": names})
    with TestClient(create_app(city.verifier, city.clock)) as node:
        text = check(node, {"proof": proof}).text
        assert "证照颁发机构（证照自述）" in text
        assert "证照名称（证照自述）" in text
    with TestClient(create_app(pinned, city.clock)) as node:
        text = check(node, {"proof": proof}).text
        assert "证照颁发机构（证照自述，与本节点名录不符）" in text
        assert "颁发机构（本节点名录）天门市市场监督管理局" in re.sub(r"\n", "", text)
    names.write_text('{"11429006012345671T": "武汉市公安局"}', encoding="utf-8")
    with TestClient(create_app(pinned, city.clock)) as node:
        assert "证照颁发机构（证照自述" not in check(node, {"proof": proof}).text


@pytest.mark.parametrize(
    "text", ["", "[]", '{"1": "a"}', '{"11429006012345671T": ""}', '{"11429006012345671T": "a\u202eb"}', None]
)
def test_a_list_of_issuers_that_is_none_stops_the_node(city: City, tmp_path: Path, text: str | None) -> None:
    names = tmp_path / "issuers.json"
    if text is not None:
        names.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="issuer_names"):
        load_issuer_names(names)


def test_claims_that_contradict_the_record_stand_above_no_green_verdict(
    city: City, wuhan: TestClient, unchecked: None
) -> None:
    claims: dict[str, Json] = {
        "ZZMC": "机动车驾驶证",
        "ZZLXDM": "11100000000013338W032",
        "ZZYXQJZRQ": "2099-12-31",
    }
    city.submit(city.licence("XSS000005", claims, DOCUMENT, valid_until="2027-03-27"))
    city.anchor()
    page = check(wuhan, {"proof": city.proof(identifier("XSS000005")).encode(), "document": DOCUMENT})
    assert "无法确认" in page.text
    assert "真实有效" not in page.text
    assert "信息项写作“2099-12-31”，登记记录为“2027-03-27”" in page.text


def test_hostile_fields_are_never_echoed(wuhan: TestClient) -> None:
    for answer in (
        wuhan.post("/", data={XSS: XSS}),
        wuhan.get("/", params={"lang": XSS}),
        wuhan.get("/problems/" + "%3Cscript%3E"),
        wuhan.post("/", content=XSS, headers={"Content-Type": "text/html"}),
    ):
        assert "alert(1)" not in answer.text


def test_errors_at_the_page_are_pages(wuhan: TestClient, city: City) -> None:
    answer = wuhan.post("/", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    city.replica.set_quarantine("event 4 is not what the chain holds")
    answer = wuhan.post("/", files={"proof": b"{}"})
    assert answer.status_code == 503
    assert "本地副本已隔离" in answer.text


def test_nothing_comes_from_elsewhere_and_nothing_runs_inline(wuhan: TestClient, proof: bytes) -> None:
    for answer in (wuhan.get("/"), wuhan.post("/", files=form({"proof": proof})), wuhan.get("/problems")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        page = Page(answer.text)
        assert not page.all("style")
        for _, attributes in page.elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            for name in ("src", "href", "action"):
                assert (attributes.get(name) or "/").startswith(("/", "#"))
    assert wuhan.get("/static/page.js").headers["content-type"].startswith("text/javascript")
    assert wuhan.get("/static/page.css").headers["cache-control"] == "no-cache"


def test_everything_has_a_label_and_a_heading(wuhan: TestClient, proof: bytes) -> None:
    for answer in (
        wuhan.get("/"),
        wuhan.post("/", files=form({"proof": proof})),
        wuhan.post("/", files=form({})),
    ):
        page = Page(answer.text)
        labelled = {label["for"] for label in page.all("label")}
        fields = page.all("input") + page.all("textarea")
        assert {field["id"] for field in fields if field.get("type") != "hidden"} == labelled
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
        assert all(header.get("scope") for header in page.all("th"))


def contrast(first: str, other: str) -> float:
    """Return the contrast ratio of two colours #rrggbb (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_enough() -> None:
    css = (STATIC / "page.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    pairs = re.findall(
        r"\.(valid|not_current|invalid|unverifiable) \{ color: (#[0-9a-f]{6}); background: (#[0-9a-f]{6})",
        css,
    )
    assert len(pairs) == 4
    for _, colour, background in pairs:
        assert contrast(colour, background) >= 4.5
        assert contrast(named["ink"], background) >= 4.5
    for name in ("ink", "quiet", "action"):
        assert contrast(named[name], "#ffffff") >= 4.5
