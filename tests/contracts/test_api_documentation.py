"""docs/api.md, held against the API."""

import re
from pathlib import Path

from fastapi.routing import APIRoute
from sqlalchemy import Engine

from feedback_api.access.rules import Needs, rules
from feedback_api.problems import STATUS_OF
from floodline.feedback.verdicts import ON_ALERTS
from tests.integration.api.application import Api

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_route_is_documented_with_its_role(sqlite_engine: Engine) -> None:
    """The table of routes is the application's own, role by role."""
    rows = re.findall(r"^\| `(\w+) ([^`]+)` \| (\w+) \|", PAGE, re.MULTILINE)
    told = {(method, path): role for method, path, role in rows}
    found = {}
    for route in Api(sqlite_engine).app.routes:
        assert isinstance(route, APIRoute)
        if route.path.startswith("/api/") or route.path in ("/healthz", "/readyz", "/metrics"):
            (rule,) = rules(route)
            for method in route.methods or ():
                found[method, route.path] = str(rule.role) if isinstance(rule, Needs) else "open"
    assert told == found


def test_every_problem_is_documented_with_its_status() -> None:
    """The table of problems names each kind and its status."""
    told = {
        (kind, int(status))
        for kinds, status in re.findall(
            r"^\| ((?:`[\w-]+`(?:, )?)+) \| (\d+) \|", PAGE, re.MULTILINE
        )
        for kind in re.findall(r"`([\w-]+)`", kinds)
    }
    table = {(kind, status) for status, kind in STATUS_OF.values()}
    outside = {
        ("bad-request", 400),
        ("method-not-allowed", 405),
        ("unexpected", 500),
        ("not-ready", 503),
    }
    assert told == table | outside


def test_every_verdict_is_documented() -> None:
    """The verdicts that an alert can get are listed."""
    for verdict in ON_ALERTS:
        assert f"`{verdict}`" in PAGE
