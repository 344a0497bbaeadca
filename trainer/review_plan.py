"""What is drawn for review: rates by the budget, where enough was seen to tell them."""

import numpy as np

from floodline.configuration.sections import Configuration
from floodline.events.messages import Release
from floodline.feedback.evidence import Evidence, events_per_hour
from floodline.feedback.review_sampling import (
    Reviewable,
    Sampling,
    planned_sampling,
    reviews_an_hour,
)

_LEAST_SAMPLES = 10
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
    evidence: Evidence,
    configuration: Configuration,
    newest: Release | None,
    threshold: float | None,
) -> Sampling | None:
    """What a release with this threshold draws; as now, where too little was seen.

    Strata need samples to tell how many events each has. Before there are enough, and under a
    rarity rule, whose threshold differs by event, all are drawn at one rate, as soon as a quarter
    of an hour tells how many events there are.
    """
    now, seen = sampling_in_force(newest, configuration), _seen(evidence)
    if now is None or seen is None:
        return now
    if threshold is None or not _enough_samples(evidence):
        return _even(evidence, configuration, now)
    return planned_sampling(seen, threshold, configuration.review.per_hour)


def replan(
    evidence: Evidence, configuration: Configuration, newest: Release | None
) -> Sampling | None:
    """What should be drawn in place of what is, where that is far more or fewer; else None.

    One rate for all gives way to strata too.
    """
    now = sampling_in_force(newest, configuration)
    threshold = None if newest is None else newest.threshold.score
    if newest is None:
        threshold = configuration.initial_rule.score
    planned, seen = plan(evidence, configuration, newest, threshold), _seen(evidence)
    if planned is None or now is None:
        return None
    if newest is not None and newest.sampling is None:
        return planned
    if seen is None or planned == now:
        return None
    if len(now.strata) == 1 < len(planned.strata):
        return planned
    drawn, wanted = (_drawn(each, evidence, seen, threshold) for each in (now, planned))
    return planned if not wanted / _TOO_FAR <= drawn <= wanted * _TOO_FAR else None


def _seen(evidence: Evidence) -> Reviewable | None:
    """What was seen of the model in force; None where rates would be guessed from it."""
    reviewed = evidence.reviewed()
    if not reviewed.hours >= _LEAST_HOURS:
        return None
    return Reviewable(reviewed.scores, reviewed.weights, reviewed.hours)


def _enough_samples(evidence: Evidence) -> bool:
    chosen = evidence.chosen
    return int(np.count_nonzero(chosen.scores < chosen.thresholds)) >= _LEAST_SAMPLES


def _even(evidence: Evidence, configuration: Configuration, now: Sampling) -> Sampling:
    """One rate for all by the budget; what is drawn now, where it has strata already."""
    events = events_per_hour(evidence.chosen)
    if events is None or len(now.strata) > 1:
        return now
    return Sampling.even(min(1.0, configuration.review.per_hour / max(events, 1.0)))


def _drawn(
    sampling: Sampling, evidence: Evidence, seen: Reviewable, threshold: float | None
) -> float:
    """Events an hour that are drawn at these rates; relative where all have one rate."""
    if threshold is None or not _enough_samples(evidence):
        return max(stratum.rate for stratum in sampling.strata)
    return reviews_an_hour(sampling, seen, threshold)
