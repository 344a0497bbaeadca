"""Releases, recalibrations and retrains in SQL."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from floodline.detection.parameters import RiverProfile
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import NotFound
from floodline.events.messages import ModelRef, Release, decode
from floodline.storage import outbox, recalibrations, releases, retrains
from floodline.storage.engine import transaction
from floodline.storage.tables import RecalibrationRow
from tests.integration.storage.samples import DETECTOR, NOW


def release(number: int, **given: Any) -> Release:
    values: dict[str, Any] = {
        "number": number,
        "detector": DETECTOR,
        "kind": "recalibration",
        "threshold": ThresholdRule(score=0.5 + number / 100),
        "reason": "too many false alarms",
        "made_by": "trainer",
        "created_at": NOW.isoformat(),
    }
    return Release(**(values | given))


def insert(engine: Engine, new: Release) -> None:
    with transaction(engine) as session:
        releases.insert(session, new, topic="shuttle.releases", figures={"labels": 3}, now=NOW)


def insert_and_fail(engine: Engine, new: Release) -> None:
    with transaction(engine) as session:
        releases.insert(session, new, topic="shuttle.releases", figures={}, now=NOW)
        raise RuntimeError("changed my mind")


def test_a_release_is_read_back_as_it_was_written(engine: Engine) -> None:
    """Body, model reference and figures survive; the newest is the one with the highest number."""
    model = ModelRef(parameters=RiverProfile(trees=5), state_sha256="ab" * 32)
    first, second = release(1), release(2, kind="retrain", model=model)
    insert(engine, first)
    insert(engine, second)
    with transaction(engine) as session:
        assert releases.newest(session, DETECTOR) == second
        assert releases.newest(session, "other") is None
        row = releases.get(session, DETECTOR, 1)
        assert row is not None
        assert releases.message(row) == first
        assert row.figures == {"labels": 3}
        assert row.threshold == pytest.approx(0.51)
        assert [row.number for row in releases.listed(session, DETECTOR, 10)] == [2, 1]
        assert releases.next_number(session, DETECTOR) == 3
        assert releases.next_number(session, "other") == 1


def test_a_release_waits_in_the_outbox_from_the_same_transaction(engine: Engine) -> None:
    """Stored and queued together, in order; neither where the transaction fails."""
    insert(engine, release(1))
    insert(engine, release(2))
    with pytest.raises(RuntimeError, match="changed my mind"):
        insert_and_fail(engine, release(3))
    with transaction(engine) as session:
        waiting = outbox.waiting(session, releases.OUTBOX_KIND, 10)
        assert [row.key for row in waiting] == ["1", "2"]
        assert decode(waiting[1].value, Release) == release(2)
        assert releases.next_number(session, DETECTOR) == 3


def test_a_number_is_given_once(engine: Engine) -> None:
    """Two releases cannot share a number."""
    insert(engine, release(1))
    with pytest.raises(IntegrityError):
        insert(engine, release(1))


def test_recalibrations_are_listed_newest_first(engine: Engine) -> None:
    """Each look is kept, moved or held."""
    for minute, outcome in enumerate(("held", "moved")):
        with transaction(engine) as session:
            row = RecalibrationRow(
                id=str(minute),
                detector=DETECTOR,
                created_at=NOW + timedelta(minutes=minute),
                outcome=outcome,
                reason="because",
                labels=40,
                threshold_before=0.5,
                threshold_after=0.6,
                figures={"before": {"share": 0.4}},
                release=None,
            )
            recalibrations.insert(session, row)
    with transaction(engine) as session:
        newest = recalibrations.newest(session, DETECTOR)
        assert newest is not None
        assert (newest.outcome, newest.figures) == ("moved", {"before": {"share": 0.4}})
        assert len(recalibrations.listed(session, DETECTOR, 10)) == 2
        assert recalibrations.newest(session, "other") is None


def finish(engine: Engine, id: str, outcome: str, minutes: int) -> None:
    with transaction(engine) as session:
        retrains.finish(
            session,
            id=id,
            now=NOW + timedelta(minutes=minutes),
            outcome=outcome,
            reason="because",
            ranges=[{"partition": 0, "from": 0, "to": 10}],
            labels=7,
            mlflow_run_id=None,
            figures={},
            release=None,
        )


def test_a_retrain_starts_runs_and_ends(engine: Engine) -> None:
    """The last finished one is the last published or kept, never a failed or a running one."""
    for id in ("a", "b", "c"):
        with transaction(engine) as session:
            retrains.start(session, id=id, detector=DETECTOR, now=NOW)
    with transaction(engine) as session:
        assert retrains.last_finished(session, DETECTOR) is None
    finish(engine, "a", "kept", 5)
    with transaction(engine) as session:
        late = NOW + timedelta(minutes=9)
        retrains.fail(session, id="a", now=late, reason="too late to fail")
        retrains.fail(session, id="b", now=late, reason="no Kafka")
    with transaction(engine) as session:
        assert retrains.last_finished(session, DETECTOR) == NOW + timedelta(minutes=5)
        rows = {row.id: row.outcome for row in retrains.listed(session, DETECTOR, 10)}
        assert rows == {"a": "kept", "b": "failed", "c": "running"}
    with pytest.raises(NotFound, match="no retrain nowhere"):
        finish(engine, "nowhere", "kept", 1)
