"""What every question about a detector's lessons stands on."""

from dataclasses import dataclass
from datetime import datetime

from floodline.detection.parameters import ModelParameters
from floodline.feedback.lessons import Teaching


@dataclass(frozen=True, kw_only=True)
class LessonFooting:
    """What every question about a detector's lessons stands on.

    Attributes:
        configured: whether labels teach by the configuration.
        teaching: how far a label moves what is alike.
        model: the model before any retrained one.
        now: the time of the question.
    """

    detector: str
    configured: bool
    teaching: Teaching
    model: ModelParameters
    now: datetime
