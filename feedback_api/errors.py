"""Errors that a caller of the API meets, beside those of `floodline.errors`."""

from floodline.errors import FloodlineError, Refused


class Unauthenticated(Refused):
    """The caller has shown no key or session, or one that is not valid; they must sign in."""


class ForeignOrigin(Refused):
    """A browser sent the request from another site's page."""


class TooManyAttempts(Refused):
    """Too many failed sign-ins; the caller waits `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class WrongHost(FloodlineError):  # noqa: N818
    """The request names a host that this server does not answer for."""


class BodyTooLarge(FloodlineError):  # noqa: N818
    """The request's body is over the limit."""


class BodyTooSlow(FloodlineError):  # noqa: N818
    """The request's body did not arrive in time."""


class InvalidRequest(FloodlineError):  # noqa: N818
    """A part of the request cannot be used; the caller must change it.

    `pointer` is a JSON pointer into the body, or the name of a parameter or header; `allowed`
    lists the values that can be used, where they are few.
    """

    def __init__(self, detail: str, pointer: str, allowed: list[str] | None = None) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.allowed = allowed
