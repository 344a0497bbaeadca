"""GET /api/v1/teaching, PUT and DELETE /api/v1/teaching/off."""

from fastapi import APIRouter, Request, Response

from feedback_api.access.rules import Engineer, Viewer
from feedback_api.representations.teaching import Teaching, TeachingOff, TeachingOffRequest
from feedback_api.services import services_of
from feedback_api.teaching_acts import lesson_footing_of, switch_teaching_off, switch_teaching_on
from feedback_api.use_cases.teaching import read_teaching
from floodline.storage.engine import reading


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/teaching")
    def teaching(request: Request, identity: Viewer) -> Teaching:
        """Whether labels teach the forest, and what they taught."""
        services = services_of(request)
        with reading(services.engine) as session:
            return read_teaching(session, lesson_footing_of(services))

    @router.put("/teaching/off")
    def put_off(request: Request, identity: Engineer, body: TeachingOffRequest) -> TeachingOff:
        """Take the lessons of labels out of the scores."""
        return switch_teaching_off(services_of(request), identity, body)

    @router.delete("/teaching/off", status_code=204)
    def delete_off(request: Request, identity: Engineer) -> Response:
        """Let labels teach again."""
        switch_teaching_on(services_of(request), identity)
        return Response(status_code=204)
