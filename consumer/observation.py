"""What the consumer shows of itself: metrics and health."""

import math
from collections import deque

import structlog

from consumer.ports import Clock
from consumer.task import Sealed, State, Task
from floodline.telemetry.metrics import ConsumerMetrics

log = structlog.get_logger(__name__)

_RATE_SECONDS = 60.0
_STALLED_SECONDS = 60.0


class Observation:
    """Counts what was committed, never what may still be rolled back."""

    def __init__(
        self, metrics: ConsumerMetrics, detector: str, *, monotonic: Clock, now: Clock
    ) -> None:
        self._metrics = metrics
        self._detector = detector
        self._monotonic = monotonic
        self._now = now
        self._recent: deque[tuple[float, int, int]] = deque()
        self._recent_scored = self._recent_alerts = 0
        self._turned_at = self._progress_at = monotonic()
        self._states: dict[int, State] = {}
        self._warming: dict[int, int] = {}

    def state(self, task: Task) -> None:
        """A task is in another state."""
        self._states[task.partition] = task.state
        for state in State:
            self._metrics.task_state.labels(self._detector, str(task.partition), state).set(
                float(state is task.state)
            )

    def restored(self, seconds: float) -> None:
        """A partition is being scored, so long after it was given or rewound."""
        self._metrics.restore.labels(self._detector).observe(seconds)

    def held_back(self, topic: str, records: int) -> None:
        """So many records of an output topic lie behind an open transaction."""
        self._metrics.held_back.labels(self._detector, topic).set(records)

    def closed(self, task: Task) -> None:
        """A task left this member: its gauges go with it."""
        self._states.pop(task.partition, None)
        self._warming.pop(task.partition, None)
        labels = (self._detector, str(task.partition))
        for gauge in ("lag", "threshold", "release", "warming_up"):
            getattr(self._metrics, gauge).remove(*labels)
        for state in State:
            self._metrics.task_state.remove(*labels, state)

    def committed(self, sealed: Sealed, lag: int) -> None:
        """A transaction with what this task did was committed."""
        partition = sealed.position.partition
        labels, tally, metrics = (self._detector, str(partition)), sealed.tally, self._metrics
        metrics.scored.labels(*labels).inc(tally.scored)
        metrics.alerts.labels(*labels).inc(tally.alerts)
        metrics.samples.labels(*labels).inc(tally.samples)
        metrics.records.labels(*labels).inc(tally.scored + sum(tally.dead_letters.values()))
        metrics.gaps.labels(*labels).inc(tally.gaps)
        for reason, count in tally.dead_letters.items():
            metrics.dead_letters.labels(self._detector, reason).inc(count)
        metrics.lag.labels(*labels).set(lag)
        metrics.release.labels(*labels).set(sealed.checkpoint.release)
        self._warm_up(partition, sealed.checkpoint.warm_up_left, sealed.position.offset)
        threshold = math.nan if sealed.threshold is None else sealed.threshold
        metrics.threshold.labels(*labels).set(threshold if math.isfinite(threshold) else math.nan)
        now = self._now()
        for timestamp in tally.alert_timestamps:
            if timestamp >= 0:
                seconds = max(0.0, now - timestamp / 1000)
                metrics.event_to_alert.labels(self._detector).observe(seconds)
        self._recent.append((self._monotonic(), tally.scored, tally.alerts))
        self._recent_scored += tally.scored
        self._recent_alerts += tally.alerts

    def _warm_up(self, partition: int, left: int, offset: int) -> None:
        labels = (self._detector, str(partition))
        self._metrics.warming_up.labels(*labels).set(float(left > 0))
        if left:
            self._warming[partition] = left
        elif self._warming.pop(partition, None) is not None:
            log.info("model is warm", partition=partition, offset=offset)

    def commit(self, seconds: float) -> None:
        """A transaction took this long."""
        self._metrics.commit.labels(self._detector).observe(seconds)
        self._metrics.committed_at.labels(self._detector).set(self._now())
        self._progress_at = self._monotonic()

    def restart(self, cause: str) -> None:
        """A transaction was given up."""
        self._metrics.restarts.labels(self._detector, cause).inc()

    def turn(self, *, idle: bool) -> None:
        """The loop went round, and has nothing to commit where it is idle."""
        now = self._turned_at = self._monotonic()
        if idle:
            self._progress_at = now
        while self._recent and self._recent[0][0] < now - _RATE_SECONDS:
            _, gone, alerts_gone = self._recent.popleft()
            self._recent_scored -= gone
            self._recent_alerts -= alerts_gone
        scored, alerts = self._recent_scored, self._recent_alerts
        self._metrics.alert_rate.labels(self._detector).set(alerts / scored if scored else 0.0)

    def alive(self) -> tuple[bool, str]:
        """Whether the loop goes round and commits what it does, in one sentence."""
        now = self._monotonic()
        age, waiting = now - self._turned_at, now - self._progress_at
        said = f"the loop last went round {age:.1f} s ago"
        if age < _STALLED_SECONDS <= waiting:
            return False, f"{said}; nothing was committed for {waiting:.0f} s"
        return age < _STALLED_SECONDS, said

    def ready(self) -> tuple[bool, str]:
        """Whether every partition held is being scored, in one sentence."""
        waiting = {p: str(s) for p, s in self._states.items() if s is not State.RUNNING}
        alive, said = self.alive()
        if waiting:
            return False, f"partitions not running: {waiting}"
        warming = f"; events left of warming up: {self._warming}" if self._warming else ""
        return alive, f"{len(self._states)} partitions running{warming}; {said}"
