"""What every question about a detector's threshold stands on."""

from dataclasses import dataclass
from datetime import datetime

from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.review_sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Footing:
    """What every question about a detector's threshold stands on.

    Attributes:
        section: the configured policy and guard rails.
        initial_rule: the threshold before any release.
        initial_sampling: what is drawn for review before any release.
        now: the time of the question.
    """

    detector: str
    section: ThresholdSection
    initial_rule: ThresholdRule
    initial_sampling: Sampling | None
    now: datetime
