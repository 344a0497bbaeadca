"""The notice that the model is warming up, in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_api.scoring.progress import PartitionProgress, Progress
from tests.browser.console import CONTRAST, Console

NOTICE = "The model is warming up"


def _hear(console: Console, *left: int) -> None:
    """Kafka says so many events are left, by partition."""
    found = [PartitionProgress(n, 62, 0, 60, 2, each) for n, each in enumerate(left)]
    console.api.services.scoring.put(Progress(console.api.clock(), found))


def test_the_queue_says_that_the_model_is_warming_up(console: Console, plain_page: Page) -> None:
    """Without JavaScript too: which partition, how many events; gone once it is warm."""
    page = plain_page
    _hear(console, 1_038, 0)
    console.sign_in(page)
    notice = page.get_by_role("status", name=NOTICE)
    expect(notice).to_have_text(
        "The model is still learning what is usual: 1,038 more events on partition 0. "
        "Until then no alerts come from there."
    )
    console.api.clock.move(seconds=11)
    page.reload()
    expect(notice).to_contain_text(re.compile("As of 2026-11-22 12:00:00 UTC; Kafka has not"))
    _hear(console, 0, 0)
    page.reload()
    expect(notice).to_have_count(0)


def test_an_empty_queue_says_that_nothing_was_scored(empty_console: Console, page: Page) -> None:
    """Where the consumer has committed nothing at all, that is why the queue is empty."""
    empty_console.sign_in(page)
    said = page.get_by_text("The consumer has not scored anything yet.")
    expect(said).to_have_count(0)
    _hear(empty_console)
    page.reload()
    expect(said).to_be_visible()
    _hear(empty_console, 0)
    page.reload()
    expect(said).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_notice_is_readable(
    console: Console, browser: Browser, width: int, scheme: Any
) -> None:
    """It has contrast in light and in dark, and makes no width scroll sideways."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    _hear(console, 1_038, 250, 249, 248, 247)
    console.sign_in(page)
    console.api.clock.move(seconds=11)
    page.reload()
    expect(page.get_by_role("status", name=NOTICE)).to_be_in_viewport()
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
