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


def answer_once(
    session: Session,
    key: str,
    *,
    user_id: str,
    request: dict[str, Any],
    now: datetime,
    act: Callable[[], Answer],
) -> Answer:
    """The answer to a request: `act`'s the first time, the kept one for a day after.

    Args:
        session: whose transaction holds both the act and its answer; what fails keeps no answer.
        key: the Idempotency-Key.
        user_id: whose key it is; another user's key of the same name is another key.
        request: what is asked: where, and with which body.
        now: the time.
        act: does it.

    Raises:
        InvalidRequest: the key is malformed, or was used for another request.
    """
    if not _FORM.match(key):
        raise InvalidRequest(
            "an Idempotency-Key has 1 to 255 visible ASCII characters", "Idempotency-Key"
        )
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    kept = idempotency.claim(session, user_id=user_id, key=key, request_sha256=digest, now=now)
    if kept is None:
        answer = act()
        idempotency.keep(
            session, user_id=user_id, key=key, status=answer.status, response=answer.body
        )
        return answer
    if kept.request_sha256 != digest:
        raise InvalidRequest(
            "this Idempotency-Key was used for another request; take a new one", "Idempotency-Key"
        )
    return Answer(kept.status, kept.response, replayed=True)
