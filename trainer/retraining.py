"""One retrain: a range of the log and the labels in, a judged model out."""

import uuid
from datetime import datetime

import msgspec
import structlog

from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import Conflict, DependencyDown, FloodlineError
from floodline.storage import leases, releases, retrains
from floodline.storage.engine import transaction
from trainer.evaluation import cases
from trainer.fit import Fit, fitted_rule
from trainer.gate import Judgement, judge
from trainer.material import gather
from trainer.novelty import material_digest
from trainer.promotion import store_outcome
from trainer.publication import publish_waiting
from trainer.recalibration import rule_in_force
from trainer.report import Inputs, Outcome, metrics_of, run_of
from trainer.request import Request, Retrain, Services
from trainer.tenure import LEASE, Tenure, kept
from trainer.training import train

log = structlog.get_logger(__name__)


def retrain_once(configuration: Configuration, services: Services, request: Request) -> Retrain:
    """Replay, train, judge, log, and publish what is not clearly worse.

    Order: the run and the model's state are written first, then release, outbox, retrain and audit
    rows in one transaction, then Kafka. A death in between leaves at worst a run without a release.

    The threshold in force is carried over to the new model's scores (see `fitted_rule`).

    Raises:
        Conflict: another trainer retrains this detector now, or made a release meanwhile; or the
            lease was lost (`LeaseLost`), and nothing is published then.
        ConfigurationError: the topic, a range or the state store does not fit.
        DependencyDown: Kafka, SQL or MLflow does not answer; nothing is published then.
    """
    engine, now = services.engine, services.now
    name = f"retrain:{configuration.detector.name}"
    detector, id = configuration.detector.name, str(uuid.uuid4())
    with transaction(engine) as session:
        if not leases.acquire(session, name, id, now(), LEASE):
            raise Conflict(_busy(detector, leases.expiry(session, name)))
        retrains.fail_abandoned(session, detector, now())
        retrains.start(session, id=id, detector=detector, now=now())
    with kept(Tenure(engine, name, id, now)) as tenure:
        try:
            return _retrain(configuration, services, request, id, tenure)
        except BaseException as error:  # ctrl-C too ends a retrain
            _failed(services, id, error)
            raise


def _busy(detector: str, expiry: datetime | None) -> str:
    until = "" if expiry is None else f" at {expiry.isoformat(timespec='seconds')}"
    return (
        f"another trainer retrains {detector} now; if it has died, its lease runs out{until}: "
        "run it again then"
    )


def _failed(services: Services, id: str, error: BaseException) -> None:
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, FloodlineError):
        reason = str(error)
    try:
        with transaction(services.engine) as session:
            retrains.fail(session, id=id, now=services.now(), reason=reason)
    except DependencyDown as down:
        log.warning("the failed retrain could not be noted", retrain=id, error=str(down))


def _retrain(
    configuration: Configuration, services: Services, request: Request, id: str, tenure: Tenure
) -> Retrain:
    services.tracking.open()
    inputs, samples, labels = gather(configuration, services, request)
    log.info("retraining", events=len(samples), invalid=inputs.invalid, labels=inputs.labels)
    anomalies = {
        (each.partition, each.offset) for each in labels if (each.raised.anomaly or 0.0) > 0.5
    }
    empty = Scorer.new(configuration.model_parameters, configuration.detector.features)
    trained = train(samples, empty, anomalies, configuration.trainer.held_out)
    rule, model_release = _in_force(configuration, services)
    fit = fitted_rule(
        rule,
        samples,
        trained,
        [each for each in labels if each.raised.release >= model_release],
    )
    judged = cases(samples, trained, labels)
    outcome = Outcome(
        samples=samples,
        trained=trained,
        cases=judged,
        judgement=_judged(request, fit, judge(judged, configuration.trainer.retrain_min_labels)),
        threshold=fit.rule.score if fit.rule is not None else None,
        threshold_reason=fit.reason,
    )
    tenure.confirm()
    return _published(configuration, services, request, (id, inputs, outcome, fit), tenure)


def _published(
    configuration: Configuration,
    services: Services,
    request: Request,
    found: tuple[str, Inputs, Outcome, Fit],
    tenure: Tenure,
) -> Retrain:
    id, inputs, outcome, fit = found
    logged = services.tracking.log(run_of(configuration, inputs, outcome))
    done = Retrain(
        id=id,
        outcome="published" if outcome.judgement.publish else "kept",
        reason=outcome.judgement.reason,
        release=None,
        threshold=outcome.threshold,
        mlflow_run_id=logged.run_id,
        model_version=logged.version,
        state_sha256=services.store.write(outcome.trained.state),
        ranges=list(inputs.ranges),
        events=len(outcome.samples),
        invalid=inputs.invalid,
        labels=len(outcome.cases),
        material_sha256=material_digest(
            configuration,
            request,
            inputs.topic_id,
            {each.partition: each.end for each in inputs.ranges},
            inputs.label_digest,
        ),
        metrics=metrics_of(outcome),
    )
    done = store_outcome(configuration, services, request, done, fit, tenure)
    publish_waiting(services.engine, services.channel, configuration.topics.releases, services.now)
    services.tracking.close(logged, outcome=done.outcome, reason=done.reason, release=done.release)
    return done


def _judged(request: Request, fit: Fit, judgement: Judgement) -> Judgement:
    """The gate's answer, unless there is another reason to keep the model in force."""
    other = fit.reason if fit.rule is None else None if request.publish else "not asked to publish"
    if not judgement.publish or other is None:
        return judgement
    return msgspec.structs.replace(judgement, publish=False, reason=f"{judgement.reason}; {other}")


def _in_force(configuration: Configuration, services: Services) -> tuple[ThresholdRule, int]:
    """The rule in force, and the release that brought the model in force (0 for none)."""
    detector = configuration.detector.name
    with transaction(services.engine) as session:
        newest = releases.newest(session, detector)
        return rule_in_force(newest, configuration), releases.model_number(session, detector)
