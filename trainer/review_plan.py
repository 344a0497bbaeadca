"""What is drawn for review: rates by the budget, where enough was seen to tell them."""

from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.events.messages import Release
from floodline.feedback.review_sampling import (
    Reviewable,
    Sampling,
    planned_sampling,
    reviews_an_hour,
)
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
    now, seen = sampling_in_force(newest, configuration), _enough(session, configuration)
    if now is None or threshold is None or seen is None:
        return now
    return planned_sampling(seen, threshold, configuration.review.per_hour)


def replan(session: Session, configuration: Configuration, newest: Release) -> Sampling | None:
    """What should be drawn in place of what is, where that is far more or fewer; else None."""
    now, threshold = newest.sampling, newest.threshold.score
    planned, seen = plan(session, configuration, newest, threshold), _enough(session, configuration)
    if now is None or planned is None:
        return planned
    if threshold is None or seen is None:
        return None
    drawn, wanted = (reviews_an_hour(each, seen, threshold) for each in (now, planned))
    return planned if not wanted / _TOO_FAR <= drawn <= wanted * _TOO_FAR else None


def _enough(session: Session, configuration: Configuration) -> Reviewable | None:
    """What was seen of the model in force; None where rates would be guessed from it."""
    detector = configuration.detector.name
    seen, samples = reviewables.recent(session, detector, releases.model_number(session, detector))
    return seen if samples >= _LEAST_SAMPLES and seen.hours >= _LEAST_HOURS else None
