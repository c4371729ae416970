"""A page of the counter as a test reads it, and the forms that a browser sends to it."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final

import httpx
from fastapi.testclient import TestClient

from ledger.encoding.canonical import Json
from tests.unit.api.city import identifier

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
        ("document", (f"{name}.bin" if name in files else "", files.get(name, b"")))
        for name in ("document", "proof")
    ]
    return chosen + [(name, (None, value)) for name, value in fields.items()]


def check(node: TestClient, files: dict[str, bytes], **fields: str) -> Page:
    answer = node.post("/", files=form(files, **fields))
    assert answer.status_code == 200
    return Page(answer.text)


OTHER: Final = b"%PDF-1.7 another licence"


def drop(node: TestClient, *chosen: tuple[str, bytes]) -> Page:
    """Send files as (name, content) and return the page."""
    answer = node.post("/", files=[("document", (name, content)) for name, content in chosen])
    assert answer.status_code == 200
    return Page(answer.text)


def verdicts(page: Page) -> list[str]:
    return [section["class"].removeprefix("verdict ") for section in page.all("section")]


SAME: Final = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


def hidden_fields(page: Page) -> dict[str, str]:
    return {field["name"]: field["value"] for field in page.all("input") if field["type"] == "hidden"}


def confirm(node: TestClient, fields: dict[str, str], headers: Mapping[str, str] = SAME) -> httpx.Response:
    """Send the form of a page that showed the items, as a browser does."""
    sent = [(name, (None, value)) for name, value in fields.items()]
    answer: httpx.Response = node.post("/", files=sent, headers=headers)
    return answer


def is_counted(answer: httpx.Response) -> bool:
    return "真实有效" in answer.text or "由核验人与纸面逐项核对" in answer.text
