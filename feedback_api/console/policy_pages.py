"""POST /threshold/policy and /threshold/policy/configured: the forms that change the policy."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from feedback_api.access.rules import Engineer
from feedback_api.console.threshold_pages import PATH
from feedback_api.errors import InvalidRequest
from feedback_api.representations.policies import AnyPolicy
from feedback_api.services import services_of
from feedback_api.threshold_acts import change_policy

_BACK = f"{PATH}#policy-title"
_POLICY: TypeAdapter[AnyPolicy] = TypeAdapter(AnyPolicy)
_PLACES = 12

Percent = Annotated[float | None, Field(gt=0, lt=100)]


class PolicyForm(BaseModel):
    """A policy as people type it: shares in percent, and only the fields of its type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(max_length=50)
    at_least: Percent = None
    per_hour: float | None = None
    precision: Percent = None
    miss: float | None = None
    false_alarm: float | None = None

    def policy(self) -> AnyPolicy:
        """The policy that the form tells.

        Raises:
            InvalidRequest: a number is missing, or is none for this policy.
        """
        told = self.model_dump(exclude_none=True)
        for name in ("at_least", "precision"):
            if name in told:
                told[name] = round(told[name] / 100, _PLACES)
        try:
            return _POLICY.validate_python(told)
        except ValidationError as error:
            fault = error.errors()[0]
            names = [str(part) for part in fault["loc"] if part != self.type]
            raise InvalidRequest(
                f"{' '.join(names) or 'type'}: {fault['msg']}", f"/{'/'.join(names) or 'type'}"
            ) from error


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.post(f"{PATH}/policy", response_model=None)
    def put(request: Request, identity: Engineer, form: Annotated[PolicyForm, Form()]) -> Response:
        """Put a policy in place of the configured one."""
        change_policy(services_of(request), identity, form.policy())
        return RedirectResponse(_BACK, 303)

    @router.post(f"{PATH}/policy/configured", response_model=None)
    def take_back(request: Request, identity: Engineer) -> Response:
        """Go back to the configured policy."""
        change_policy(services_of(request), identity, None)
        return RedirectResponse(_BACK, 303)
