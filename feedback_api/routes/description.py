"""GET /api/v1/openapi.json."""

from typing import Any

from fastapi import APIRouter, Request

from feedback_api.access.rules import Viewer


def add_to(router: APIRouter) -> None:
    """Add the route."""

    @router.get("/openapi.json", include_in_schema=False)
    def read_description(request: Request, identity: Viewer) -> dict[str, Any]:
        """The OpenAPI description of this API."""
        described: dict[str, Any] = request.app.openapi()
        return described
