"""The watch on live alerts: what the trainer says and proposes, on SQLite and on PostgreSQL."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.detection.threshold_rule import ThresholdRule
from floodline.events.messages import Release
from floodline.feedback.policies import Fixed, PrecisionTarget
from floodline.storage import controls, labels, moves, releases
from floodline.storage.engine import transaction
from floodline.storage.labels import NewLabel
from floodline.storage.moves import MoveKind, MoveState
from floodline.storage.tables import AlertRow, MoveRow
from tests.integration.storage.samples import DETECTOR, NOW, new_alert, store, store_user
from trainer.moves import follow_people
from trainer.ports import Outgoing
from trainer.recalibration import Recalibration, preview, recalibrate_once

THRESHOLD = 0.8
ALERTS = 150


class Channel:
    """Stands for Kafka."""

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """See ReleaseChannel."""


def configured(engine: Engine, **threshold: Any) -> Configuration:
    """A detector whose labels never suffice for a move of the policy."""
    return Configuration.model_validate(
        {
            "detector": {"name": DETECTOR, "topic": "shuttle.events", "features": ["a"]},
            "database": {"url": engine.url.render_as_string(hide_password=False)},
            "threshold": {"min_labels": 10_000} | threshold,
        }
    )


def released(engine: Engine, number: int, score: float, at: datetime) -> None:
    """A release that sets the threshold."""
    made = Release(
        number=number,
        detector=DETECTOR,
        kind="recalibration",
        threshold=ThresholdRule(score=score),
        reason="test",
        made_by="test",
        created_at=at.isoformat(),
        sampling=None,
    )
    with transaction(engine) as session:
        releases.insert(session, made, topic="shuttle.releases", figures={}, now=at)


def live(engine: Engine, real: float, *, release: int = 1) -> None:
    """Alerts of the last day under release 1, each answered after a minute."""
    draw = np.random.default_rng(0)
    made = [
        new_alert(
            place,
            score=THRESHOLD + 0.2 * float(draw.random()),
            threshold=THRESHOLD,
            release=release,
            received_at=NOW - timedelta(hours=24) + timedelta(minutes=9 * place),
        )
        for place in range(ALERTS)
    ]
    store(engine, *made)
    analyst = store_user(engine, "rita")
    with transaction(engine) as session:
        for each in made:
            alert = session.get(AlertRow, each.id)
            assert alert is not None
            new = NewLabel(
                id=str(uuid.uuid4()),
                analyst_id=analyst,
                verdict="confirmed" if draw.random() < real else "false_alarm",
                reason=None,
                note=None,
                created_at=each.received_at + timedelta(minutes=1),
            )
            labels.record(session, alert, new)


def looked(
    engine: Engine, configuration: Configuration, *, later: timedelta = timedelta(0)
) -> Recalibration:
    return recalibrate_once(engine, configuration, Channel(), lambda: NOW + later, "schedule")


def followed(
    engine: Engine, configuration: Configuration, later: timedelta
) -> Recalibration | None:
    """What a look for people's wishes makes of a policy."""
    found = follow_people(engine, configuration, Channel(), lambda: NOW + later, "schedule")
    return found.recalibration


def policy_set(engine: Engine, at_least: float, later: timedelta = timedelta(0)) -> None:
    """Another policy, so much later."""
    with transaction(engine) as session:
        policy = PrecisionTarget(at_least=at_least)
        controls.set_policy(session, DETECTOR, policy, "eva", NOW + later)


def proposals(engine: Engine) -> list[MoveRow]:
    with transaction(engine) as session:
        return [each for each in moves.listed(session, DETECTOR, 9) if each.kind == MoveKind.WATCH]


