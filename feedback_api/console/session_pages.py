"""GET and POST /login, POST /logout."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from feedback_api.access.authentication import session_cookie
from feedback_api.access.origin import check_origin
from feedback_api.access.rules import PUBLIC, Viewer
from feedback_api.console.pages import pages_of
from feedback_api.errors import TooManyAttempts, Unauthenticated
from feedback_api.services import Services, services_of
from feedback_api.use_cases.sessions import sign_in, sign_out
from floodline.storage.engine import transaction

_AT_HOME = "/"


def add_to(router: APIRouter) -> None:
    """Add the routes."""
    _add_login(router)
    _add_logout(router)


def _add_login(router: APIRouter) -> None:
    @router.get("/login", dependencies=PUBLIC, response_model=None)
    def login_page(request: Request, next: str = _AT_HOME) -> Response:
        """The form that takes a key."""
        return _form(request, services_of(request), next)

    @router.post("/login", dependencies=PUBLIC, response_model=None)
    def login(
        request: Request,
        key: Annotated[str, Form(max_length=200)] = "",
        next: Annotated[str, Form(max_length=2_000)] = _AT_HOME,
    ) -> Response:
        """Open a session for a key's owner."""
        services = services_of(request)
        check_origin(request.method, request.headers, browser_only=False)
        address = request.client.host if request.client else "unknown"
        try:
            services.attempts.check(address, services.clock())
            token = _open(services, key)
        except TooManyAttempts as error:
            return _form(request, services, next, str(error), 429)
        except Unauthenticated as error:
            services.attempts.failed(address, services.clock())
            return _form(request, services, next, str(error), 401)
        answer = RedirectResponse(_local(next), 303)
        answer.set_cookie(
            session_cookie(services),
            token,
            max_age=services.settings.session_hours * 3600,
            httponly=True,
            samesite="strict",
            secure=services.settings.secure_cookie,
        )
        return answer


def _add_logout(router: APIRouter) -> None:
    @router.post("/logout", response_model=None)
    def logout(request: Request, identity: Viewer) -> Response:
        """End the session."""
        services = services_of(request)
        name = session_cookie(services)
        token = request.cookies.get(name)
        if token is not None:
            with transaction(services.engine) as session:
                sign_out(session, token)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(
            name, httponly=True, samesite="strict", secure=services.settings.secure_cookie
        )
        return answer


def _open(services: Services, key: str) -> str:
    lifetime = timedelta(hours=services.settings.session_hours)
    with transaction(services.engine) as session:
        return sign_in(session, key, lifetime=lifetime, now=services.clock())


def _form(
    request: Request, services: Services, next: str, fault: str | None = None, status: int = 200
) -> Response:
    return pages_of(request).render(
        "session/login.html",
        status=status,
        fault=fault,
        next=_local(next),
        open_to_all=services.settings.auth == "none",
    )


def _local(target: str) -> str:
    r"""The target where it is a path of ours; `//host` and `/\host` would leave for another."""
    plain = target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and target[1:2] != "/" else _AT_HOME
