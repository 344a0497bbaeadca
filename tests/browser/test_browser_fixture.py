"""The browser of the tests: a real one, that shows a page, runs its scripts or does not."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

HTML = """<!doctype html>
<html lang="en"><title>Gauge</title>
<style>body{font-family:"Open Sans",sans-serif;margin:3rem} p{color:#046}</style>
<h1>Water level</h1><p id="said">no script ran</p>
<button onclick="document.getElementById('said').textContent='confirmed'">Confirm</button>
<script>document.getElementById('said').textContent = 'a script ran';</script>
</html>"""


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files without a line on standard error for each."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A local site with the one page above."""
    (tmp_path / "index.html").write_text(HTML, encoding="utf-8")
    handler = partial(SilentHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_page_is_shown_and_answers_clicks(page: Page, address: str, tmp_path: Path) -> None:
    """The browser runs a page's script, a click changes it, and a screenshot shows it."""
    page.goto(address)
    expect(page.locator("#said")).to_have_text("a script ran")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#said")).to_have_text("confirmed")
    picture = page.screenshot(path=tmp_path / "page.png")
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 4_000, "a blank page would be smaller"


def test_a_page_without_javascript_shows_what_the_server_sent(
    plain_page: Page, address: str
) -> None:
    """The plain page runs no script, so a test can show that an action works without one."""
    plain_page.goto(address)
    expect(plain_page.locator("#said")).to_have_text("no script ran")


def test_each_page_starts_without_cookies(page: Page, address: str) -> None:
    """A page knows nothing of the pages of other tests."""
    page.goto(address)
    assert page.context.cookies() == []
