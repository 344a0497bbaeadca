"""GET / and /alerts/{id}, POST /alerts/{id}/decisions: the queue, one alert in focus."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from feedback_api.access.roles import Role
from feedback_api.access.rules import Analyst, Viewer
from feedback_api.console.pages import pages_of
from feedback_api.console.queue_view import QueueRequest, view_queue
from feedback_api.console.scoring_notice import ScoringNotice
from feedback_api.errors import InvalidRequest
from feedback_api.label_submission import submit_label
from feedback_api.representations.alerts import CURSOR_CHARACTERS
from feedback_api.representations.labels import LabelRequest
from feedback_api.services import Services, services_of
from feedback_api.teaching_acts import lesson_footing_of
from feedback_api.threshold_acts import footing_of
from feedback_api.use_cases.alerts import is_muted
from floodline.feedback.verdicts import Verdict
from floodline.storage.alerts import Order
from floodline.storage.engine import reading, transaction

BY_KEY = {
    "y": Verdict.CONFIRMED,
    "n": Verdict.FALSE_ALARM,
    "u": Verdict.UNSURE,
    "i": Verdict.KNOWN_ISSUE,
    "o": Verdict.NEW_NORMAL,
    "p": Verdict.PLANNED,
}
"""Every verdict on an alert; `u`, `i`, `o` and `p` lie in a row."""


class Decision(BaseModel):
    """The decision form: `decision` is the verdict of the button that was pressed."""

    decision: str = Field(max_length=50)
    note: str = ""
    order: Order = Order.SCORE
    cursor: str = Field(default="", max_length=CURSOR_CHARACTERS)
    muted: bool = False
    next: str = Field(default="", max_length=300)


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get("/", response_model=None)
    def queue_page(
        request: Request,
        identity: Viewer,
        order: Order = Order.SCORE,
        cursor: Annotated[str | None, Query(max_length=CURSOR_CHARACTERS)] = None,
        at: str | None = None,
        done: str | None = None,
        muted: bool = False,
    ) -> Response:
        """The alerts that wait for a verdict, and the one in focus."""
        services = services_of(request)
        asked = QueueRequest(order, cursor or None, at or None, done or None, muted)
        footing, lessons = footing_of(services), lesson_footing_of(services)
        with transaction(services.engine) as session:
            view = view_queue(session, footing, lessons, asked, identity)
        return pages_of(request).render(
            "queue/list.html",
            view=view,
            identity=identity,
            may_label=identity.role.covers(Role.ANALYST),
            intake=_intake_state(services),
            scoring=ScoringNotice.of(services.scoring.get(), services.clock()),
            by_key=BY_KEY,
        )

    @router.get("/alerts/{alert_id}", response_model=None)
    def alert_page(identity: Viewer, alert_id: str) -> Response:
        """A lasting address of an alert."""
        return RedirectResponse(QueueRequest().url(at=alert_id), 303)

    @router.post("/alerts/{alert_id}/decisions", response_model=None)
    def decide(
        request: Request, identity: Analyst, alert_id: str, form: Annotated[Decision, Form()]
    ) -> Response:
        """Store the verdict and go on to the next alert."""
        services = services_of(request)
        submit_label(services, identity, alert_id, _label(form))
        asked = QueueRequest(form.order, form.cursor or None, muted=form.muted)
        return RedirectResponse(asked.url(at=_next(services, form), done=alert_id), 303)


def _next(services: Services, form: Decision) -> str | None:
    """The next alert; None, for the first of the queue, where the decision has just muted it."""
    with reading(services.engine) as session:
        gone = not form.muted and is_muted(session, services.detector, form.next)
    return None if gone else form.next or None


def _label(form: Decision) -> LabelRequest:
    try:
        return LabelRequest(verdict=form.decision, note=form.note or None)
    except ValidationError as error:
        raise InvalidRequest(f"the note {error.errors()[0]['msg']}", "/note") from error


def _intake_state(services: Services) -> str:
    states = [worker.state for worker in services.background if worker.name == "intake"]
    return states[0] if states else "off"
