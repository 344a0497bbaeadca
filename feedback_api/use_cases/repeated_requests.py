"""A request that is sent again under its Idempotency-Key gets its first answer."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from feedback_api.errors import InvalidRequest
from floodline.storage import idempotency

_FORM = re.compile(r"[\x21-\x7e]{1,255}\Z")


@dataclass(frozen=True)
class Answer:
    """Status and JSON body; `replayed` where it was given before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True)
class Repeat:
    """What makes a request the same: its Idempotency-Key (None without one), user and content."""

    key: str | None
    user_id: str
    request: dict[str, Any]
    now: datetime


def answer_once(session: Session, repeat: Repeat, act: Callable[[], Answer]) -> Answer:
    """The answer to a request: `act`'s the first time, the kept one for a day after.

    The session's transaction holds both the act and its answer; what fails keeps no answer.

    Raises:
        InvalidRequest: the key is malformed, or was used for another request.
    """
    if repeat.key is None:
        return act()
    if not _FORM.match(repeat.key):
        raise InvalidRequest(
            "an Idempotency-Key has 1 to 255 visible ASCII characters", "Idempotency-Key"
        )
    canonical = json.dumps(repeat.request, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    mine = {"user_id": repeat.user_id, "key": repeat.key}
    kept = idempotency.claim(session, **mine, request_sha256=digest, now=repeat.now)
    if kept is None:
        answer = act()
        idempotency.keep(session, **mine, status=answer.status, response=answer.body)
        return answer
    if kept.request_sha256 != digest:
        raise InvalidRequest(
            "this Idempotency-Key was used for another request; take a new one", "Idempotency-Key"
        )
    return Answer(kept.status, kept.response, replayed=True)
