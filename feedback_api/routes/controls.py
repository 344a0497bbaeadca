"""PUT and DELETE /api/v1/threshold/policy and /api/v1/threshold/freeze."""

from fastapi import APIRouter, Request, Response

from feedback_api.access.rules import Engineer
from feedback_api.representations.moves import FreezeRequest
from feedback_api.representations.policies import AnyPolicy, PolicyInForce
from feedback_api.representations.threshold import Freeze
from feedback_api.services import services_of
from feedback_api.threshold_acts import change_policy, freeze_threshold, unfreeze_threshold


def add_to(router: APIRouter) -> None:
    """Add the routes."""

    @router.put("/threshold/policy")
    def put_policy(request: Request, identity: Engineer, body: AnyPolicy) -> PolicyInForce:
        """Put a policy in place of the configured one."""
        return change_policy(services_of(request), identity, body)

    @router.delete("/threshold/policy")
    def delete_policy(request: Request, identity: Engineer) -> PolicyInForce:
        """Go back to the configured policy."""
        return change_policy(services_of(request), identity, None)

    @router.put("/threshold/freeze")
    def put_freeze(request: Request, identity: Engineer, body: FreezeRequest) -> Freeze:
        """Stop the threshold: neither labels nor people move it."""
        return freeze_threshold(services_of(request), identity, body)

    @router.delete("/threshold/freeze", status_code=204)
    def delete_freeze(request: Request, identity: Engineer) -> Response:
        """Let the threshold move again."""
        unfreeze_threshold(services_of(request), identity)
        return Response(status_code=204)
