"""The access rule that each route declares; one without a rule stops the start."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from feedback_api.access.authentication import authenticate
from feedback_api.access.identity import Identity
from feedback_api.access.roles import Role
from feedback_api.services import services_of
from floodline.errors import Refused


class Public:
    """Anybody may call the route."""

    def __call__(self) -> None:
        """Let the request through."""


class Needs:
    """The route needs a key or session of a role, or of one above it."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request) -> Identity:
        """Who sent the request; Unauthenticated or Refused where they may not."""
        identity = authenticate(request, services_of(request))
        if not identity.role.covers(self.role):
            raise Refused(f"this needs the role {self.role}; {identity.name} is {identity.role}")
        return identity


PUBLIC = [Depends(Public())]
Viewer = Annotated[Identity, Depends(Needs(Role.VIEWER))]
Analyst = Annotated[Identity, Depends(Needs(Role.ANALYST))]
Engineer = Annotated[Identity, Depends(Needs(Role.ENGINEER))]


def undeclared(routes: Iterable[BaseRoute]) -> list[str]:
    """The routes that declare no rule, by path; what is no plain route cannot declare one."""
    return [
        getattr(route, "path", repr(route))
        for route in routes
        if not isinstance(route, APIRoute) or not list(rules(route))
    ]


def rules(route: APIRoute) -> Iterator[Public | Needs]:
    """The rules that a route declares."""
    yield from _rules(route.dependant)


def _rules(dependant: Dependant) -> Iterator[Public | Needs]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Public | Needs):
            yield dependency.call
        yield from _rules(dependency)
