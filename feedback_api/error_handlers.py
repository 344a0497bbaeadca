"""Each error's one way out: problem details for programs, a page for people."""

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from feedback_api.console.pages import Pages, pages_of
from feedback_api.problems import Problem, problem_of
from floodline.errors import FloodlineError

_log = structlog.get_logger(__name__)
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics", "/static/")


def install(app: FastAPI) -> None:
    """Have every error told in the form that the caller reads."""
    for kind in (FloodlineError, PoolTimeoutError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handle)


def _handle(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("request failed", path=request.url.path, error=str(error))
    if not _wants_page(request):
        return problem.response()
    if problem.status == 401 and request.method in ("GET", "HEAD"):
        return RedirectResponse(f"/login?next={quote(_target(request), safe='')}", 303)
    return _page(pages_of(request), problem)


def _wants_page(request: Request) -> bool:
    if request.url.path.startswith(_FOR_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "")


def _target(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _page(pages: Pages, problem: Problem) -> Response:
    return pages.render("errors/problem.html", status=problem.status, problem=problem)
