"""Alerts and samples as what they are for the planning of reviews: scores that stand for events."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from floodline.feedback.review_sampling import Reviewable
from floodline.storage.alerts import Kind
from floodline.storage.tables import AlertRow

MOST = 20_000
"""Newest alerts and samples that are looked at."""


def recent(session: Session, detector: str, since_release: int) -> tuple[Reviewable, int]:
    """The newest alerts and samples under releases from `since_release` on; how many are samples.

    They tell of the time from the first of them to the last, by when they were taken in.
    """
    rows = session.execute(
        select(AlertRow.score, AlertRow.kind, AlertRow.probability, AlertRow.received_at)
        .where(AlertRow.detector == detector, AlertRow.release >= since_release)
        .order_by(AlertRow.received_at.desc(), AlertRow.id.desc())
        .limit(MOST)
    ).all()
    scores = np.array([row.score for row in rows], np.float64)
    weights = np.array([1 / row.probability for row in rows], np.float64)
    span = (rows[0].received_at - rows[-1].received_at).total_seconds() if rows else 0.0
    samples = sum(row.kind == Kind.SAMPLE for row in rows)
    return Reviewable(scores, weights, span / 3_600), samples
