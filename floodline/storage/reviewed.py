"""Alerts and samples with what their analysts say of them now, for estimates."""

import math

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.feedback.review_estimates import Reviewed
from floodline.storage.current_labels import judged, undecided
from floodline.storage.tables import AlertRow

MOST = 20_000
"""Newest alerts and samples that are looked at."""


def recent(session: Session, detector: str, since_release: int) -> Reviewed:
    """The newest alerts and samples under releases from `since_release` on, answered or not.

    They tell of the time from the first of them to the last, by when they were taken in. An answer
    is trusted by its agreement: fully where its analysts say the same, not at all where they are
    split in half. What is labelled as counting for nothing (planned, unsure) is left out.
    """
    said = judged(detector)
    rows = session.execute(
        select(
            AlertRow.score,
            AlertRow.probability,
            AlertRow.received_at,
            said.c.anomaly,
        )
        .join(said, said.c.alert_id == AlertRow.id, isouter=True)
        .where(
            AlertRow.detector == detector,
            AlertRow.release >= since_release,
            said.c.anomaly.is_not(None) | undecided(),
        )
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(MOST)
    ).all()
    span = (rows[0].received_at - rows[-1].received_at).total_seconds() if rows else 0.0
    answers = [math.nan if row.anomaly is None else float(row.anomaly) for row in rows]
    anomaly = np.array(answers, np.float64)
    return Reviewed(
        scores=np.array([row.score for row in rows], np.float64),
        chances=np.array([row.probability for row in rows], np.float64),
        anomaly=anomaly,
        trust=np.nan_to_num(np.abs(2 * anomaly - 1)),
        hours=span / 3_600 if span else math.nan,
    )
