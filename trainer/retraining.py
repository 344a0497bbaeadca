"""One retrain: a range of the log and the labels in, a judged model out."""

import uuid
from datetime import timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from floodline.configuration.sections import Configuration
from floodline.detection.scorer import ThresholdRule
from floodline.errors import Conflict, DependencyDown, FloodlineError, NotFound
from floodline.events.messages import ModelRef, Release
from floodline.storage import audit, labelled_alerts, leases, releases, retrains
from floodline.storage.engine import transaction
from floodline.storage.labelled_alerts import EventLabel
from trainer.commit import git_commit
from trainer.evaluation import cases
from trainer.fit import fitted_rule
from trainer.gate import Judgement, judge
from trainer.publication import publish_waiting
from trainer.ranges import explicit_ranges, newest_ranges
from trainer.recalibration import policy_of, rule_in_force
from trainer.report import Inputs, Outcome, metrics_of, run_of
from trainer.request import Request, Retrain, Services
from trainer.training import Sample, decoded, train

log = structlog.get_logger(__name__)
_LEASE = timedelta(hours=2)


def retrain_once(configuration: Configuration, services: Services, request: Request) -> Retrain:
    """Replay, train, judge, log, and publish what is not clearly worse.

    Order: the run and the model's state are written first, then release, outbox, retrain and audit
    rows in one transaction, then Kafka. A death in between leaves at worst a run without a release.

    The threshold stays as it is in force, since a forest with the same parameters and seed gives
    comparable scores, unless the threshold's policy, on the labelled events as the new model scored
    them, says otherwise.

    Raises:
        Conflict: another trainer retrains this detector now, or made a release meanwhile.
        ConfigurationError: the topic, a range or the state store does not fit.
        DependencyDown: Kafka, SQL or MLflow does not answer; nothing is published then.
    """
    engine, now = services.engine, services.now
    name = f"retrain:{configuration.detector.name}"
    holder = id = str(uuid.uuid4())
    with transaction(engine) as session:
        if not leases.acquire(session, name, holder, now(), _LEASE):
            raise Conflict(f"another trainer retrains {configuration.detector.name} now")
        retrains.start(session, id=id, detector=configuration.detector.name, now=now())
    try:
        return _retrain(configuration, services, request, id)
    except FloodlineError as error:
        _failed(services, id, error)
        raise
    finally:
        with transaction(engine) as session:
            leases.release(session, name, holder)


def _failed(services: Services, id: str, error: FloodlineError) -> None:
    try:
        with transaction(services.engine) as session:
            retrains.fail(session, id=id, now=services.now(), reason=str(error))
    except DependencyDown as down:
        log.warning("the failed retrain could not be noted", retrain=id, error=str(down))


def _retrain(
    configuration: Configuration, services: Services, request: Request, id: str
) -> Retrain:
    services.tracking.open()
    inputs, samples, labels = _gather(configuration, services, request)
    log.info("retraining", events=len(samples), invalid=inputs.invalid, labels=inputs.labels)
    anomalies = {
        (each.partition, each.offset) for each in labels if (each.raised.anomaly or 0.0) > 0.5
    }
    trained = train(samples, configuration.forest, anomalies, configuration.trainer.held_out)
    rule, fit_reason = fitted_rule(
        _in_force(configuration, services),
        policy_of(configuration.threshold),
        samples,
        trained,
        labels,
    )
    judged = cases(samples, trained, labels)
    outcome = Outcome(
        samples=samples,
        trained=trained,
        cases=judged,
        judgement=_judged(request, judge(judged, configuration.trainer.retrain_min_labels)),
        threshold=rule.score,
        threshold_reason=fit_reason,
    )
    return _published(configuration, services, request, (id, inputs, outcome, rule))


def _published(
    configuration: Configuration,
    services: Services,
    request: Request,
    found: tuple[str, Inputs, Outcome, ThresholdRule],
) -> Retrain:
    id, inputs, outcome, rule = found
    logged = services.tracking.log(run_of(configuration, inputs, outcome))
    done = Retrain(
        id=id,
        outcome="published" if outcome.judgement.publish else "kept",
        reason=outcome.judgement.reason,
        release=None,
        threshold=rule.score,
        mlflow_run_id=logged.run_id,
        model_version=logged.version,
        state_sha256=services.store.write(outcome.trained.state),
        ranges=list(inputs.ranges),
        events=len(outcome.samples),
        invalid=inputs.invalid,
        labels=len(outcome.cases),
        metrics=metrics_of(outcome),
    )
    done = _stored(configuration, services, request, done, rule)
    publish_waiting(services.engine, services.channel, configuration.topics.releases, services.now)
    services.tracking.close(logged, outcome=done.outcome, reason=done.reason, release=done.release)
    return done


