"""GET /api/v1/me."""

from fastapi import APIRouter

from feedback_api.access.rules import Viewer
from feedback_api.representations.users import Me


def add_to(router: APIRouter) -> None:
    """Add the route."""

    @router.get("/me")
    def read_me(identity: Viewer) -> Me:
        """Who the caller is."""
        return Me.of(identity)
