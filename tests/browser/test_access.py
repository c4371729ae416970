"""The counter for everybody: no barriers, the whole keyboard, small screens, large targets."""

import pytest

from tests.browser.counter import Clerk, Licences, find_barriers

PAGES = (
    "front",
    "valid",
    "invalid",
    "ended",
    "items to compare",
    "several",
    "no proof",
    "foreign code",
    "problems",
    "one problem",
)
#: Of a target, in pixels, both ways (MIIT 2021-04; the norms of pages for everybody).
LEAST_TARGET = 44


@pytest.fixture(scope="module")
def documents(licences: Licences) -> dict[str, bytes]:
    serials = {"good": "TM2022C0000000000001", "ended": "TM2022C0000000000002"}
    documents = {name: licences.register(serial) for name, serial in serials.items()}
    proofs = {f"{name} proof": licences.fetch_proof(serial) for name, serial in serials.items()}
    licences.change("revoke", serials["ended"])
    return documents | proofs | {"code": licences.find_code(serials["good"]).encode()}


def show(clerk: Clerk, name: str, documents: dict[str, bytes]) -> None:
    """Bring the browser to a page."""
    good, proof = ("a.ofd", documents["good"]), ("a.ofd.proof.json", documents["good proof"])
    match name:
        case "front":
            pass
        case "valid":
            clerk.drop(good, proof)
        case "invalid":
            clerk.drop(("a.ofd", documents["good"] + b"!"), proof)
        case "ended":
            clerk.drop(("b.ofd", documents["ended"]), ("b.ofd.proof.json", documents["ended proof"]))
        case "items to compare":
            clerk.scan(documents["code"].decode())
        case "several":
            ended = (("b.ofd", documents["ended"]), ("b.ofd.proof.json", documents["ended proof"]))
            clerk.drop(good, proof, *ended, ("form.pdf", b"%PDF-1.7"))
        case "no proof":
            clerk.drop(good)
        case "foreign code":
            clerk.scan("https://licences.example/1")
        case "problems":
            clerk.open("/problems")
        case "one problem":
            clerk.open("/problems/proof-missing")
    if name not in ("front", "problems", "one problem"):
        for summary in clerk.page.locator("summary").all():
            summary.click()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    clerk: Clerk, name: str, language: str, documents: dict[str, bytes], axe_source: str
) -> None:
    clerk.open(f"/?lang={language}")
    show(clerk, name, documents)
    assert clerk.page.get_attribute("html", "lang") == ("zh-CN" if language == "zh" else "en")
    assert find_barriers(clerk.page, axe_source) == []
    clerk.page.set_viewport_size({"width": 360, "height": 740})
    assert find_barriers(clerk.page, axe_source) == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 640], ids=["a phone", "a desk at 200 %"])
def test_nothing_stands_beyond_a_narrow_screen(
    clerk: Clerk, name: str, width: int, documents: dict[str, bytes]
) -> None:
    clerk.page.set_viewport_size({"width": width, "height": 740})
    show(clerk, name, documents)
    assert clerk.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_targets_are_large_enough(clerk: Clerk, name: str, documents: dict[str, bytes]) -> None:
    show(clerk, name, documents)
    targets = clerk.page.locator("a:not(.skip), button, summary, input:not([type=hidden])").all()
    assert targets
    for target in targets:
        box = target.bounding_box()
        if box is not None:  # one that is shown
            assert box["height"] >= LEAST_TARGET, target.evaluate("(element) => element.outerHTML")


def test_the_keyboard_reaches_everything_in_order(clerk: Clerk, documents: dict[str, bytes]) -> None:
    """From the field on: files, button, print, why, paper, the links at the end; and back to the first link."""
    show(clerk, "valid", documents)
    reached = ["code"]
    clerk.page.focus("#code")
    for _ in range(12):
        clerk.page.keyboard.press("Tab")
        reached.append(
            clerk.page.evaluate(
                "(document.activeElement.id || document.activeElement.className || document.activeElement.tagName)"
            )
        )
    assert reached[:5] == ["code", "document", "main", "print", "SUMMARY"]
    assert reached.count("A") >= 2


def test_why_is_opened_and_a_file_is_checked_by_keyboard_alone(
    clerk: Clerk, documents: dict[str, bytes]
) -> None:
    clerk.scan(documents["code"].decode())
    clerk.page.focus("summary")
    clerk.page.keyboard.press("Enter")
    assert clerk.page.locator("details[open]").count() == 1
    clerk.page.focus(".confirm button.main")
    with clerk.page.expect_navigation():
        clerk.page.keyboard.press("Enter")
    assert clerk.verdicts == ["valid"]


def test_the_policy_allows_no_inline_script_and_the_first_page_is_small(clerk: Clerk) -> None:
    sizes: dict[str, int] = {}
    clerk.page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    answer = clerk.page.goto(clerk.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    clerk.page.wait_for_load_state("networkidle")
    assert len(sizes) <= 3
    assert sum(sizes.values()) < 60_000
