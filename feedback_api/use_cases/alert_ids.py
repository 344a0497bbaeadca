"""What an alert's id looks like."""

import re

_ID = re.compile(r"[A-Za-z0-9_-]{1,300}\Z")


def is_alert_id(text: str) -> bool:
    """Whether a text can be an alert's id, so that it is worth asking the database."""
    return _ID.match(text) is not None
