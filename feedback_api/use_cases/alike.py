"""Which alerts are alike, as the forest sees them."""

import numpy as np
from sqlalchemy.orm import Session

from feedback_api.representations.lessons import AlikeAlert, AlikeAlerts
from feedback_api.use_cases.alerts import get_alert
from feedback_api.use_cases.lesson_footing import LessonFooting
from feedback_api.use_cases.naming import name_of
from floodline.storage import alerts, model_tenure, reached_leaves
from floodline.storage.alerts import Kind
from floodline.storage.tables import AlertRow

LOOKED_AT = 2_000


def read_alike(session: Session, footing: LessonFooting, alert_id: str, limit: int) -> AlikeAlerts:
    """What is most alike an alert, among the newest `LOOKED_AT` that the same model scored.

    Raises:
        NotFound: this detector raised no such alert.
    """
    alert, detector = get_alert(session, footing.detector, alert_id), footing.detector
    model = model_tenure.of_release(session, detector, alert.release, footing.model)
    own, trees = None, model.teachable
    if trees is not None:
        own = reached_leaves.read(alert.explanation, trees)
    if trees is None or own is None:
        return AlikeAlerts(alert_id=alert.id, looked_at=0, items=[])
    others = (AlertRow.detector == detector) & (AlertRow.id != alert.id) & model.scored()
    found = reached_leaves.newest(session, others, trees, LOOKED_AT)
    likeness = reached_leaves.likeness(own, found, trees, footing.teaching.gamma)
    nearest = np.argsort(-likeness, kind="stable")[:limit].tolist()
    rows = {
        row.id: row
        for row in alerts.with_ids(session, detector, [found.ids[place] for place in nearest])
    }
    items = [
        _told(rows[found.ids[place]], float(likeness[place]))
        for place in nearest
        if likeness[place] > 0.0
    ]
    return AlikeAlerts(alert_id=alert.id, looked_at=len(found.ids), items=items)


def _told(row: AlertRow, likeness: float) -> AlikeAlert:
    return AlikeAlert(
        id=row.id,
        name=name_of(row),
        kind=Kind(row.kind),
        likeness=likeness,
        score=row.score,
        verdict=row.verdict,
        muted_by=row.muted_by,
        event_at=row.event_at,
        received_at=row.received_at,
    )
