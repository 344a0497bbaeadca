"""POST and GET /api/v1/alerts/{id}/labels, GET /api/v1/verdicts."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from feedback_api.access.rules import Analyst, Viewer
from feedback_api.label_submission import submit_label
from feedback_api.representations.labels import (
    Label,
    LabelHistory,
    LabelRequest,
    VerdictMeaning,
    Verdicts,
)
from feedback_api.services import services_of
from feedback_api.use_cases.labels import label_history
from floodline.feedback.verdicts import ON_ALERTS
from floodline.storage.engine import transaction


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.post("/alerts/{alert_id}/labels", status_code=201, response_model=Label)
    def label(
        request: Request,
        identity: Analyst,
        alert_id: str,
        body: LabelRequest,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> JSONResponse:
        """Say what an alert is: 201, or 200 where the same analyst had said the same before."""
        answer = submit_label(services_of(request), identity, alert_id, body, idempotency_key)
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else None
        return JSONResponse(answer.body, answer.status, headers=headers)

    @router.get("/alerts/{alert_id}/labels")
    def read_labels(request: Request, identity: Viewer, alert_id: str) -> LabelHistory:
        """Every label on an alert, the first one first."""
        services = services_of(request)
        with transaction(services.engine) as session:
            signed = label_history(session, services.detector, alert_id)
        return LabelHistory(items=[Label.of(each) for each in signed])

    @router.get("/verdicts")
    def read_verdicts(identity: Viewer) -> Verdicts:
        """The verdicts that an alert can get."""
        return Verdicts(items=[VerdictMeaning.of(each) for each in ON_ALERTS])