def test_a_broken_promise_is_said_and_a_higher_threshold_is_proposed_once(engine: Engine) -> None:
    """Reason, figures and preview go with it; the next look, and a rejection, bring no second."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.3)
    configuration = configured(engine)
    found = looked(engine, configuration)
    assert found.watch is not None
    assert found.watch.state == "broken"
    (row,) = proposals(engine)
    assert (row.id, row.state, row.base_release) == (found.remedy, MoveState.PROPOSED, 1)
    assert row.threshold_after == 0.9
    assert row.reason.startswith("the promise (at least 80% of the alerts real) is broken: 150 of")
    assert row.figures["watch"]["state"] == "broken"
    assert row.figures["preview"]["lost"]["events"] > 0
    assert looked(engine, configuration).remedy == row.id
    with transaction(engine) as session:
        again = moves.get(session, DETECTOR, row.id)
        assert again is not None
        moves.decide(session, again, MoveState.REJECTED, "eva", NOW)
    assert looked(engine, configuration).remedy is None
    assert len(proposals(engine)) == 1


def test_a_new_policy_that_is_broken_too_is_told_and_proposed_anew(engine: Engine) -> None:
    """The proposal under the older policy is stale; a rejection would have been an answer."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.3)
    configuration = configured(engine)
    first = looked(engine, configuration).remedy
    policy_set(engine, 0.9)
    second = looked(engine, configuration).remedy
    assert second not in (None, first)
    told = {row.id: (row.state, row.note) for row in proposals(engine)}
    assert told[first or ""] == (MoveState.STALE, "the policy was changed since")
    assert told[second or ""] == (MoveState.PROPOSED, None)


def test_what_a_new_policy_proposed_waits_through_the_cool_down(engine: Engine) -> None:
    """A look that may not move says nothing of what labels ask for."""
    released(engine, 1, THRESHOLD, NOW - timedelta(minutes=1))
    live(engine, real=0.3)
    configuration = configured(engine, min_labels=20, second_person=True)
    policy_set(engine, 0.35)
    made = followed(engine, configuration, timedelta(seconds=1))
    assert made is not None
    assert made.proposed
    again = looked(engine, configuration, later=timedelta(minutes=5))
    assert again.decision.rails == ("cool_down",)
    assert again.move == made.move


def test_a_clock_that_was_set_back_applies_a_policy_once(engine: Engine) -> None:
    """The look that applied it is the newest, whatever its time."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.3)
    configuration = configured(engine, min_labels=20, largest_step=0.1, analyst_step=100)
    looked(engine, configuration)
    policy_set(engine, 0.95, timedelta(seconds=-30))
    assert followed(engine, configuration, timedelta(seconds=-29)) is not None
    assert followed(engine, configuration, timedelta(seconds=-28)) is None


def test_a_promise_that_is_kept_brings_nothing(engine: Engine) -> None:
    """It holds, and says with which interval."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.9)
    found = looked(engine, configured(engine))
    assert found.watch is not None
    assert (found.watch.state, found.remedy, proposals(engine)) == ("holds", None, [])


def test_only_alerts_since_the_threshold_took_effect_count(engine: Engine) -> None:
    """False alarms under release 1 say nothing against release 7, and its proposal goes stale."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.3)
    looked(engine, configured(engine))
    released(engine, 7, 0.9, NOW - timedelta(minutes=1))
    found = looked(engine, configured(engine))
    assert found.watch is not None
    assert (found.watch.state, found.watch.alerts, found.remedy) == ("too_early", 0, None)
    (row,) = proposals(engine)
    assert (row.state, row.note) == (MoveState.STALE, "release 7 set another threshold since")


def test_what_promises_nothing_is_not_watched(engine: Engine) -> None:
    """Before any release there is no promise, nor under a fixed policy."""
    live(engine, real=0.3, release=0)
    configuration = configured(engine, initial_score=THRESHOLD)
    assert preview(engine, configuration, lambda: NOW).watch is None
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    with transaction(engine) as session:
        controls.set_policy(session, DETECTOR, Fixed(), "eva", NOW)
    assert preview(engine, configuration, lambda: NOW).watch is None


def test_a_frozen_threshold_is_watched_without_a_proposal(engine: Engine) -> None:
    """Whoever froze it still hears of the broken promise."""
    released(engine, 1, THRESHOLD, NOW - timedelta(hours=25))
    live(engine, real=0.3)
    with transaction(engine) as session:
        controls.set_policy(session, DETECTOR, PrecisionTarget(at_least=0.7), "eva", NOW)
        controls.freeze(session, DETECTOR, "eva", "maintenance", NOW)
    found = looked(engine, configured(engine))
    assert found.watch is not None
    assert (found.watch.state, found.remedy) == ("broken", None)
