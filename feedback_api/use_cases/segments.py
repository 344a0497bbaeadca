"""Precision by segment: which entities' alerts are real, where one has few answers."""

from collections import Counter

import numpy as np
from sqlalchemy.orm import Session

from feedback_api.representations.outlooks import Estimate
from feedback_api.representations.segments import Segment, Segments
from feedback_api.use_cases.footing import Footing
from feedback_api.use_cases.threshold import score_in_force, under_model, whole
from floodline.feedback import pooling
from floodline.storage.evidence_rows import Gathered

_NO_ENTITY = (
    "no alert names whom it is about, so there are no segments: set detector.entity to the field "
    "that does, or look whether the events have it"
)
_NO_ALERT = "there are no alerts at this threshold"
_UNKNOWN = Estimate(value=None, lower=None, upper=None)


def read_segments(
    session: Session, footing: Footing, limit: int, found: Gathered | None = None
) -> Segments:
    """The precision of each entity's alerts at the threshold in force, most alerts first.

    Alerts and samples of the look back count alike: what lies at or above the threshold now.
    `found` is what `whole` gathers.
    """
    found = found or whole(session, footing)
    seen = found.evidence
    threshold = score_in_force(session, footing, seen)
    above = [] if threshold is None else np.flatnonzero(seen.chosen.scores >= threshold).tolist()
    alerts = Counter(found.entities[index] for index in above)
    if threshold is None or not any(entity is not None for entity in alerts):
        none = f"{_NO_ALERT}{under_model(session, footing)}"
        return _nothing(footing, threshold, _NO_ENTITY if alerts else none)
    order = sorted(alerts, key=lambda each: (-alerts[each], each is None, each or ""))
    numbers = {entity: number for number, entity in enumerate(order)}
    pooled = pooling.precision_by_segment(
        seen.reviewed(),
        np.array([numbers.get(entity, len(order)) for entity in found.entities], np.int64),
        threshold,
        footing.section.confidence,
        most=limit,
    )
    answered = bool((seen.chosen.scores[seen.answers.items] >= threshold).any())
    return Segments(
        detector=footing.detector,
        threshold=threshold,
        confidence=footing.section.confidence,
        total=pooled.total,
        alike=pooled.alike if answered and pooled.total > 1 else None,
        reason=pooled.reason,
        segments=[
            Segment(
                entity=order[each.segment],
                alerts=alerts[order[each.segment]],
                answers=each.answers,
                precision=Estimate.of(each.precision) if answered else _UNKNOWN,
                borrowed=each.borrowed if answered else None,
            )
            for each in pooled.segments
        ],
    )


def _nothing(footing: Footing, threshold: float | None, reason: str) -> Segments:
    return Segments(
        detector=footing.detector,
        threshold=threshold,
        confidence=footing.section.confidence,
        total=0,
        alike=None,
        reason=reason,
        segments=[],
    )
