"""A release that sets the threshold, or only what is drawn, with all that belongs to it in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release
from floodline.feedback.review_sampling import Sampling
from floodline.storage import audit, releases


def store_release(
    session: Session,
    configuration: Configuration,
    *,
    kind: str,
    rule: ThresholdRule,
    sampling: Sampling | None,
    reason: str,
    made_by: str,
    figures: dict[str, Any],
    now: datetime,
) -> int:
    """Store the next release, its message in the outbox and its audit row; its number.

    Raises:
        sqlalchemy.exc.IntegrityError: another release took the number meanwhile.
    """
    detector = configuration.detector.name
    newest = releases.newest(session, detector)
    release = Release(
        number=releases.next_number(session, detector),
        detector=detector,
        kind=kind,
        threshold=rule,
        reason=reason,
        made_by=made_by,
        created_at=now.isoformat(),
        # The threshold is meant for this model; a consumer may hear of this release only.
        model=None if newest is None else newest.model,
        sampling=sampling,
        weights=None if newest is None else newest.weights,
    )
    store(session, configuration, release, figures, now)
    return release.number


def store(
    session: Session,
    configuration: Configuration,
    release: Release,
    figures: dict[str, Any],
    now: datetime,
) -> None:
    """Store a release, its message in the outbox and its audit row.

    Raises:
        sqlalchemy.exc.IntegrityError: another release took the number meanwhile.
    """
    topic = configuration.topics.releases
    releases.insert(session, release, topic=topic, figures=figures, now=now)
    audit.append(
        session,
        actor=release.made_by,
        action="release",
        subject=f"{release.detector}/{release.number}",
        now=now,
        detail=figures | {"kind": release.kind, "reason": release.reason},
    )
