"""GET /api/v1/alerts/{id}/lessons and /api/v1/alerts/{id}/alike."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feedback_api.access.rules import Viewer
from feedback_api.representations.lessons import AlikeAlerts, AlikeQuery, Lesson, LessonQuery
from feedback_api.services import services_of
from feedback_api.teaching_acts import lesson_footing_of
from feedback_api.use_cases.alike import read_alike
from feedback_api.use_cases.lessons import read_lesson
from floodline.storage.engine import reading


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/alerts/{alert_id}/lessons")
    def lessons(
        request: Request,
        identity: Viewer,
        alert_id: str,
        query: Annotated[LessonQuery, Query()],
    ) -> Lesson:
        """Which labels raised or lowered an alert."""
        services = services_of(request)
        with reading(services.engine) as session:
            footing = lesson_footing_of(services)
            return read_lesson(session, footing, identity, alert_id, query.limit)

    @router.get("/alerts/{alert_id}/alike")
    def alike(
        request: Request,
        identity: Viewer,
        alert_id: str,
        query: Annotated[AlikeQuery, Query()],
    ) -> AlikeAlerts:
        """The alerts that the forest tells least apart from this one."""
        services = services_of(request)
        with reading(services.engine) as session:
            return read_alike(session, lesson_footing_of(services), alert_id, query.limit)
