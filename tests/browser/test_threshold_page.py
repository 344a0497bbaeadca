"""The threshold's page, and the receipt of a decision, in a real browser."""

from datetime import timedelta
from functools import partial
from operator import ne
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_api.access.roles import Role
from tests.browser.console import CONTRAST, Console
from tests.integration.api.reviews import release, review
from tests.integration.storage.samples import NOW


@pytest.fixture
def reviewed(empty_console: Console) -> Console:
    """A console over events that were answered, but for every third."""
    review(empty_console.api, leave_out=3)
    release(empty_console.api, 1, 0.9)
    return empty_console


def test_a_decision_gets_its_receipt(reviewed: Console, page: Page) -> None:
    """Once the queue has gone on, the notice says what the answer changed; nothing moves by it."""
    reviewed.sign_in(page)
    page.keyboard.press("n")
    button = page.get_by_role("button", name="n False alarm")
    expect(page.get_by_role("status")).to_contain_text("false alarm on")
    before = button.bounding_box()
    expect(page.get_by_role("status")).to_contain_text("With this answer the precision at 0.9000")
    assert button.bounding_box() == before


def test_whoever_goes_on_at_once_asks_for_no_receipt(reviewed: Console, page: Page) -> None:
    """Decisions in a row are not slowed: the receipt is asked for after a pause, of the last."""
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    reviewed.sign_in(page)
    page.clock.install(time=NOW)
    page.clock.pause_at(NOW + timedelta(hours=1))
    for _ in range(3):
        left = partial(ne, page.url)
        page.keyboard.press("y")
        page.wait_for_url(left)
    assert not [each for each in asked if each.endswith("/receipt")]
    page.clock.run_for(1_000)
    expect(page.get_by_role("status")).to_contain_text("With this answer")
    assert len([each for each in asked if each.endswith("/receipt")]) == 1


def test_an_engineer_tries_moves_and_freezes(reviewed: Console, page: Page) -> None:
    """Try a threshold, move to it, take it back, stop it: all by the page's own forms."""
    reviewed.sign_in(page, Role.ENGINEER)
    page.get_by_role("link", name="Threshold").click()
    page.get_by_role("spinbutton", name="Threshold").fill("0.93")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Alerts lost: 15")).to_be_visible()
    page.get_by_label("Move because").fill("too many")
    page.get_by_role("button", name="Move to 0.930000").click()
    waiting = page.get_by_role("region", name="Waiting")
    expect(waiting).to_contain_text("approved too many")
    waiting.get_by_role("button", name="Withdraw").click()
    expect(waiting).to_have_count(0)
    page.get_by_label("Freeze because").fill("audit week")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("Frozen by alice since")).to_be_visible()
    page.get_by_role("button", name="Unfreeze").click()
    expect(page.get_by_role("button", name="Freeze")).to_be_visible()


def test_an_engineer_changes_the_policy(reviewed: Console, page: Page) -> None:
    """The forms begin with what holds, take percent, and one leads back to what is configured."""
    reviewed.sign_in(page, Role.ENGINEER)
    page.get_by_role("link", name="Threshold").click()
    page.get_by_text("Change the policy").click()
    share = page.get_by_label("At least", exact=True)
    expect(share).to_have_value("80")
    share.fill("120")
    page.get_by_role("button", name="Hold this precision").click()
    assert share.evaluate("each => each.validity.rangeOverflow")
    share.fill("92.5")
    page.get_by_role("button", name="Hold this precision").click()
    expect(page.get_by_text("(set by alice")).to_be_visible()
    page.get_by_text("Change the policy").click()
    expect(share).to_have_value("92.5")
    page.get_by_label("At most").fill("0.25")
    page.get_by_role("button", name="Hold this budget").click()
    expect(
        page.get_by_text("At most 0.25 alerts an hour, at least 80% of them real")
    ).to_be_visible()
    page.get_by_text("Change the policy").click()
    page.get_by_role("button", name="Back to the configured policy").click()
    expect(page.get_by_text("(as configured)")).to_be_visible()


def _busy(console: Console, page: Page) -> None:
    """The page with all that it can show: a move that waits, a trial, segments, the policies."""
    console.sign_in(page, Role.ENGINEER)
    page.goto(f"{console.url}threshold?to=0.85&hours=720")
    page.get_by_label("Move because").fill("more")
    page.get_by_role("button", name="Move to").click()
    expect(page.get_by_role("region", name="Waiting")).to_be_visible()
    page.goto(f"{console.url}threshold?to=0.93&hours=720")
    expect(page.get_by_role("heading", name="Alerts lost")).to_be_visible()
    expect(page.get_by_role("heading", name="Segments 3")).to_be_visible()
    page.get_by_text("Change the policy").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(reviewed: Console, browser: Browser, scheme: Any) -> None:
    """Every text on the page has a contrast of 4.5 or more, in light and in dark."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    _busy(reviewed, page)
    assert page.evaluate(CONTRAST) == []
    release(reviewed.api, 2, 0.9, kind="retrain")
    page.reload()
    expect(page.get_by_role("note")).to_contain_text("The evidence began anew")
    assert page.evaluate(CONTRAST) == []
    context.close()


_CUT = """() => [...document.querySelectorAll("table, td, th")].flatMap((each) =>
  each.scrollWidth > each.clientWidth + 1 ? [each.textContent.trim()] : [])"""
"""What a table hides unless it is scrolled sideways."""


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_no_width_scrolls_sideways(reviewed: Console, browser: Browser, width: int) -> None:
    """From a small phone to a desk, the page fits its width, and no table hides a part."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    _busy(reviewed, page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('.page').scrollWidth") <= width
    assert page.evaluate(_CUT) == []
    context.close()
