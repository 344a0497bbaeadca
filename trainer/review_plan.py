"""What is drawn for review: rates by the budget, where enough was seen to tell them."""

from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.events.messages import Release
from floodline.feedback.review_sampling import Sampling, planned_sampling, reviews_an_hour
from floodline.storage import releases, reviewables

_LEAST_SAMPLES = 30
_LEAST_HOURS = 0.25
_TOO_FAR = 2.0
"""So many times as many as should be drawn, or one part in so many, are worth a release."""


def sampling_in_force(newest: Release | None, configuration: Configuration) -> Sampling | None:
    """What is drawn now; None where the configuration wants none."""
    initial = configuration.review.initial_sampling
    if initial is None:
        return None
    return initial if newest is None or newest.sampling is None else newest.sampling


def plan(
    session: Session, configuration: Configuration, newest: Release | None, threshold: float | None
) -> Sampling | None:
    """What a release with this threshold draws; as now, where too little was seen."""
    now = sampling_in_force(newest, configuration)
    detector = configuration.detector.name
    seen, samples = reviewables.recent(session, detector, releases.model_number(session, detector))
    if now is None or threshold is None or samples < _LEAST_SAMPLES or seen.hours < _LEAST_HOURS:
        return now
    return planned_sampling(seen, threshold, configuration.review.per_hour)


def replan(session: Session, configuration: Configuration, newest: Release) -> Sampling | None:
    """What should be drawn in place of what is, where that is far more or fewer; else None."""
    threshold = newest.threshold.score
    planned = plan(session, configuration, newest, threshold)
    if planned is None or planned == newest.sampling or threshold is None:
        return None
    if newest.sampling is None:
        return planned
    detector = configuration.detector.name
    seen, _ = reviewables.recent(session, detector, releases.model_number(session, detector))
    drawn, wanted = (
        reviews_an_hour(each, seen, threshold) if seen.hours else 0.0
        for each in (newest.sampling, planned)
    )
    return planned if not wanted / _TOO_FAR <= drawn <= wanted * _TOO_FAR else None
