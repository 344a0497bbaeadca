"""A detector with alerts and labels in SQL, and a place for releases, without Kafka."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release, alert_id, decode
from floodline.storage import alerts, labels, releases, users
from floodline.storage.alerts import NewAlert
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from floodline.storage.state_store import StateStore, open_store
from trainer.ports import Outgoing
from trainer.teaching import TeachingRun, teach_once

DETECTOR, TOPIC_ID = "pump", "AAAAAAAAQACAAAAAAAAAAQ"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Channel:
    """A releases topic in memory."""

    def __init__(self) -> None:
        self.releases: list[Release] = []

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Take them in order."""
        self.releases += [decode(message.value, Release) for message in messages]


@dataclass
class TeachingWorld:
    """One test's detector; its clock goes on by a second each time it is asked."""

    engine: Engine
    configuration: Configuration
    channel: Channel = field(default_factory=Channel)
    at: datetime = NOON

    def now(self) -> datetime:
        """The time."""
        self.at += timedelta(seconds=1)
        return self.at

    @property
    def store(self) -> StateStore:
        """Where tables of weights are."""
        return open_store(self.configuration.store)

    def teach(self, **sections: Any) -> TeachingRun:
        """One teaching run, with single settings changed."""
        chosen = configure(self.configuration, **sections)
        return teach_once(self.engine, chosen, self.channel, self.store, self.now, "test")

    def newest(self) -> Release:
        """The newest release in SQL."""
        with transaction(self.engine) as session:
            found = releases.newest(session, DETECTOR)
        assert found is not None
        return found

    def label(self, place: int, verdict: str, who: str = "ana") -> None:
        """An analyst's word on the alert at this offset."""
        with transaction(self.engine) as session:
            analyst = users.ensure(session, id=who, name=who, role="analyst", now=NOON)
            row = alerts.get_for_labelling(session, DETECTOR, _id(place))
            assert row is not None
            new = NewLabel(
                id=str(uuid.UUID(int=place)) if verdict != "planned" else str(uuid.uuid4()),
                analyst_id=analyst.id,
                verdict=verdict,
                reason=None,
                note=None,
                created_at=self.now(),
            )
            labels.record(session, row, new)


def configure(configuration: Configuration, **sections: Any) -> Configuration:
    """The same with single settings changed."""
    tree = configuration.model_dump(exclude_unset=True)
    for name, values in sections.items():
        tree[name] = tree.get(name, {}) | values
    return Configuration.model_validate(tree)


def build(engine: Engine, folder: Path) -> TeachingWorld:
    """Thirty alerts of a small forest, far out on one side or the other, and nobody's word yet."""
    configuration = Configuration.model_validate(
        {
            "detector": {"name": DETECTOR, "topic": "readings", "features": ["a", "b"]},
            "model": {"trees": 10, "height": 5},
            "threshold": {"initial_score": 0.5},
            "store": {"folder": str(folder / "states")},
        }
    )
    scorer = Scorer.new(configuration.model_parameters, ("a", "b"))
    draw = np.random.default_rng(5)
    rule = ThresholdRule(score=0.0)
    scorer.step_many(draw.normal(0.0, 1.0, (600, 2)), rule)
    rows = draw.normal(0.0, 0.3, (30, 2)) + np.where(np.arange(30)[:, np.newaxis] % 2, 6.0, -6.0)
    scored = scorer.step_many(rows, rule, learn=False, explain=True)
    with transaction(engine) as session:
        alerts.insert_new(session, [_alert(at, row, scored) for at, row in enumerate(rows)])
    return TeachingWorld(engine, configuration)


def _id(place: int) -> str:
    return alert_id(DETECTOR, TOPIC_ID, 0, place)


def _alert(place: int, row: Any, scored: Any) -> NewAlert:
    features = {"a": float(row[0]), "b": float(row[1])}
    return NewAlert(
        id=_id(place),
        detector=DETECTOR,
        topic="readings",
        topic_id=TOPIC_ID,
        partition=0,
        offset=place,
        event_at=None,
        key=None,
        entity=None,
        score=float(scored.score[place]),
        rarity=0.001,
        threshold=0.5,
        release=0,
        features=features,
        event=dict(features),
        received_at=NOON,
        explanation=msgspec.to_builtins(scored.explanations[place]),
    )
