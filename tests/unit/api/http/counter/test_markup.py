"""Markup of the page: nothing from elsewhere, labels, headings, contrast."""

import re

from fastapi.testclient import TestClient

from api.http.counter.pages import STATIC_FOLDER
from tests.unit.api.http.counter.page import (
    Page,
    form,
)


def test_browsers_are_let_say_where_a_form_comes_from(wuhan: TestClient) -> None:
    """Under the policy `no-referrer` they send `Origin: null` with every form (Fetch, section 3.2)."""
    assert wuhan.get("/").headers["referrer-policy"] == "same-origin"


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
    css = (STATIC_FOLDER / "page.css").read_text(encoding="utf-8")
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
