"""The application from its parts; nothing here reads a clock, a file of settings or a network."""

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from feedback_api import error_handlers
from feedback_api.access.rules import undeclared
from feedback_api.console import (
    alert_pages,
    policy_pages,
    queue_pages,
    session_pages,
    static_files,
    teaching_pages,
    threshold_pages,
)
from feedback_api.console.pages import Pages
from feedback_api.middleware.body_limit import SECONDS, BodyLimit
from feedback_api.middleware.hosts import KnownHosts
from feedback_api.middleware.measuring import Measuring
from feedback_api.middleware.security_headers import SecurityHeaders
from feedback_api.middleware.unexpected import Unexpected
from feedback_api.routes import (
    alerts,
    controls,
    description,
    labels,
    lessons,
    moves,
    operations,
    scoring,
    segments,
    teaching,
    threshold,
    users,
)
from feedback_api.services import Services


def create_app(services: Services, *, body_seconds: float = SECONDS) -> FastAPI:
    """The REST API and the console over the given services; bodies arrive within the seconds.

    Raises:
        RuntimeError: a route declares no access rule, which is a fault of this program.
    """
    served = static_files.read_static()
    app = FastAPI(
        title="floodline",
        description="Alerts of one detector, the labels that teach it, and its threshold.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # The first one sees the request first.
        middleware=[
            Middleware(Measuring, metrics=services.metrics),
            Middleware(SecurityHeaders),
            Middleware(KnownHosts, allowed=services.settings.allowed_hosts),
            Middleware(Unexpected),
            Middleware(BodyLimit, seconds=body_seconds),
        ],
        routes=[*_rest().routes, *_console(served).routes],
    )
    app.state.services = services
    app.state.pages = Pages(services.detector, static_files.urls(served))
    error_handlers.install(app)
    open_routes = undeclared(app.routes)
    if open_routes:
        raise RuntimeError(f"routes without an access rule: {', '.join(open_routes)}")
    return app


def _rest() -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    for part in (
        alerts,
        labels,
        lessons,
        threshold,
        segments,
        moves,
        controls,
        teaching,
        scoring,
        users,
        description,
    ):
        part.add_to(router)
    return router


def _console(served: dict[str, static_files.StaticFile]) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    operations.add_to(router)
    queue_pages.add_to(router)
    alert_pages.add_to(router)
    threshold_pages.add_to(router)
    policy_pages.add_to(router)
    teaching_pages.add_to(router)
    session_pages.add_to(router)
    static_files.add_to(router, served)
    return router
