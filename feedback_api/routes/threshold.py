"""GET /api/v1/threshold, POST /api/v1/threshold/preview, GET /api/v1/alerts/{id}/receipt."""

from fastapi import APIRouter, Request

from feedback_api.access.rules import Viewer
from feedback_api.representations.previews import Preview, PreviewRequest
from feedback_api.representations.receipts import Receipt
from feedback_api.representations.threshold import Threshold
from feedback_api.services import services_of
from feedback_api.teaching_acts import lesson_footing_of
from feedback_api.threshold_acts import footing_of
from feedback_api.use_cases.previews import preview_threshold
from feedback_api.use_cases.receipts import read_receipt
from feedback_api.use_cases.threshold import read_threshold
from floodline.storage.engine import reading


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/threshold")
    def threshold(request: Request, identity: Viewer) -> Threshold:
        """The threshold in force, what it gives, and where its policy would put it."""
        services = services_of(request)
        with reading(services.engine) as session:
            return read_threshold(session, footing_of(services))

    @router.post("/threshold/preview")
    def preview(request: Request, identity: Viewer, body: PreviewRequest) -> Preview:
        """What another threshold would have done; nothing is stored."""
        services = services_of(request)
        with reading(services.engine) as session:
            found = preview_threshold(session, footing_of(services), body.threshold, body.hours)
            return Preview.of(found.found, found.gained, found.lost)

    @router.get("/alerts/{alert_id}/receipt")
    def receipt(request: Request, identity: Viewer, alert_id: str) -> Receipt:
        """What the answers on an alert changed."""
        services = services_of(request)
        with reading(services.engine) as session:
            lessons = lesson_footing_of(services)
            return read_receipt(session, footing_of(services), lessons, alert_id)
