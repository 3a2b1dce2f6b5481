"""The way of a person through the portal: ``chargewire demo``, the address it prints, Start, watch, Stop, look it up.

Driven in a real Chromium. Where there is none, these tests are skipped, and ``make test`` says so loudly.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from support.processes import PATIENCE, Command, free_port

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "artifacts"
PORTAL = ROOT / "src" / "chargewire" / "backoffice" / "portal" / "index.html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SLOW = 30_000  # milliseconds that a change may take to reach the page; the machine may be busy
BETWEEN_LOOKS = 0.05

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="NOT RUN: the portal was not driven, there is no Chromium here"),
]


@pytest.fixture(scope="module")
def portal_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that ``chargewire demo`` prints."""
    assert PORTAL.exists(), "the portal is not built: make setup builds it"
    folder = tmp_path_factory.mktemp("demo")
    addresses = ("--http", f"127.0.0.1:{free_port()}", "--ocpp", f"127.0.0.1:{free_port()}")
    demo = Command(folder / "demo.log", "demo", "--headless", *addresses, environment={"TMPDIR": str(folder)})
    try:
        yield printed(demo, r"http://127\.0\.0\.1:\d+/#token=\S+")
        assert demo.interrupt() == 0, demo.output
        assert "Traceback" not in demo.output, demo.output
    finally:
        demo.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own; at the end it has logged no error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


@pytest.mark.parametrize(("station", "version"), [("CP001", "1.6"), ("CP002", "2.0.1")])
def test_a_person_charges_from_the_page(page: Page, portal_url: str, station: str, version: str) -> None:
    page.goto(portal_url)
    card = page.get_by_test_id("station-card").filter(has_text=station)
    expect(card).to_contain_text(version, timeout=SLOW)
    card.click()
    start = page.get_by_test_id("start-button").first
    expect(start).to_be_enabled(timeout=SLOW)
    start.click()
    first = grown(page.get_by_test_id("energy-value").first, above=0.0)
    last = grown(page.get_by_test_id("energy-value").first, above=first)
    expect(page.get_by_test_id("power-value").first).to_contain_text(re.compile(r"[1-9]"), timeout=SLOW)
    assert 0 < number(page.get_by_test_id("soc-value").first) <= 100
    expect(page.get_by_test_id("frame-log")).to_be_visible()
    screenshot(page, f"portal-{station}-charging")
    page.get_by_test_id("stop-button").first.click()
    expect(page.get_by_test_id("start-button").first).to_be_visible(timeout=SLOW)
    page.get_by_test_id("nav-transactions").click()
    row = page.get_by_test_id("transaction-row").filter(has_text=station).first
    expect(row).to_have_attribute("data-state", "ended", timeout=SLOW)
    assert any(float(shown) >= last for shown in re.findall(r"\d+\.\d+", row.inner_text()))
    screenshot(page, f"portal-{station}-transactions")


def test_the_frame_log_shows_what_a_station_says(page: Page, portal_url: str) -> None:
    page.goto(portal_url)
    page.get_by_test_id("station-card").filter(has_text="CP001").click()
    row = page.get_by_test_id("frame-log").get_by_test_id("frame-row").first
    expect(row).to_be_visible(timeout=SLOW)
    assert re.search(r"[A-Z][a-z]+[A-Z][a-z]+|Heartbeat|Authorize", page.get_by_test_id("frame-log").inner_text())


def test_a_person_without_the_link_signs_in_with_the_token(page: Page, portal_url: str) -> None:
    address, _, token = portal_url.partition("#token=")
    page.goto(address)
    page.get_by_test_id("sign-in-token").fill(token)
    page.get_by_test_id("sign-in-submit").click()
    expect(page.get_by_test_id("station-card").first).to_be_visible(timeout=SLOW)


def test_the_page_works_at_phone_width(browser: Browser, portal_url: str) -> None:
    """Nothing sticks out sideways."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    page.goto(portal_url)
    page.get_by_test_id("station-card").filter(has_text="CP002").click(timeout=SLOW)
    expect(page.get_by_test_id("start-button").first).to_be_visible(timeout=SLOW)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    screenshot(page, "portal-phone-dark")
    context.close()


def printed(command: Command, pattern: str) -> str:
    """Wait until the process prints something that matches, and return it."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline and command.is_running:
        if found := re.search(pattern, command.output):
            return found[0]
        sleep(BETWEEN_LOOKS)
    raise AssertionError(f"{pattern} was not printed:\n{command.output}")


def grown(value: Locator, *, above: float) -> float:
    """Wait until the number shown is greater than ``above``, and return it."""
    deadline = monotonic() + SLOW / 1000
    while (seen := number(value)) <= above:
        assert monotonic() < deadline, f"still {seen} after {SLOW} ms, waiting for more than {above}"
        value.page.wait_for_timeout(1000 * BETWEEN_LOOKS)
    return seen


def number(value: Locator) -> float:
    found = re.search(r"\d+(?:[.,]\d+)?", value.inner_text())
    return float(found[0].replace(",", ".")) if found else 0.0


def screenshot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
