"""A retrain's outcome in SQL, with the release that it makes."""

from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.errors import Conflict
from floodline.events.messages import ModelRef, Release
from floodline.storage import audit, releases, retrains
from floodline.storage.engine import transaction
from trainer.fit import Fit
from trainer.recalibration import rule_in_force
from trainer.request import Request, Retrain, Services
from trainer.tenure import Tenure

_TRIES = 3
"""A release that teaches may take the number; what was trained for an hour tries the next one."""


def store_outcome(
    configuration: Configuration,
    services: Services,
    request: Request,
    done: Retrain,
    fit: Fit,
    tenure: Tenure,
) -> Retrain:
    """Release, outbox, retrain and audit rows in one transaction, under the lease.

    Raises:
        LeaseLost: the lease ran out; nothing is written.
        Conflict: another release came that this one does not follow from.
        DependencyDown: SQL does not answer.
    """
    for left in reversed(range(_TRIES)):
        try:
            with transaction(services.engine) as session:
                tenure.confirm_in(session)
                return _stored(session, configuration, request, done, fit, services.now())
        except IntegrityError as error:
            if not left:
                raise Conflict("other releases were made meanwhile; run it again") from error
    raise AssertionError("not reached")


def _stored(
    session: Session,
    configuration: Configuration,
    request: Request,
    done: Retrain,
    fit: Fit,
    now: datetime,
) -> Retrain:
    if done.outcome == "published":
        release = _release(session, configuration, request, done, fit, now)
        done = msgspec.structs.replace(
            done, release=release.number, threshold=release.threshold.score
        )
    retrains.finish(
        session,
        id=done.id,
        now=now,
        outcome=done.outcome,
        reason=done.reason,
        ranges=msgspec.to_builtins(done.ranges),
        labels=done.labels,
        mlflow_run_id=done.mlflow_run_id,
        figures={
            "metrics": done.metrics,
            "state_sha256": done.state_sha256,
            retrains.MATERIAL: done.material_sha256,
        },
        release=done.release,
    )
    return done


def _release(
    session: Session,
    configuration: Configuration,
    request: Request,
    done: Retrain,
    fit: Fit,
    now: datetime,
) -> Release:
    detector = configuration.detector.name
    newest = releases.newest(session, detector)
    rule = fit.following(rule_in_force(newest, configuration))
    if rule is None:
        raise Conflict("the threshold moved while the model was trained; run it again")
    moved = "" if rule == fit.rule else "; it had moved meanwhile and was carried over from there"
    release = Release(
        number=releases.next_number(session, detector),
        detector=detector,
        kind="retrain",
        threshold=rule,
        reason=f"{done.reason}; threshold: {fit.reason}{moved}",
        made_by=request.made_by,
        created_at=now.isoformat(),
        model=ModelRef(
            parameters=configuration.model_parameters,
            state_sha256=done.state_sha256,
            mlflow_run_id=done.mlflow_run_id,
            mlflow_version=done.model_version,
        ),
        # Its scores mean something else: strata are planned anew once it has been seen at work, and
        # what labels taught the model before it is taught to it next.
        sampling=configuration.review.initial_sampling,
    )
    figures = {"metrics": done.metrics, "labels": done.labels}
    releases.insert(session, release, topic=configuration.topics.releases, figures=figures, now=now)
    audit.append(
        session,
        actor=request.made_by,
        action="release",
        subject=f"{detector}/{release.number}",
        now=now,
        detail={"kind": "retrain", "reason": release.reason, "run": done.mlflow_run_id},
    )
    return release
