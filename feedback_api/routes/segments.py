"""GET /api/v1/threshold/segments."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feedback_api.access.rules import Viewer
from feedback_api.representations.segments import SegmentQuery, Segments
from feedback_api.services import services_of
from feedback_api.threshold_acts import footing_of
from feedback_api.use_cases.segments import read_segments
from floodline.storage.engine import transaction


def add_to(router: APIRouter) -> None:
    """Add the route."""

    @router.get("/threshold/segments")
    def segments(
        request: Request, identity: Viewer, query: Annotated[SegmentQuery, Query()]
    ) -> Segments:
        """The precision of each entity's alerts, most alerts first."""
        services = services_of(request)
        with transaction(services.engine) as session:
            return read_segments(session, footing_of(services), query.limit)
