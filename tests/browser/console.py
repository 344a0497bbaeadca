"""The console, served to a browser."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Page, expect

from feedback_api.access.roles import Role
from feedback_api.listening import listen, url_of
from floodline.storage import alerts, labels
from floodline.storage.engine import transaction
from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, new_alert


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


@contextmanager
def serving(api: Api) -> Iterator[Console]:
    """The application on a port of its own."""
    with listen("127.0.0.1", 0) as opened:
        settings = uvicorn.Config(api.app, log_config=None, lifespan="off")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        yield Console(api, url_of(opened))
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


CONTRAST = """() => {
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
"""Text on the page whose contrast is under 4.5."""
