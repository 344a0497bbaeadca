"""Signing in to the console with a key, and out again."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from feedback_api.access.api_key import digest_of
from feedback_api.access.verification import verified
from feedback_api.errors import Unauthenticated
from floodline.storage import audit, sessions


def sign_in(session: Session, text: str, *, lifetime: timedelta, now: datetime) -> str:
    """Open a session for the owner of a key; the token for its cookie.

    Raises:
        Unauthenticated: it is no key, or one that is unknown, revoked or expired.
    """
    owned = verified(session, text, now)
    if owned is None:
        raise Unauthenticated("that key is unknown, revoked or expired")
    token = secrets.token_urlsafe(32)
    sessions.add(
        session,
        token_sha256=digest_of(token),
        key_id=owned.key.id,
        now=now,
        expires_at=now + lifetime,
    )
    audit.append(
        session, actor=owned.user.name, action="session.opened", subject=owned.key.id, now=now
    )
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session behind a token, if there is one."""
    sessions.remove(session, digest_of(token))
