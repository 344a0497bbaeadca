"""Whether a key is good: the one place that compares secrets."""

from datetime import datetime

from sqlalchemy.orm import Session

from feedback_api.access.api_key import ApiKey, digest_of
from floodline.storage import api_keys
from floodline.storage.api_keys import OwnedKey


def verified(session: Session, text: str, now: datetime) -> OwnedKey | None:
    """The key that a text spells; None where it is malformed, unknown, revoked or expired."""
    key = ApiKey.parse(text)
    if key is None:
        return None
    owned = api_keys.find(session, key.id)
    # An unknown key is compared too, so that the time does not tell whether an id is known.
    fits = key.fits(owned.key.secret_sha256 if owned is not None else digest_of(""))
    return owned if owned is not None and fits and owned.usable(now) else None
