"""Gauges that are read from SQL, and rows that have had their time."""

from sqlalchemy import Engine

from feedback_api.ports import Clock
from feedback_api.use_cases.labels import OUTBOX_KIND
from feedback_api.worker import Signal
from floodline.storage import alerts, idempotency, outbox, sessions
from floodline.storage.alerts import AlertFilter, Kind
from floodline.storage.engine import transaction
from floodline.telemetry.metrics import FeedbackMetrics

_LOOK_SECONDS = 5.0
_SWEEP_EVERY = 120


class Housekeeping:
    """The work of the housekeeping thread."""

    def __init__(
        self, engine: Engine, *, detector: str, clock: Clock, metrics: FeedbackMetrics
    ) -> None:
        self._engine = engine
        self._detector = detector
        self._clock = clock
        self._metrics = metrics

    def attempt(self, signal: Signal) -> None:
        """Look every five seconds and sweep every ten minutes, until the signal says stop.

        Raises:
            DependencyDown: the database does not answer.
        """
        rounds = 0
        while not signal.stopping:
            self._look()
            if rounds % _SWEEP_EVERY == 0:
                self._sweep()
            rounds += 1
            signal.up()
            signal.wait(_LOOK_SECONDS)

    def _look(self) -> None:
        unlabelled = AlertFilter(detector=self._detector, kind=Kind.ALERT, unlabelled=True)
        with transaction(self._engine) as session:
            waiting = outbox.count_waiting(session, OUTBOX_KIND)
            open_alerts = alerts.count(session, unlabelled)
        self._metrics.outbox.labels(OUTBOX_KIND).set(waiting)
        self._metrics.open_alerts.labels(self._detector).set(open_alerts)

    def _sweep(self) -> None:
        now = self._clock()
        with transaction(self._engine) as session:
            idempotency.drop_old(session, now)
            sessions.drop_old(session, now)
