"""Wuhan reads the entries of Tianmen: in time, too late, and promised but withheld."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.client.client import NodeClient
from api.node.errors import SETTINGS_FILE
from tests.acceptance.cities import Cities, eventually, write_rows


def newest(cities: Cities) -> dict[str, Any]:
    """Return what Wuhan says of the newest anchor by which the log of Tianmen grew."""
    with NodeClient(cities.wuhan.url) as node:
        items = node.fetch_anchors("tianmen")["items"]
    return next((dict(item) for item in items if item["size"] > item["size_before"]), {})


@contextmanager
def refusing(url: str) -> Iterator[None]:
    """Answer everything at an address with 501."""
    there = urlsplit(url)
    with HTTPServer((str(there.hostname), int(there.port or 80)), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_promise_is_kept_and_another_city_says_so(cities: Cities, tmp_path: Path) -> None:
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    answer = cities.submit(records, "--wait", "60")
    assert answer.code == 0, answer.err
    (receipt,) = tmp_path.glob("*.receipt.json")
    assert receipt.name in answer.err
    cities.wait_known()
    sequence = answer.json["sequence"]
    eventually(
        lambda: newest(cities).get("sequence", 0) >= sequence and newest(cities).get("entries") == "published"
    )
    judged = cities.shunzheng("receipts", "check", receipt, "--node", cities.wuhan.url)
    assert (judged.code, "承诺已兑现" in judged.out) == (0, True), judged.err
    aside = cities.shunzheng("receipts", "check", receipt, "--directory", cities.wuhan.directory, "--json")
    assert [item["standing"] for item in aside.json] == ["kept"]


@pytest.mark.slow
def test_entries_that_are_withheld_are_named_and_taken_once_they_come(cities: Cities, tmp_path: Path) -> None:
    settings = cities.wuhan.directory / SETTINGS_FILE
    usual = settings.read_text("utf-8")
    cities.wuhan.stop()
    settings.write_text("withheld_after = 1\n" + usual, "utf-8")
    try:
        records = write_rows(tmp_path / "records.ndjson", cities.licence())
        answer = cities.submit(records, "--wait", "60")
        assert answer.code == 0, answer.err
        cities.tianmen.stop()
        cities.wuhan.launch()
        cities.wuhan.wait_ready()
        eventually(lambda: newest(cities).get("entries") == "withheld")
        assert newest(cities)["sequence"] == answer.json["sequence"]
        assert "cannot be reached" in newest(cities)["findings"][0]
        with refusing(cities.tianmen.url):
            eventually(lambda: "answers 501" in newest(cities)["findings"][0])
        (receipt,) = tmp_path.glob("*.receipt.json")
        judged = cities.shunzheng("receipts", "check", receipt, "--node", cities.wuhan.url, "--json")
        assert (judged.code, judged.json[0]["reason"]) == (12, "entries_missing")
        cities.tianmen.launch()
        cities.tianmen.wait_ready()
        eventually(lambda: newest(cities).get("entries") == "published")
        assert newest(cities)["entries_late"] > 1
    finally:
        cities.wuhan.stop()
        settings.write_text(usual, "utf-8")
