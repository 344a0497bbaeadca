"""What every question about a detector's lessons stands on."""

from dataclasses import dataclass, field
from datetime import datetime

from feedback_api.lesson_shelf import LessonShelf
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
        shelf: what earlier questions found.
    """

    detector: str
    configured: bool
    teaching: Teaching
    model: ModelParameters
    now: datetime
    shelf: LessonShelf = field(default_factory=LessonShelf)
