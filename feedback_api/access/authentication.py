"""From a request to who sent it."""

from fastapi import Request

from feedback_api.access.api_key import digest_of
from feedback_api.access.identity import LOCAL_USER, Identity
from feedback_api.access.origin import check_origin
from feedback_api.access.roles import Role
from feedback_api.access.verification import verified
from feedback_api.errors import Unauthenticated
from feedback_api.services import Services
from floodline.storage import sessions, users
from floodline.storage.engine import transaction

_NOT_VALID = "the key is unknown, revoked or expired; `floodline keys create` makes one"
_ENDED = "the session has ended; sign in again"
_NOTHING = "send an API key as `Authorization: Bearer fl_...`, or sign in to the console"


def session_cookie(services: Services) -> str:
    """The name of the session's cookie; `__Host-` ties it to this host and to HTTPS."""
    return "__Host-floodline_session" if services.settings.secure_cookie else "floodline_session"


def authenticate(request: Request, services: Services) -> Identity:
    """Who sent the request; a key counts before a session.

    Raises:
        Unauthenticated: nobody that we know.
        ForeignOrigin: a session, or `auth = "none"`, used from another site's page.
    """
    if services.settings.auth == "none":
        check_origin(request.method, request.headers, browser_only=False)
        return _local(services)
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, text = given.partition(" ")
        return _by_key(services, text if scheme.lower() == "bearer" else "")
    token = request.cookies.get(session_cookie(services))
    if token is None:
        raise Unauthenticated(_NOTHING)
    identity = _by_session(services, token)
    check_origin(request.method, request.headers, browser_only=True)
    return identity


def _by_key(services: Services, text: str) -> Identity:
    with transaction(services.engine) as session:
        owned = verified(session, text, services.clock())
    if owned is None:
        raise Unauthenticated(_NOT_VALID)
    return Identity(owned.user.id, owned.user.name, Role(owned.user.role), "key")


def _by_session(services: Services, token: str) -> Identity:
    now = services.clock()
    with transaction(services.engine) as session:
        owned = sessions.owner(session, digest_of(token), now)
    if owned is None or not owned.usable(now):
        raise Unauthenticated(_ENDED)
    return Identity(owned.user.id, owned.user.name, Role(owned.user.role), "session")


def _local(services: Services) -> Identity:
    with transaction(services.engine) as session:
        user = users.ensure(
            session, id=LOCAL_USER, name=LOCAL_USER, role=Role.ANALYST, now=services.clock()
        )
    return Identity(user.id, user.name, Role.ANALYST, "none")
