"""The console in a real browser: by key, by button, with JavaScript off, in the dark, narrow."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from feedback_api.access.roles import Role
from feedback_api.listening import listen, url_of
from floodline.storage import alerts, labels
from floodline.storage.engine import transaction
from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, EXPLANATION, new_alert, store


class Console:
    """A served application, and what the database says of it."""

    def __init__(self, api: Api, url: str) -> None:
        self.api = api
        self.url = url

    def verdicts(self) -> dict[int, str | None]:
        """The verdict of each alert, by offset."""
        with transaction(self.api.engine) as session:
            chosen = alerts.AlertFilter(detector=DETECTOR)
            rows = alerts.page(session, chosen, alerts.Order.SCORE, None, 100)
        return {row.offset: row.verdict for row in rows}

    def notes(self, offset: int) -> list[str | None]:
        """The notes of an alert's labels."""
        with transaction(self.api.engine) as session:
            return [each.row.note for each in labels.history(session, new_alert(offset).id)]

    def sign_in(self, page: Page, role: Role = Role.ANALYST) -> None:
        """Go through the sign-in page."""
        page.goto(self.url)
        page.get_by_label("API key").fill(self.api.key("alice", role))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1, name=re.compile("Queue"))).to_be_visible()


@pytest.fixture
def console(sqlite_engine: Engine) -> Iterator[Console]:
    """The console with four alerts, the first of them explained."""
    api = Api(sqlite_engine)
    store(sqlite_engine, *(new_alert(n) for n in range(1, 4)))
    store(sqlite_engine, new_alert(4, explanation=EXPLANATION))
    with listen("127.0.0.1", 0) as opened:
        settings = uvicorn.Config(api.app, log_config=None, lifespan="off")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        yield Console(api, url_of(opened))
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def _focus(page: Page) -> Any:
    return expect(page.get_by_role("heading", level=2).first)


def _notice(page: Page) -> Any:
    return expect(page.get_by_role("status"))


def test_decisions_by_key(console: Console, page: Page) -> None:
    """y confirms, n rejects, u doubts, j and k move, z goes back to the last decision."""
    console.sign_in(page)
    _focus(page).to_have_text("unit-1")  # offset 4
    page.keyboard.press("y")
    _notice(page).to_contain_text("confirmed on unit-1")
    _focus(page).to_have_text("unit-0")  # offset 3
    page.keyboard.press("n")
    _notice(page).to_contain_text("false alarm on unit-0")
    _focus(page).to_have_text("unit-2")  # offset 2
    page.keyboard.press("j")
    _focus(page).to_have_text("unit-1")  # offset 1
    page.keyboard.press("k")
    _focus(page).to_have_text("unit-2")
    page.keyboard.press("u")
    _notice(page).to_contain_text("unsure on unit-2")
    console.api.clock.move(seconds=1)
    page.keyboard.press("z")
    expect(page.locator("#now")).to_contain_text("Now unsure")
    page.keyboard.press("y")
    _notice(page).to_contain_text("confirmed on unit-2")
    assert console.verdicts() == {4: "confirmed", 3: "false_alarm", 2: "confirmed", 1: None}


def test_decisions_by_button(console: Console, page: Page) -> None:
    """Every key is printed on a button that does the same; the select holds the other verdicts."""
    console.sign_in(page)
    page.get_by_role("button", name="y Confirm").click()
    _notice(page).to_contain_text("confirmed on unit-1")
    page.get_by_role("button", name="n False alarm").click()
    _notice(page).to_contain_text("false alarm on unit-0")
    page.get_by_label("Note").fill("load test")
    page.get_by_label("Another verdict").select_option("planned")
    page.get_by_role("button", name="Save").click()
    _notice(page).to_contain_text("planned on unit-2")
    page.get_by_role("link", name="z Change").click()
    _focus(page).to_have_text("unit-2")
    assert console.verdicts() == {4: "confirmed", 3: "false_alarm", 2: "planned", 1: None}
    assert console.notes(2) == ["load test"]


def test_everything_works_without_javascript(console: Console, plain_page: Page) -> None:
    """Forms and links alone: sign in, decide, change, order, and sign out."""
    page = plain_page
    console.sign_in(page)
    expect(page.get_by_role("button", name="? Keys")).to_have_count(0)
    page.get_by_role("button", name="y Confirm").click()
    _notice(page).to_contain_text("confirmed on unit-1")
    page.get_by_role("link", name="z Change").click()
    console.api.clock.move(seconds=1)
    page.get_by_role("button", name="n False alarm").click()
    _notice(page).to_contain_text("false alarm on unit-1")
    page.get_by_role("link", name="Newest").click()
    page.get_by_role("link", name="j Next").click()
    _focus(page).to_have_text("unit-2")
    page.get_by_role("button", name="u Unsure").click()
    _notice(page).to_contain_text("unsure on unit-2")
    assert console.verdicts() == {4: "false_alarm", 3: None, 2: "unsure", 1: None}
    page.get_by_role("button", name="Sign out").click()
    page.goto(console.url)
    expect(page.get_by_label("API key")).to_be_visible()


def test_keys_are_text_where_text_is_typed(console: Console, page: Page) -> None:
    """In the note and the select keys type; with ctrl they are the browser's."""
    console.sign_in(page)
    page.get_by_label("Note").click()
    page.keyboard.type("any yes? jury")
    page.get_by_label("Another verdict").focus()
    page.keyboard.press("n")
    page.get_by_role("heading", level=2).first.click()
    page.keyboard.press("Control+y")
    expect(page.get_by_label("Note")).to_have_value("any yes? jury")
    assert set(console.verdicts().values()) == {None}


