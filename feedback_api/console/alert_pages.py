"""GET /alerts/{id}/related: which labels moved an alert, and what is alike."""

from fastapi import APIRouter, Request, Response

from feedback_api.access.rules import Viewer
from feedback_api.console.lesson_view import view_related
from feedback_api.console.pages import pages_of
from feedback_api.services import services_of
from feedback_api.teaching_acts import lesson_footing_of
from feedback_api.use_cases.alerts import get_alert
from feedback_api.use_cases.alike import read_alike
from feedback_api.use_cases.lessons import read_lesson
from floodline.storage.engine import reading

TOLD = 5
ALIKE = 8


def add_to(router: APIRouter) -> None:
    """Add the route."""

    @router.get("/alerts/{alert_id}/related", response_model=None)
    def related_page(
        request: Request, identity: Viewer, alert_id: str, part: bool = False
    ) -> Response:
        """The page, or with `part` what the queue shows of it within its own."""
        services = services_of(request)
        footing = lesson_footing_of(services)
        with reading(services.engine) as session:
            alert = get_alert(session, services.detector, alert_id)
            lesson = read_lesson(session, footing, identity, alert_id, TOLD)
            view = view_related(alert, lesson, read_alike(session, footing, alert_id, ALIKE))
        template = "alerts/related.html" if part else "alerts/related_page.html"
        return pages_of(request).render(template, view=view, identity=identity)
