"""GET /api/v1/scoring."""

from fastapi import APIRouter, Request

from feedback_api.access.rules import Viewer
from feedback_api.representations.scoring import Scoring
from feedback_api.services import services_of


def add_to(router: APIRouter) -> None:
    """Add the route."""

    @router.get("/scoring")
    def read_scoring(request: Request, identity: Viewer) -> Scoring:
        """How far the consumer has scored each partition, and whether its model is warm."""
        services = services_of(request)
        return Scoring.of(services.detector, services.scoring.get(), services.clock())