def test_keys_can_be_switched_off(console: Console, page: Page) -> None:
    """`?` shows the keys; the switch there holds over pages, and `?` itself stays."""
    console.sign_in(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("y")
    dialog.get_by_label("Use these keys").uncheck()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("y")
    page.reload()
    page.keyboard.press("y")
    page.keyboard.press("?")
    expect(dialog.get_by_label("Use these keys")).not_to_be_checked()
    assert set(console.verdicts().values()) == {None}


def test_a_decision_is_made_once(console: Console, page: Page) -> None:
    """Of keys pressed at once the first one counts, and a key that is held down counts once."""
    console.sign_in(page)
    page.evaluate(
        """() => { for (const [key, repeat] of [["y", false], ["n", false], ["n", true]])
            document.dispatchEvent(new KeyboardEvent("keydown", {key, repeat, bubbles: true})) }"""
    )
    _notice(page).to_contain_text("confirmed on unit-1")
    page.evaluate(
        """() => document.dispatchEvent(
            new KeyboardEvent("keydown", {key: "y", repeat: true, bubbles: true}))"""
    )
    page.reload()
    assert console.verdicts() == {4: "confirmed", 3: None, 2: None, 1: None}
    assert console.notes(4) == [None]


def test_an_alert_says_why(console: Console, page: Page) -> None:
    """The alert in focus shows each feature's value, usual range and share, the largest first."""
    console.sign_in(page)
    why = page.get_by_role("region", name="Why 9.2 bits")
    expect(why.get_by_role("listitem")).to_have_text(
        [
            re.compile(r"a\s+4,310\s+\(usually 12 to 95\)\s+\+3\.2 bits"),
            re.compile("b\\s+.1.5\\s+.usually .2 to 2.\\s+.0.1 bits"),
        ]
    )
    widths = [row.locator(".fill").bounding_box() for row in why.get_by_role("listitem").all()]
    first, second = (box["width"] if box else 0.0 for box in widths)
    assert 0.02 < second / first < 0.06
    expect(page.get_by_role("region", name="Features")).to_have_count(0)
    page.get_by_role("link", name="j Next").click()
    expect(page.get_by_role("region", name="Why")).to_have_count(0)
    expect(page.get_by_role("region", name="Features")).to_be_visible()


def test_a_viewer_reads(console: Console, page: Page) -> None:
    """A viewer sees the alert, is told why there are no buttons, and keys do nothing."""
    console.sign_in(page, Role.VIEWER)
    expect(page.get_by_text("labels need the role analyst")).to_be_visible()
    page.keyboard.press("y")
    page.keyboard.press("j")
    _focus(page).to_have_text("unit-0")
    assert set(console.verdicts().values()) == {None}


def test_a_wrong_key_is_told_beside_its_field(console: Console, page: Page) -> None:
    """Signing in with a wrong key says so and stays."""
    page.goto(console.url)
    page.get_by_label("API key").fill("fl_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, revoked or expired")


_CONTRAST = """() => {
  const luminance = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (s) => s.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
  const background = (e) => { const layers = [];
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
      layers.push(c.length === 3 ? [...c, 1] : c); }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  const faults = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || e.closest("dialog:not([open]), .visually-hidden, option")) continue;
    const style = getComputedStyle(e), below = background(e);
    const colour = parse(style.color);
    const text = over([...colour.slice(0, 3), (colour[3] ?? 1) * style.opacity], below);
    const [a, b] = [luminance(text), luminance(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faults.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)}: `
      + e.textContent.trim().slice(0, 30));
  }
  return faults;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(console: Console, browser: Browser, scheme: Any) -> None:
    """Every text on the page has a contrast of 4.5 or more, in light and in dark."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    console.sign_in(page)
    page.keyboard.press("y")
    _notice(page).to_contain_text("confirmed")
    page.keyboard.press("z")
    expect(page.locator("#now")).to_be_visible()
    assert page.evaluate(_CONTRAST) == []
    page.goto(f"{console.url}nothing")
    assert page.evaluate(_CONTRAST) == []
    context.close()


_OVERLAPS = """() => {
  const faults = [];
  for (const row of document.querySelectorAll(".why li")) {
    const parts = [...row.children].map((e) => [e, e.getBoundingClientRect()]);
    for (const [e, a] of parts) for (const [f, b] of parts)
      if (e !== f && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        faults.push(`${e.textContent} lies on ${f.textContent}`);
  }
  return faults;
}"""


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440])
def test_no_width_scrolls_sideways(console: Console, browser: Browser, width: int) -> None:
    """From a small phone to a desk, the page fits its width and the buttons are in view."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    console.sign_in(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_OVERLAPS) == []
    expect(page.get_by_role("button", name="y Confirm")).to_be_in_viewport()
    context.close()


def test_the_keyboard_reaches_everything(console: Console, page: Page) -> None:
    """Tab goes from the skip link over the queue to the verdicts, and focus shows."""
    console.sign_in(page)
    page.goto(console.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent.trim().split(/\\s+/).join(' ')"))
        shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert shown != "none" or page.evaluate("document.activeElement === document.body")
    assert {"y Confirm", "n False alarm", "u Unsure", "Save", "Sign out"} <= seen
