"""One teaching run: labels in, leaf weights out, and a release where they differ from before."""

from datetime import datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.detection.leaf_weights import LeafWeights
from floodline.errors import Conflict
from floodline.events.messages import Release, WeightsRef
from floodline.feedback.lessons import Taught, Teaching, taught
from floodline.storage import (
    controls,
    lesson_rows,
    releases,
    teachable_model,
    weight_tables,
)
from floodline.storage.engine import reading, transaction
from floodline.storage.lesson_rows import Known, Route
from floodline.storage.state_store import StateStore
from floodline.storage.teachable_model import TeachableModel
from trainer import release_lease
from trainer.ports import Now, ReleaseChannel
from trainer.publication import publish_waiting
from trainer.recalibration import rule_in_force
from trainer.routing import Routing
from trainer.threshold_release import store

NOT_TEACHABLE = "labels cannot teach this model: only the default profile has leaf weights"


class TeachingRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the labels came to, and what came of it.

    Attributes:
        labels: how many teach.
        share: how much of their lessons is let through, 0 to 1.
        agreement: share of the labels that came as those before them foretold; None before any.
        predicted: how many were foretold.
        largest: the largest lesson, up or down, that an event can get, in bits.
        off: why nothing is taught; None where labels teach.
        changed: whether that is another table than the one in force.
        release: number of the release that it made, if any.
        dry_run: nothing was written.
    """

    labels: int
    share: float
    agreement: float | None
    predicted: int
    largest: float
    off: str | None
    changed: bool
    release: int | None
    dry_run: bool

    @property
    def reason(self) -> str:
        """What a release says of it."""
        if self.off is not None:
            return f"labels do not teach: {self.off}"
        passed = "" if self.share == 1 else f", {self.share:.0%} of their lessons let through"
        return f"{self.labels} labels teach{passed}"


class _Lesson(msgspec.Struct, frozen=True):
    """What should be in force; `weights` is None where scores are to be the plain ones."""

    at: datetime
    model: TeachableModel | None
    newest: Release | None
    weights: LeafWeights | None
    run: TeachingRun


def preview(
    engine: Engine, configuration: Configuration, state_store: StateStore, now: Now
) -> TeachingRun:
    """What a teaching run would come to now; nothing is written or published.

    Raises:
        StateRefused: the model in force, which labels of before are led through, cannot be had.
        DependencyDown: SQL or the store does not answer.
    """
    lesson = _learnt(engine, configuration, state_store, now, None)
    return msgspec.structs.replace(lesson.run, dry_run=True)


def teach_once(
    engine: Engine,
    configuration: Configuration,
    channel: ReleaseChannel,
    state_store: StateStore,
    now: Now,
    made_by: str,
    known: Known | None = None,
) -> TeachingRun:
    """Learn all labels anew; release the leaf weights, and publish, where they have changed.

    The table is in the store before its release is in SQL; release, outbox and audit rows are one
    transaction, under the lease of all that makes such releases. Threshold and sampling are those
    of the newest release. Where labels may not teach any more, one release takes the weights away.

    Args:
        engine: of the database.
        configuration: of the detector.
        channel: where releases are published.
        state_store: where the table is kept.
        now: the time.
        made_by: who asks for it.
        known: what earlier runs under this model read of alerts, which this one adds to.

    Raises:
        Conflict: another trainer makes a release now, or brought another model meanwhile.
        StateRefused: the model in force, which labels of before are led through, cannot be had.
        DependencyDown: SQL, Kafka or the store does not answer; a release that is stored waits in
            the outbox.
        ConfigurationError: the store cannot be written.
    """
    lesson = _learnt(engine, configuration, state_store, now, known)
    if not lesson.run.changed:
        return lesson.run
    named = None
    if lesson.weights is not None:
        digest = weight_tables.write(state_store, lesson.weights)
        named = WeightsRef(sha256=digest, labels=lesson.run.labels)
    with release_lease.held(engine, configuration, now) as tenure:
        try:
            with transaction(engine) as session:
                tenure.confirm_in(session)
                number = _release(session, configuration, lesson, named, made_by)
        except IntegrityError as error:
            raise Conflict("another release was made at the same time; run it again") from error
        publish_waiting(engine, channel, configuration.topics.releases, now)
    return msgspec.structs.replace(lesson.run, release=number)


def _learnt(
    engine: Engine,
    configuration: Configuration,
    state_store: StateStore,
    now: Now,
    known: Known | None,
) -> _Lesson:
    detector, at = configuration.detector.name, now()
    with reading(engine) as session:
        newest = releases.newest(session, detector)
        model = teachable_model.in_force(
            session, detector, configuration.model_parameters, configuration.detector.features
        )
        off = _off(session, configuration, model)
        ledger = None
        if model is not None and off is None:
            ledger = lesson_rows.recent(
                session,
                detector,
                now=at,
                since_release=model.since,
                trees=model.parameters.trees,
                height=model.parameters.height,
                known=known,
                route=_route(model, newest, state_store),
            )
    if model is None or ledger is None or not ledger.label_ids:
        run = _run(0, None, off, changed=newest is not None and newest.weights is not None)
        return _Lesson(at, model, newest, None, run)
    teaching = Teaching(half_life=configuration.feedback.half_life_hours)
    found = taught(ledger.lessons, model.parameters.height, teaching)
    weights = None
    if found.table.any():
        weights = LeafWeights(model.parameters, model.features, found.table)
    changed = _changed(newest, weights)
    return _Lesson(at, model, newest, weights, _run(len(ledger.label_ids), found, off, changed))


def _route(model: TeachableModel, newest: Release | None, state_store: StateStore) -> Route | None:
    """Where labels on alerts of other trees lead in a retrained model; None where none need to."""
    if not model.since or newest is None or newest.model is None:
        return None
    return Routing(state_store, newest.model.state_sha256)


def _off(
    session: Session, configuration: Configuration, model: TeachableModel | None
) -> str | None:
    found = controls.get(session, configuration.detector.name)
    if not configuration.feedback.teach:
        return "feedback.teach is false"
    if found.teaching_off_at is not None:
        return f"stopped by {found.teaching_off_by}: {found.teaching_off_reason}"
    return NOT_TEACHABLE if model is None else None


def _changed(newest: Release | None, weights: LeafWeights | None) -> bool:
    before = None if newest is None else newest.weights
    after = None if weights is None else weight_tables.digest(weights)
    return after != (None if before is None else before.sha256)


def _run(labels: int, found: Taught | None, off: str | None, changed: bool) -> TeachingRun:
    return TeachingRun(
        labels=labels,
        share=1.0 if found is None else found.share,
        agreement=None if found is None else found.agreement,
        predicted=0 if found is None else found.predicted,
        largest=0.0 if found is None else _largest(found.table),
        off=off,
        changed=changed,
        release=None,
        dry_run=False,
    )


def _largest(table: NDArray[np.float64]) -> float:
    return float(max(table.max(axis=1).sum(), -table.min(axis=1).sum()))


def _release(
    session: Session,
    configuration: Configuration,
    lesson: _Lesson,
    named: WeightsRef | None,
    made_by: str,
) -> int:
    detector = configuration.detector.name
    newest = releases.newest(session, detector)
    if _model(newest) != _model(lesson.newest):
        raise Conflict("another model came meanwhile; run it again")
    release = Release(
        number=releases.next_number(session, detector),
        detector=detector,
        kind=releases.TEACHING,
        threshold=rule_in_force(newest, configuration),
        reason=lesson.run.reason,
        made_by=made_by,
        created_at=lesson.at.isoformat(),
        model=None if newest is None else newest.model,
        sampling=configuration.review.initial_sampling if newest is None else newest.sampling,
        weights=named,
    )
    store(session, configuration, release, _figures(lesson), lesson.at)
    return release.number


def _model(release: Release | None) -> str | None:
    return None if release is None or release.model is None else release.model.state_sha256


def _figures(lesson: _Lesson) -> dict[str, Any]:
    run = lesson.run
    figures: dict[str, Any] = {
        "labels": run.labels,
        "share": run.share,
        "agreement": run.agreement,
        "predicted": run.predicted,
        "largest": run.largest,
    }
    return figures | (lesson.model.figures() if lesson.model is not None else {})
