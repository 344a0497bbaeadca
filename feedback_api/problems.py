"""Every error as RFC 9457 problem details; the one table of errors and HTTP statuses."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from feedback_api.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ForeignOrigin,
    InvalidRequest,
    TooManyAttempts,
    Unauthenticated,
    WrongHost,
)
from floodline.errors import Conflict, DependencyDown, NotFound, Refused

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:floodline:problem:"
RETRY_SECONDS = 5

STATUS_OF: dict[type[Exception], tuple[int, str]] = {
    Unauthenticated: (401, "unauthenticated"),
    ForeignOrigin: (403, "foreign-origin"),
    TooManyAttempts: (429, "too-many-attempts"),
    Refused: (403, "forbidden"),
    NotFound: (404, "not-found"),
    BodyTooSlow: (408, "body-too-slow"),
    Conflict: (409, "conflict"),
    BodyTooLarge: (413, "body-too-large"),
    WrongHost: (421, "wrong-host"),
    InvalidRequest: (422, "invalid-request"),
    DependencyDown: (503, "dependency-down"),
    PoolTimeoutError: (503, "dependency-down"),
}


@dataclass(frozen=True)
class Problem:
    """One error as it is told; `extensions` are members of the object beside the standard ones."""

    status: int
    kind: str
    detail: str
    extensions: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def body(self) -> dict[str, Any]:
        """The problem details object."""
        return {
            "type": f"{TYPE_PREFIX}{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(
            self.body(), self.status, headers=self.headers or None, media_type=MEDIA_TYPE
        )


def problem_of(error: Exception) -> Problem:
    """The problem that tells of an error; one that nobody foresaw tells nothing of its inside."""
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            status, name = STATUS_OF[kind]
            return Problem(status, name, _detail(error), _extensions(error), _headers(error))
    return Problem(500, "unexpected", "the server failed; its log says where")


def _detail(error: Exception) -> str:
    # The full text names hosts and paths; it goes to the log, not to the caller.
    if isinstance(error, DependencyDown | PoolTimeoutError):
        return "the database does not answer; try again soon"
    return str(error)


def _extensions(error: Exception) -> dict[str, Any]:
    if not isinstance(error, InvalidRequest):
        return {}
    fault: dict[str, Any] = {"pointer": error.pointer, "detail": str(error)}
    if error.allowed is not None:
        fault["allowed"] = error.allowed
    return {"errors": [fault]}


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="floodline"'}
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, DependencyDown | PoolTimeoutError):
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}


def _of_validation(error: RequestValidationError) -> Problem:
    faults = [
        {"pointer": _pointer(fault["loc"]), "detail": str(fault["msg"])} for fault in error.errors()
    ]
    told = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in faults)
    return Problem(422, "invalid-request", told, {"errors": faults})


def _pointer(location: tuple[int | str, ...]) -> str:
    where, *rest = location
    if where == "body":
        return "".join(f"/{part}" for part in rest)
    return ".".join(str(part) for part in rest) or str(where)


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    kind = status.phrase.lower().replace(" ", "-")
    return Problem(
        status, kind, _TOLD.get(status, str(error.detail)), {}, dict(error.headers or {})
    )


_TOLD = {
    404: "there is nothing at this address",
    405: "this address does not take this method; the Allow header lists those it takes",
}
