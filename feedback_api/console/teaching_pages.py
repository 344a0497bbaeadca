"""POST /threshold/teaching/off and /on: the forms that stop lessons and let them go on."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from feedback_api.access.rules import Engineer
from feedback_api.console.threshold_pages import PATH
from feedback_api.representations.teaching import TeachingOffRequest
from feedback_api.services import services_of
from feedback_api.teaching_acts import switch_teaching_off, switch_teaching_on

_BACK = f"{PATH}#teaching-title"


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.post(f"{PATH}/teaching/off", response_model=None)
    def stop(
        request: Request, identity: Engineer, form: Annotated[TeachingOffRequest, Form()]
    ) -> Response:
        """Take the lessons of labels out of the scores."""
        switch_teaching_off(services_of(request), identity, form)
        return RedirectResponse(_BACK, 303)

    @router.post(f"{PATH}/teaching/on", response_model=None)
    def resume(request: Request, identity: Engineer) -> Response:
        """Let labels teach again."""
        switch_teaching_on(services_of(request), identity)
        return RedirectResponse(_BACK, 303)
