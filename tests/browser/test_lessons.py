"""What the console shows of lessons, alike alerts and muted ones, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from feedback_api.access.roles import Role
from tests.browser.console import CONTRAST, Console, serving
from tests.integration.api.lessons import FAR, HERE, LATER, NEAR, alert_at, label, taught_api, teach
from tests.integration.storage.samples import store


@pytest.fixture
def taught(sqlite_engine: Engine) -> Iterator[Console]:
    """A console over alerts that say where they lie; two labels lowered the one in focus."""
    done = store(
        sqlite_engine,
        alert_at(1, NEAR, entity="pump with a rather long name of its own, in hall 7"),
        alert_at(2, NEAR),
        alert_at(3, FAR),
    )
    for each in done[:2]:
        label(sqlite_engine, each, "false_alarm")
    teach(sqlite_engine, 1, at=LATER)
    lowered = alert_at(9, HERE, lesson=-2.96, release=1, score=0.985)
    store(sqlite_engine, lowered, alert_at(10, HERE))
    with serving(taught_api(sqlite_engine)) as served:
        yield served


def _lowered(page: Page) -> Any:
    return page.get_by_role("region", name="By which labels")


def test_an_alert_says_which_labels_lowered_it(taught: Console, page: Page) -> None:
    """By how much, by whose label of what, with links; and what is alike, with its verdict."""
    taught.sign_in(page)
    expect(page.get_by_text("Labels lowered this by 3.0 bits")).to_be_visible()
    expect(page.get_by_text("before labels moved it")).to_be_visible()
    lines = _lowered(page).get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("lowered by rita's rejection of pump with a rather long")
    expect(lines.last).to_contain_text("lowered by rita's rejection of unit-2")
    alike = page.get_by_role("region", name="Alike")
    expect(alike.get_by_role("row")).to_have_count(4)
    expect(alike.get_by_role("row").nth(1)).to_contain_text("100%")
    expect(alike.get_by_role("row").nth(2)).to_contain_text("94%")
    expect(alike.get_by_role("row").nth(2)).to_contain_text("false alarm")
    lines.last.get_by_role("link").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("unit-2")
    expect(page.get_by_text("Labels lowered")).to_have_count(0)
    page.get_by_role("link", name="Queue").click()
    page.get_by_role("link", name="j Next").click()
    page.get_by_role("link", name="j Next").click()
    expect(alike).to_contain_text("None of the newest 4 is much like it.")


def test_nothing_moves_when_it_comes(taught: Console, page: Page) -> None:
    """What is fetched comes below the verdict's buttons, and whoever goes on asks for nothing."""
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    taught.sign_in(page)
    button = page.get_by_role("button", name="n False alarm")
    before = button.bounding_box()
    expect(_lowered(page)).to_be_visible()
    assert button.bounding_box() == before
    assert len([each for each in asked if "/related?" in each]) == 1


def test_it_is_all_there_without_javascript(taught: Console, plain_page: Page) -> None:
    """A link leads to the page with the same."""
    taught.sign_in(plain_page)
    plain_page.get_by_role("link", name="By which labels, and what is alike").click()
    expect(_lowered(plain_page).get_by_role("listitem")).to_have_count(2)
    expect(plain_page.get_by_text("Labels lowered this by 3.0 bits")).to_be_visible()
    plain_page.get_by_role("heading", level=1).get_by_role("link").click()
    expect(plain_page.get_by_role("button", name="y Confirm")).to_be_visible()


def test_a_decision_says_what_it_teaches(taught: Console, page: Page) -> None:
    """The notice says so at once, before the receipt comes."""
    taught.sign_in(page)
    page.keyboard.press("n")
    notice = page.get_by_role("status")
    expect(notice).to_contain_text("Alike events will score lower within seconds.")


def test_a_known_issue_clears_the_queue_of_what_is_alike(taught: Console, page: Page) -> None:
    """It leaves a shorter queue; the muted ones are a link away, and come back with the issue."""
    taught.sign_in(page)
    page.keyboard.press("i")
    expect(page.get_by_role("status")).to_contain_text("1 alike alert is muted")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue 1")
    expect(page.get_by_role("heading", level=2).first).to_have_text("unit-0")
    expect(page.get_by_text("Muted: alike a known issue")).to_have_count(0)
    page.get_by_role("link", name="Muted 1").click()
    expect(page.get_by_text("Muted: alike a known issue")).to_be_visible()
    page.get_by_role("link", name="a known issue").click()
    expect(page.get_by_role("link", name="1 alike alert")).to_be_visible()
    taught.api.clock.move(seconds=1)
    page.keyboard.press("y")
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue 2")


def test_an_engineer_stops_lessons_and_lets_them_go_on(taught: Console, page: Page) -> None:
    """The figures stand on the threshold's page, and the switch beside them."""
    taught.sign_in(page, Role.ENGINEER)
    page.get_by_role("link", name="Threshold").click()
    lessons = page.get_by_role("region", name="Lessons")
    expect(lessons).to_contain_text("Came as foretold75%")
    lessons.get_by_label("Stop because").fill("labels of the drill")
    lessons.get_by_role("button", name="Stop lessons").click()
    expect(lessons).to_contain_text("Stopped by alice since")
    lessons.get_by_role("button", name="Let labels teach").click()
    expect(lessons.get_by_label("Stop because")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(taught: Console, browser: Browser, scheme: Any) -> None:
    """Every text of the new parts has a contrast of 4.5 or more, in light and in dark."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    taught.sign_in(page)
    expect(_lowered(page)).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.goto(f"{taught.url}threshold")
    assert page.evaluate(CONTRAST) == []
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_no_width_scrolls_sideways(taught: Console, browser: Browser, width: int) -> None:
    """From a small phone to a desk, the new parts fit their width."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    taught.sign_in(page)
    expect(_lowered(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="i Known issue").click()
    expect(page.get_by_role("link", name="Muted 1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{taught.url}threshold")
    expect(page.get_by_role("region", name="Lessons")).to_be_visible()
    assert page.evaluate("document.querySelector('.page').scrollWidth") <= width
    context.close()
