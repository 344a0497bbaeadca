"""GET /healthz, /readyz and /metrics, for probes: open to whoever reaches the port.

They reveal that the process runs, whether its database, intake and relay are up, and counts:
never an alert, an entity, a user, an address or an error's text.
"""

from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.responses import JSONResponse

from feedback_api.access.rules import PUBLIC
from feedback_api.problems import Problem
from feedback_api.services import Services, services_of
from floodline.errors import DependencyDown
from floodline.storage.engine import transaction

_log = structlog.get_logger(__name__)


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/healthz", dependencies=PUBLIC)
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", dependencies=PUBLIC, response_model=None)
    def readyz(request: Request) -> Response:
        """Ready while the database answers; labels can be given while Kafka is down."""
        services = services_of(request)
        database = _database_up(services)
        checks: dict[str, Any] = {"database": "up" if database else "down"}
        checks |= {worker.name: worker.state for worker in services.background}
        if not database:
            told = "the database does not answer"
            return Problem(503, "not-ready", told, {"checks": checks}).response()
        return JSONResponse({"status": "ready", "checks": checks})

    @router.get("/metrics", dependencies=PUBLIC, response_model=None)
    def metrics(request: Request) -> Response:
        """What Prometheus scrapes."""
        body = generate_latest(services_of(request).registry)
        return Response(body, media_type=CONTENT_TYPE_LATEST)


def _database_up(services: Services) -> bool:
    try:
        with transaction(services.engine) as session:
            session.execute(text("SELECT 1"))
    except DependencyDown as error:
        _log.warning("not ready", reason=str(error))
        return False
    return True
