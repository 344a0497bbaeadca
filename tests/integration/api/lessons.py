"""Alerts that say where they lie in a small forest, labels on them, and releases that teach."""

import base64
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from floodline.detection.parameters import DefaultProfile
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import ModelRef, Release, WeightsRef
from floodline.storage import labels, releases
from floodline.storage.alerts import NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from floodline.storage.tables import AlertRow
from tests.integration.api.application import Api
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store_user

TREES = DefaultProfile(trees=4, height=3)
HERE, NEAR, FAINT, FAR = (0, 0, 0, 0), (0, 0, 0, 7), (0, 7, 7, 7), (5, 5, 5, 5)
"""Of HERE's four leaves NEAR has 3 and FAINT has 1; others lie behind a tree's first split."""


def explained(leaves: tuple[int, ...] = HERE, *, lesson: float = 0.0, **given: Any) -> Any:
    """An explanation of an event with 9 bits where 2 are usual, odd to the first and last tree."""
    told = base64.b64encode(np.array(leaves, "<u2").tobytes()).decode()
    parts = {"feature": "a", "value": 4310.0, "low": 12.0, "high": 95.0, "contribution": 3.21}
    whole = {"unit": "bits", "total": 9.0, "usual": 2.0, "contributions": [parts]}
    excess = base64.b64encode(bytes([64, 0, 0, 16])).decode()
    return whole | {"leaves": told, "excess": excess, "lesson": lesson} | given


def alert_at(offset: int, leaves: tuple[int, ...] = HERE, **given: Any) -> NewAlert:
    """An alert with these leaves; `lesson` is what labels added to it."""
    lesson = given.pop("lesson", 0.0)
    return new_alert(offset, explanation=explained(leaves, lesson=lesson), **given)


def label(
    engine: Engine, alert_id: str, verdict: str, analyst: str = "rita", at: datetime = NOW
) -> str:
    """A label as the database keeps it, without the API; its id."""
    user = store_user(engine, analyst)
    new = NewLabel(
        id=f"{analyst}-{at:%H%M%S}-{alert_id[-3:]}",
        analyst_id=user,
        verdict=verdict,
        reason=None,
        note=None,
        created_at=at,
    )
    with transaction(engine) as session:
        alert = session.get(AlertRow, alert_id)
        assert alert is not None
        return labels.record(session, alert, new)[0].id


def teach(engine: Engine, number: int, at: datetime = NOW, **figures: Any) -> None:
    """A release that teaches, with the figures that a trainer would note."""
    made = Release(
        number=number,
        detector=DETECTOR,
        kind="teaching",
        threshold=ThresholdRule(score=0.9),
        reason="2 labels teach",
        made_by="schedule",
        created_at=at.isoformat(),
        weights=WeightsRef(sha256="0" * 64, labels=2),
    )
    known = {"labels": 2, "share": 1.0, "agreement": 0.75, "largest": 4.5, "predicted": 4}
    with transaction(engine) as session:
        releases.insert(session, made, topic="releases", figures=known | figures, now=at)


def retrain(engine: Engine, number: int, parameters: DefaultProfile) -> None:
    """A release with another model."""
    made = Release(
        number=number,
        detector=DETECTOR,
        kind="retrain",
        threshold=ThresholdRule(score=0.9),
        reason="another model",
        made_by="trainer",
        created_at=NOW.isoformat(),
        model=ModelRef(parameters=parameters, state_sha256="0" * 64),
    )
    with transaction(engine) as session:
        releases.insert(session, made, topic="releases", figures={}, now=NOW)


def taught_api(engine: Engine, **given: Any) -> Api:
    """The application over a detector with the small forest."""
    return Api(engine, model=TREES, **given)


LATER = NOW + timedelta(minutes=10)
