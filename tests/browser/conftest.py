"""One browser and one node for all tests here; without a browser they are skipped."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.counter import Clerk, Licences, serve
from tests.unit.api.city import City

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_AXE: Final = Path(__file__).parent / "npm" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium here: install Debian's package chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_OPTIONS])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed: `make browser-test` does it")
    return _AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    city = City(tmp_path_factory.mktemp("city"))
    yield city
    city.close()


@pytest.fixture(scope="package")
def licences(city: City) -> Licences:
    return Licences(city)


@pytest.fixture(scope="package")
def url(city: City) -> Iterator[str]:
    with serve(city) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of a browser that was never used; whatever it complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "400 (Bad Request)" not in message.text:
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def clerk(page: Page, url: str) -> Clerk:
    clerk = Clerk(page, url)
    clerk.open()
    return clerk
