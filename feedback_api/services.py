"""What every request may use, made once in `main`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from feedback_api.access.login_attempts import LoginAttempts
from feedback_api.lesson_shelf import LessonShelf
from feedback_api.ports import Clock
from feedback_api.scoring.last_heard import LastHeard
from floodline.configuration.feedback_section import FeedbackSection
from floodline.configuration.sections import ApiSection
from floodline.configuration.threshold_section import ThresholdSection
from floodline.detection.parameters import ModelParameters
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.review_sampling import Sampling
from floodline.telemetry.metrics import FeedbackMetrics


class Background(Protocol):
    """A worker beside the requests, as /readyz shows it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def state(self) -> str:
        """`starting`, `up`, `down` or `stopped`."""


@dataclass(frozen=True)
class Services:
    """The frozen surroundings of a request.

    Attributes:
        detector: the detector whose alerts this API shows.
        labels_topic: where labels are published.
        clock: the time.
        new_id: an id that nothing else has.
        wake_relay: called after a label was committed, so that it is published soon.
        background: the workers that /readyz tells of.
        scoring: how far the consumer is, as Kafka last said.
        lessons: what the labels of recent releases taught.
        threshold: the configured policy and guard rails.
        initial_rule: the threshold before any release.
        initial_sampling: what is drawn for review before any release.
        model: the model before any retrained one.
        feedback: whether labels teach, and how fast.
    """

    engine: Engine
    detector: str
    labels_topic: str
    settings: ApiSection
    clock: Clock
    new_id: Callable[[], str]
    metrics: FeedbackMetrics
    registry: CollectorRegistry
    wake_relay: Callable[[], None]
    threshold: ThresholdSection
    initial_rule: ThresholdRule
    initial_sampling: Sampling | None
    model: ModelParameters
    feedback: FeedbackSection
    background: Sequence[Background] = ()
    attempts: LoginAttempts = field(default_factory=LoginAttempts)
    scoring: LastHeard = field(default_factory=LastHeard)
    lessons: LessonShelf = field(default_factory=LessonShelf)


def services_of(request: Request) -> Services:
    """The services of the application that handles a request."""
    found: Any = request.app.state.services
    if not isinstance(found, Services):
        raise TypeError("the application was made without services")
    return found
