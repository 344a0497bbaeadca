"""Rendering of templates: escaped always, an unknown name is an error."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from feedback_api.representations.alerts import one_in

_SHOWN_EVENT = 20_000


class Pages:
    """The templates, with what every page knows."""

    def __init__(self, detector: str, static_urls: Mapping[str, str]) -> None:
        self._environment = Environment(
            loader=PackageLoader("feedback_api"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            score=score, number=number, one_in=rarity, utc=utc, pretty=pretty, words=words
        )
        self._environment.globals.update(detector=detector, static=dict(static_urls))

    def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """The template as an answer."""
        text = self._environment.get_template(template).render(context)
        return HTMLResponse(text, status)


def pages_of(request: Request) -> Pages:
    """The pages of the application that handles a request."""
    found: Any = request.app.state.pages
    if not isinstance(found, Pages):
        raise TypeError("the application was made without pages")
    return found


def score(value: float) -> str:
    """A score to six places: normal data sits close to 1."""
    return f"{value:.6f}"


def number(value: float) -> str:
    """A feature's value to six significant digits."""
    return f"{value:.6g}".replace("-", "\N{MINUS SIGN}") if value == value else "missing"


def rarity(value: float) -> str:
    """A rarity as people read it."""
    return f"1 in {one_in(value):,}"


def utc(value: datetime) -> str:
    """A time to the second, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def pretty(value: Any) -> str:
    """An event as indented JSON, cut where it is very long."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) <= _SHOWN_EVENT:
        return text
    return f"{text[:_SHOWN_EVENT]}\n... {len(text) - _SHOWN_EVENT:,} more characters"


def words(value: str) -> str:
    """A verdict's name as words."""
    return value.replace("_", " ")
