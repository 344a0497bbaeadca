"""Reading alerts."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from feedback_api.errors import InvalidRequest
from feedback_api.representations.alerts import AlertQuery
from feedback_api.use_cases import cursors
from feedback_api.use_cases.alert_ids import is_alert_id
from floodline.errors import NotFound
from floodline.feedback.verdicts import ON_ALERTS
from floodline.storage import alerts
from floodline.storage.alerts import AlertFilter, Kind
from floodline.storage.tables import AlertRow


@dataclass(frozen=True)
class FoundAlerts:
    """A page, and the cursor behind it; None on the last page."""

    rows: list[AlertRow]
    next_cursor: str | None


def list_alerts(session: Session, detector: str, query: AlertQuery) -> FoundAlerts:
    """The alerts that a query asks for.

    Raises:
        InvalidRequest: an unknown verdict, filters that contradict, or a foreign cursor.
    """
    if query.verdict is not None:
        known_verdict(query.verdict, "verdict")
        if query.unlabelled:
            raise InvalidRequest("an alert with a verdict is labelled; ask for one", "unlabelled")
    after = cursors.decode(query.order, query.cursor) if query.cursor is not None else None
    chosen = AlertFilter(
        detector=detector,
        kind=None if query.kind == "any" else Kind(query.kind),
        verdict=query.verdict,
        unlabelled=query.unlabelled,
        min_score=query.min_score,
        entity=query.entity,
        release=query.release,
        since=query.since,
        muted=query.muted,
    )
    rows = alerts.page(session, chosen, query.order, after, query.limit + 1)
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    position = alerts.position(shown[-1], query.order) if more else None
    return FoundAlerts(shown, cursors.encode(query.order, position) if position else None)


def count_unlabelled(session: Session, detector: str, *, muted: bool = False) -> int:
    """How many alerts wait for a label, apart from those that are muted, or of these."""
    waiting = AlertFilter(detector=detector, kind=Kind.ALERT, unlabelled=True, muted=muted)
    return alerts.count(session, waiting)


def get_alert(session: Session, detector: str, alert_id: str) -> AlertRow:
    """One alert.

    Raises:
        NotFound: this detector raised no such alert.
    """
    row = alerts.get(session, detector, alert_id) if is_alert_id(alert_id) else None
    if row is None:
        raise unknown_alert(alert_id)
    return row


def get_alert_for_labelling(session: Session, detector: str, alert_id: str) -> AlertRow:
    """One alert, on which no other label comes before this transaction ends.

    Raises:
        NotFound: this detector raised no such alert.
    """
    row = alerts.get_for_labelling(session, detector, alert_id) if is_alert_id(alert_id) else None
    if row is None:
        raise unknown_alert(alert_id)
    return row


def is_muted(session: Session, detector: str, alert_id: str) -> bool:
    """Whether a known issue mutes an alert; False where there is no such alert."""
    row = alerts.get(session, detector, alert_id) if is_alert_id(alert_id) else None
    return row is not None and row.muted_by is not None


def unknown_alert(alert_id: str) -> NotFound:
    """What is said of an alert that is not there."""
    return NotFound(f"there is no alert {alert_id[:300]!r}")


def known_verdict(verdict: str, pointer: str) -> None:
    """Return where an alert can get this verdict.

    Raises:
        InvalidRequest: it cannot; the allowed ones are listed.
    """
    allowed = [str(each) for each in ON_ALERTS]
    if verdict not in allowed:
        raise InvalidRequest(
            f"{verdict[:50]!r} is no verdict on an alert; use one of {', '.join(allowed)}",
            pointer,
            allowed,
        )
