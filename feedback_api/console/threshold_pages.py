"""GET /threshold, and the forms on it: moves, consent, undo, freeze."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from feedback_api.access.rules import Engineer, Viewer
from feedback_api.console.pages import pages_of
from feedback_api.console.segments_view import SHOWN
from feedback_api.console.threshold_view import ThresholdRequest, view_threshold
from feedback_api.errors import InvalidRequest
from feedback_api.representations.moves import (
    LARGEST_RELEASE,
    FreezeRequest,
    MoveRequest,
    UndoRequest,
)
from feedback_api.representations.previews import MOST_HOURS
from feedback_api.representations.segments import MOST_SEGMENTS
from feedback_api.services import services_of
from feedback_api.teaching_acts import lesson_footing_of
from feedback_api.threshold_acts import (
    decide_move,
    footing_of,
    freeze_threshold,
    submit_move,
    submit_undo,
    unfreeze_threshold,
)
from floodline.storage.engine import reading
from floodline.storage.moves import MoveState

PATH = "/threshold"
_DECISIONS = {
    "approve": MoveState.APPROVED,
    "reject": MoveState.REJECTED,
    "withdraw": MoveState.WITHDRAWN,
}


class MoveForm(MoveRequest):
    """The same from a form, whose numbers are text."""

    threshold: float = Field(ge=0, le=1)
    base_release: int | None = Field(default=None, ge=0, le=LARGEST_RELEASE)


class UndoForm(UndoRequest):
    """The same from a form."""

    base_release: int | None = Field(default=None, ge=0, le=LARGEST_RELEASE)


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.get(PATH, response_model=None)
    def threshold_page(
        request: Request,
        identity: Viewer,
        to: Annotated[float | None, Query(ge=0, le=1)] = None,
        hours: Annotated[float | None, Query(gt=0, le=MOST_HOURS)] = None,
        segments: Annotated[int, Query(ge=1, le=MOST_SEGMENTS)] = SHOWN,
    ) -> Response:
        """The threshold, and with `to` what another one would have done."""
        services, asked = services_of(request), ThresholdRequest(to, hours, segments)
        with reading(services.engine) as session:
            footing, lessons = footing_of(services), lesson_footing_of(services)
            view = view_threshold(session, footing, lessons, identity, asked)
        return pages_of(request).render("threshold/page.html", view=view, identity=identity)

    _add_moves(router)
    _add_freeze(router)


def _add_moves(router: APIRouter) -> None:
    @router.post(f"{PATH}/moves", response_model=None)
    def move(request: Request, identity: Engineer, form: Annotated[MoveForm, Form()]) -> Response:
        """Move the threshold, or propose it."""
        submit_move(services_of(request), identity, form)
        return _back()

    @router.post(f"{PATH}/undo", response_model=None)
    def undo(request: Request, identity: Engineer, form: Annotated[UndoForm, Form()]) -> Response:
        """Go back to the threshold before."""
        submit_undo(services_of(request), identity, form)
        return _back()

    @router.post(PATH + "/moves/{move_id}/decisions", response_model=None)
    def decide(
        request: Request, identity: Engineer, move_id: str, decision: Annotated[str, Form()]
    ) -> Response:
        """Approve, reject or withdraw a move."""
        if decision not in _DECISIONS:
            allowed = list(_DECISIONS)
            raise InvalidRequest("this decides nothing on a move", "/decision", allowed)
        decide_move(services_of(request), identity, move_id, _DECISIONS[decision])
        return _back()


def _add_freeze(router: APIRouter) -> None:
    @router.post(f"{PATH}/freeze", response_model=None)
    def freeze(
        request: Request, identity: Engineer, form: Annotated[FreezeRequest, Form()]
    ) -> Response:
        """Stop the threshold."""
        freeze_threshold(services_of(request), identity, form)
        return _back()

    @router.post(f"{PATH}/unfreeze", response_model=None)
    def unfreeze(request: Request, identity: Engineer) -> Response:
        """Let the threshold move again."""
        unfreeze_threshold(services_of(request), identity)
        return _back()


def _back() -> Response:
    return RedirectResponse(PATH, 303)
