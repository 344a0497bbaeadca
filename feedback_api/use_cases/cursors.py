"""Cursors: an opaque place in an order of alerts."""

import base64
import binascii
import json
import math
from datetime import UTC, datetime

from feedback_api.errors import InvalidRequest
from feedback_api.use_cases.alert_ids import is_alert_id
from floodline.storage.alerts import Order, Position


def encode(order: Order, position: Position) -> str:
    """The cursor behind an alert."""
    value = position.value
    told = value.isoformat() if isinstance(value, datetime) else value
    text = json.dumps([order, told, position.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(order: Order, cursor: str) -> Position:
    """The place that a cursor names.

    Raises:
        InvalidRequest: it is none of ours, or of another order.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        of, value, alert_id = json.loads(base64.b64decode(padded, b"-_", validate=True))
        place = _time(value) if order is Order.NEWEST else value
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise _not_ours() from error
    finite = isinstance(place, float) and math.isfinite(place)
    named = isinstance(alert_id, str) and is_alert_id(alert_id)
    if not named or not (finite or isinstance(place, datetime)):
        raise _not_ours()
    if of != order:
        raise InvalidRequest("the cursor belongs to another order; begin without one", "cursor")
    return Position(place, alert_id)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time.astimezone(UTC)


def _not_ours() -> InvalidRequest:
    return InvalidRequest("this is no cursor that this API gave; begin without one", "cursor")