def _judged(request: Request, judgement: Judgement) -> Judgement:
    if judgement.publish and not request.publish:
        return msgspec.structs.replace(
            judgement, publish=False, reason=f"{judgement.reason}; not asked to publish"
        )
    return judgement


def _gather(
    configuration: Configuration, services: Services, request: Request
) -> tuple[Inputs, list[Sample], list[EventLabel]]:
    topic_id = services.events.topic_id()
    bounds = services.events.bounds()
    if request.starts or request.ends:
        ranges = explicit_ranges(bounds, request.starts, request.ends)
    else:
        ranges = newest_ranges(bounds, configuration.trainer.retrain_max_events)
    detector = configuration.detector.name
    with transaction(services.engine) as session:
        labels = labelled_alerts.of_events(session, detector, topic_id)
        count, digest = labelled_alerts.snapshot_digest(session, detector)
    records = services.events.replay(ranges)
    samples, invalid = decoded(records, configuration.schema_of_events)
    if not samples:
        raise NotFound(
            f"topic {configuration.topics.events!r} has no event in the range that can be decoded; "
            "check the range and detector.features"
        )
    inputs = Inputs(
        ranges=ranges,
        topic_id=topic_id,
        labels=count,
        label_digest=digest,
        records=len(records),
        invalid=invalid,
        source=f"kafka topic {configuration.topics.events} ({topic_id})",
        trigger=request.trigger,
        commit=git_commit(Path(__file__).parent),
    )
    return inputs, samples, labels


def _in_force(configuration: Configuration, services: Services) -> ThresholdRule:
    with transaction(services.engine) as session:
        newest = releases.newest(session, configuration.detector.name)
    return rule_in_force(newest, configuration)


def _stored(
    configuration: Configuration,
    services: Services,
    request: Request,
    done: Retrain,
    rule: ThresholdRule,
) -> Retrain:
    """Release, outbox, retrain and audit rows in one transaction, under the lease."""
    name, now = f"retrain:{configuration.detector.name}", services.now()
    try:
        with transaction(services.engine) as session:
            if not leases.renew(session, name, done.id, now, _LEASE):
                raise Conflict("the lease ran out before the retrain was done; run it again")
            if done.outcome == "published":
                number = _release(session, configuration, services, request, done, rule)
                done = msgspec.structs.replace(done, release=number)
            retrains.finish(
                session,
                id=done.id,
                now=now,
                outcome=done.outcome,
                reason=done.reason,
                ranges=msgspec.to_builtins(done.ranges),
                labels=done.labels,
                mlflow_run_id=done.mlflow_run_id,
                figures={"metrics": done.metrics, "state_sha256": done.state_sha256},
                release=done.release,
            )
    except IntegrityError as error:
        raise Conflict("another release was made at the same time; run it again") from error
    return done


def _release(
    session: Session,
    configuration: Configuration,
    services: Services,
    request: Request,
    done: Retrain,
    rule: ThresholdRule,
) -> int:
    at, detector = services.now(), configuration.detector.name
    release = Release(
        number=releases.next_number(session, detector),
        detector=detector,
        kind="retrain",
        threshold=rule,
        reason=done.reason,
        made_by=request.made_by,
        created_at=at.isoformat(),
        model=ModelRef(
            parameters=configuration.forest,
            state_sha256=done.state_sha256,
            mlflow_run_id=done.mlflow_run_id,
            mlflow_version=done.model_version,
        ),
    )
    figures = {"metrics": done.metrics, "labels": done.labels}
    releases.insert(session, release, topic=configuration.topics.releases, figures=figures, now=at)
    audit.append(
        session,
        actor=request.made_by,
        action="release",
        subject=f"{detector}/{release.number}",
        now=at,
        detail={"kind": "retrain", "reason": done.reason, "run": done.mlflow_run_id},
    )
    return release.number
