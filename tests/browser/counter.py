"""A node's counter with licences in every state, and a clerk who works there."""

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn
from playwright.sync_api import Page, expect

from api.http.app import create_app
from examples.renderings import render_ofd
from ledger.documents.carriers import attach
from ledger.encoding.canonical import Json
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City, identifier

CLAIMS: Final[dict[str, Json]] = {
    "ZZMC": "营业执照",
    "CZZT": "天门市示例餐饮店",
    "KZ_JYFW": "餐饮服务",
    "ZZBFRQ": "2022-03-28",
}
_START_SECONDS: Final = 30.0
_FOCUS_MILLISECONDS: Final = 5_000
#: One file: its name and its content.
File = tuple[str, bytes]

_DROP: Final = """async (files) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
  }
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


class Licences:
    """Registers licences with a city, and has their files: the OFD that carries its proof, the proof, the code."""

    def __init__(self, city: City) -> None:
        self.city = city

    def register(
        self, serial: str, *, valid_from: str = "2022-03-28", valid_until: str = "2027-03-27", size: int = 0
    ) -> bytes:
        """Register an OFD of at least `size` bytes and return it without a proof."""
        lines = [("名称", "天门市示例餐饮店"), ("编号", serial)]
        document = render_ofd("营业执照", [*lines, *([("附注", "注" * (size // 3))] if size else [])])
        row = self.city.licence(serial, CLAIMS, document, valid_from=valid_from, valid_until=valid_until)
        self.city.submit(row)
        self.city.anchor()
        return document

    def carry(self, serial: str, document: bytes) -> bytes:
        return attach(document, self.city.proof(identifier(serial)))

    def fetch_proof(self, serial: str) -> bytes:
        return self.city.proof(identifier(serial)).encode()

    def find_code(self, serial: str) -> str:
        return encode_paper(self.city.proof(identifier(serial)))

    def change(self, action: str, serial: str) -> None:
        self.city.submit(self.city.change(action, identifier(serial)))
        self.city.anchor()


@contextmanager
def serve(city: City) -> Iterator[str]:
    """Run the node of another city, which only verifies, and give its address."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(city.verifier, city.clock), "127.0.0.1", 0, log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the node did not start"
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(_START_SECONDS)


class Clerk:
    """What a clerk does at the page, and what she reads there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str = "/") -> None:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.ok

    def scan(self, code: str) -> None:
        """Let a hand scanner type a code and its Enter, wherever the focus is."""
        with self.page.expect_navigation():
            self.page.keyboard.type(code[0])
            self.page.keyboard.insert_text(code[1:])
            self.page.keyboard.press("Enter")

    def drop(self, *files: File) -> float:
        """Drop files on the page and return the seconds until the verdict stands there."""
        encoded_files = [(name, base64.b64encode(content).decode()) for name, content in files]
        start_seconds = time.monotonic()
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.evaluate(_DROP, encoded_files)
        return time.monotonic() - start_seconds

    def choose(self, *paths: Path) -> None:
        """Choose files by the file field and press the button, as without a script."""
        self.page.set_input_files("#document", [str(path) for path in paths])
        with self.page.expect_navigation():
            self.page.click("#check button.main")

    @property
    def headings(self) -> list[str]:
        """What the page says first, line by line: its main heading as a person reads it."""
        return [text.replace("\n", "") for text in self.page.locator("h1").all_inner_texts()]

    @property
    def verdicts(self) -> list[str]:
        sections = self.page.locator("section.verdict").all()
        return [(section.get_attribute("class") or "").removeprefix("verdict ") for section in sections]

    @property
    def text(self) -> str:
        return self.page.inner_text("main")

    def has_focus_on_empty_field(self) -> bool:
        """Tell whether the field that takes the focus is empty; Chromium gives it with a page's first picture."""
        field = self.page.locator("#code")
        expect(field).to_be_focused(timeout=_FOCUS_MILLISECONDS)
        return field.input_value() == ""


def find_barriers(page: Page, axe_source: str) -> Sequence[str]:
    """Return what axe-core finds on a page, one line a finding, with the first place where it is."""
    page.evaluate(axe_source)
    result: dict[str, Any] = page.evaluate("async () => await axe.run(document)")
    return [f"{finding['id']}: {finding['nodes'][0]['html']}" for finding in result["violations"]]
