"""The console in a real browser: by key, by button, with JavaScript off, in the dark, narrow."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_api.access.roles import Role
from tests.browser.console import CONTRAST, Console


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


@pytest.mark.parametrize(
    ("key", "verdict"), [("i", "known_issue"), ("o", "new_normal"), ("p", "planned")]
)
def test_the_other_verdicts_have_a_key_each(
    console: Console, page: Page, key: str, verdict: str
) -> None:
    """i, o and p give the verdicts beside yes, no and unsure, as `?` tells; z takes one back."""
    words = verdict.replace("_", " ")
    console.sign_in(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.locator("dl > div", has_text=f"{key}{words}:")).to_have_count(1)
    page.keyboard.press(key)
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    assert set(console.verdicts().values()) == {None}
    page.keyboard.press(key)
    _notice(page).to_contain_text(f"{words} on unit-1")
    _focus(page).to_have_text("unit-0")
    page.keyboard.press("z")
    _focus(page).to_have_text("unit-1")
    assert console.verdicts() == {4: verdict, 3: None, 2: None, 1: None}


def test_decisions_by_button(console: Console, page: Page) -> None:
    """Every key is printed on a button that does the same; the note goes with any verdict."""
    console.sign_in(page)
    page.get_by_role("button", name="y Confirm").click()
    _notice(page).to_contain_text("confirmed on unit-1")
    page.get_by_role("button", name="n False alarm").click()
    _notice(page).to_contain_text("false alarm on unit-0")
    page.get_by_label("Note").fill("load test")
    page.get_by_role("button", name="p Planned real but expected").click()
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
    """In the note keys type; with ctrl they are the browser's."""
    console.sign_in(page)
    page.get_by_label("Note").click()
    page.keyboard.type("any yes? jury, in op")
    page.get_by_role("heading", level=2).first.click()
    page.keyboard.press("Control+y")
    expect(page.get_by_label("Note")).to_have_value("any yes? jury, in op")
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
    assert page.evaluate(CONTRAST) == []
    page.goto(f"{console.url}nothing")
    assert page.evaluate(CONTRAST) == []
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
    assert "i Known issue real, already being handled" in seen
    assert {"y Confirm", "n False alarm", "u Unsure", "Sign out"} <= seen
