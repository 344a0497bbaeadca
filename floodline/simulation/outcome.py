"""What came of a method on a stream."""

import msgspec

from floodline.feedback.review_estimates import Estimate

_ROUNDED = 1e-9
"""Bounds are found by halving: one of 0 comes out a little above it."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A share as the labels tell it, and as it is.

    Attributes:
        value, lower, upper: the estimate between its bounds; None where nothing is known.
        truth: by all events that were seen; None where there is nothing to take a share of.
        covered: whether the bounds hold the truth; None without either.
    """

    value: float | None
    lower: float | None
    upper: float | None
    truth: float | None
    covered: bool | None

    @classmethod
    def of(cls, estimate: Estimate | None, truth: float | None) -> "Claim":
        """The estimate beside the truth."""
        if estimate is None:
            return cls(value=None, lower=None, upper=None, truth=truth, covered=None)
        value, lower, upper = estimate.value, estimate.lower, estimate.upper
        covered = None
        if truth is not None and lower is not None and upper is not None:
            covered = lower - _ROUNDED <= truth <= upper + _ROUNDED
        return cls(value=value, lower=lower, upper=upper, truth=truth, covered=covered)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold after a review window.

    Attributes:
        window: the first one is 0.
        threshold: None as long as the rarest events are alerts.
        labels: answers it was decided by.
        promised: whether it surely keeps the target, by these answers.
        precision, recall: at this threshold, over all events after the warm-up so far; where the
            decision found that scores drift, the truth of precision counts false ones by age too.
        reason: why it was moved or held.
    """

    window: int
    threshold: float | None
    labels: int
    promised: bool
    precision: Claim
    recall: Claim
    reason: str


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the threshold kept what was asked of it.

    Attributes:
        target: share of the alerts that should be real.
        alerts: in all; `alerts_last_third` of them in the last third of the windows.
        real_precision: share of real ones among the alerts of the last third; None without any.
        real_recall: share of the last third's real ones that were alerts; None without any.
        best_recall: what `real_recall` would be at the best of all fixed thresholds that hold the
            target there; None where none does.
        held: whether the real precision is at least the target; None without an alert.
        promised: whether it was said to be surely kept, at the end.
        path: the threshold after each window.
    """

    target: float
    alerts: int
    alerts_last_third: int
    real_precision: float | None
    real_recall: float | None
    best_recall: float | None
    held: bool | None
    promised: bool
    path: tuple[Moment, ...]

    @property
    def end(self) -> Moment:
        """The last moment."""
        return self.path[-1]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One method, one seed.

    Attributes:
        seed: of the model and of the analysts.
        labels: reviews that were made.
        found: real anomalies among them, whatever the analysts said.
        found_by_window: the same for each window.
        average_precision: of the published scores over the second half of the stream; None
            where no real anomaly is in it.
        ranked: real anomalies in that half; of few of them it says little.
        promise: None for a method without a threshold.
    """

    seed: int
    labels: int
    found: int
    found_by_window: tuple[int, ...]
    average_precision: float | None
    ranked: int
    promise: Promise | None
