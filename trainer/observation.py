"""What the trainer tells Prometheus and the probes."""

import math
import threading
import time

import structlog
from prometheus_client import Gauge
from sqlalchemy import Engine

from floodline.configuration.sections import Configuration
from floodline.errors import DependencyDown
from floodline.feedback.review_estimates import Estimate
from floodline.storage import controls, releases, retrains
from floodline.storage.engine import transaction
from floodline.storage.moves import MoveKind, MoveState
from floodline.telemetry.metrics import TrainerMetrics
from trainer.moves import Followed
from trainer.recalibration import Recalibration, rule_in_force
from trainer.teaching import TeachingRun

log = structlog.get_logger(__name__)


class Observation:
    """Metrics of one detector; refreshed from SQL, so that every trainer says the same."""

    def __init__(
        self, metrics: TrainerMetrics, engine: Engine, configuration: Configuration
    ) -> None:
        self._metrics = metrics
        self._engine = engine
        self._configuration = configuration
        self._detector = configuration.detector.name
        self._retrained_at = math.nan
        self._last_move: str | None = None
        self._lock = threading.Lock()
        self._down: dict[str, str] = {}
        metrics.retrain_age.labels(self._detector).set_function(self._age)
        for outcome in ("moved", "held", "failed"):
            metrics.recalibrations.labels(self._detector, outcome)
        for outcome in ("published", "kept", "failed"):
            metrics.retrains.labels(self._detector, outcome)
        for kind in MoveKind:
            for state in (MoveState.PROPOSED, MoveState.RELEASED, MoveState.STALE):
                metrics.moves.labels(self._detector, kind, state)
        for gauge in (
            metrics.frozen,
            metrics.promise_broken,
            metrics.verdict_drift,
            metrics.score_drift,
        ):
            gauge.labels(self._detector)
        metrics.teaching_agreement.labels(self._detector).set(math.nan)
        metrics.estimated_wrong_answers.labels(self._detector).set(math.nan)

    def _age(self) -> float:
        return time.time() - self._retrained_at

    def recalibrated(self, done: Recalibration) -> None:
        """Count a recalibration."""
        self._metrics.recalibrations.labels(self._detector, done.decision.outcome).inc()
        share = done.labelled_precision
        self._metrics.precision.labels(self._detector).set(math.nan if share is None else share)
        if done.before is not None:
            self._estimated(self._metrics.estimated_precision, done.before.precision)
            self._estimated(self._metrics.estimated_recall, done.before.recall)
            wrong = math.nan if done.before.wrong is None else done.before.wrong
            self._metrics.estimated_wrong_answers.labels(self._detector).set(wrong)
            drift = done.before.drift
            self._metrics.score_drift.labels(self._detector).set(drift.a_day if drift else 0)
        found = done.watch
        broken = found is not None and found.state == "broken"
        self._metrics.promise_broken.labels(self._detector).set(broken)
        self._metrics.verdict_drift.labels(self._detector).set(len(found.drift) if found else 0)
        if done.decision.outcome == "moved" and done.move != self._last_move:
            # A proposal is met at each look until a person decides.
            self._last_move = done.move
            state = MoveState.PROPOSED if done.proposed else MoveState.RELEASED
            self._moved(MoveKind.POLICY, state)

    def taught(self, done: TeachingRun) -> None:
        """Say what the labels came to."""
        agreement = math.nan if done.agreement is None else done.agreement
        self._metrics.teaching_labels.labels(self._detector).set(done.labels)
        self._metrics.teaching_share.labels(self._detector).set(done.share)
        self._metrics.teaching_predicted.labels(self._detector).set(done.predicted)
        self._metrics.teaching_agreement.labels(self._detector).set(agreement)

    def followed(self, done: Followed) -> None:
        """Count what became of moves, and say whether the threshold is frozen."""
        self._metrics.frozen.labels(self._detector).set(done.frozen)
        for move in done.moves:
            self._moved(move.kind, move.state)
        if done.recalibration is not None:
            self.recalibrated(done.recalibration)

    def _moved(self, kind: str, state: str) -> None:
        self._metrics.moves.labels(self._detector, kind, state).inc()

    def _estimated(self, gauge: Gauge, estimate: Estimate) -> None:
        for bound in ("value", "lower", "upper"):
            told = getattr(estimate, bound)
            gauge.labels(self._detector, bound).set(math.nan if told is None else told)

    def retrained(self, outcome: str) -> None:
        """Count a retrain."""
        self._metrics.retrains.labels(self._detector, outcome).inc()

    def failed(self, job: str, error: str) -> None:
        """Count a failed run; the probe says so until the job succeeds again."""
        if job not in ("moves", "teach"):  # tried again each second: only the probe tells
            kind = self._metrics.retrains if job == "retrain" else self._metrics.recalibrations
            kind.labels(self._detector, "failed").inc()
        with self._lock:
            self._down[job] = error

    def succeeded(self, job: str) -> None:
        """The job works (again)."""
        with self._lock:
            self._down.pop(job, None)

    def refresh(self) -> None:
        """Read releases and the last retrain from SQL."""
        try:
            with transaction(self._engine) as session:
                newest = releases.newest(session, self._detector)
                finished = retrains.last_finished(session, self._detector)
                frozen = controls.get(session, self._detector).frozen
        except DependencyDown as error:
            log.warning("metrics not refreshed", error=str(error))
            return
        rule = rule_in_force(newest, self._configuration)
        score = math.nan if rule.score is None else rule.score
        self._metrics.threshold.labels(self._detector).set(score)
        self._metrics.release.labels(self._detector).set(newest.number if newest else 0)
        self._metrics.frozen.labels(self._detector).set(frozen)
        if finished is not None:
            self._retrained_at = finished.timestamp()
            self._metrics.retrained_at.labels(self._detector).set(self._retrained_at)

    def alive(self) -> tuple[bool, str]:
        """The process answers."""
        return True, "alive"

    def ready(self) -> tuple[bool, str]:
        """Whether every job's last run worked, or what went wrong."""
        with self._lock:
            down = [f"{job}: {error}" for job, error in self._down.items()]
        return not down, "\n".join(down) or "ready"
