"""The intake: reads a topic of alerts or samples from where SQL says and stores what it reads.

The next offsets lie in SQL beside the rows and move with them, so a crash at any point neither
loses an alert nor stores one twice; ids would make a repeat harmless even so. Each API process
reads all partitions: two of them do the work twice and store it once.
"""

from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Engine

from feedback_api.intake.storing import Taken, Topic, store
from feedback_api.ports import AlertSource, Clock, Record
from feedback_api.worker import Signal
from floodline.detection.parameters import ModelParameters
from floodline.storage import intake_offsets
from floodline.storage.alerts import Kind
from floodline.storage.engine import transaction
from floodline.telemetry.metrics import FeedbackMetrics

_READ_SECONDS = 0.5
_log = structlog.get_logger(__name__)


class Intake:
    """The work of the intake's thread."""

    def __init__(
        self,
        engine: Engine,
        open_source: Callable[[], AlertSource],
        *,
        topic: str,
        kind: Kind,
        detector: str,
        model: ModelParameters,
        clock: Clock,
        metrics: FeedbackMetrics,
    ) -> None:
        self._engine = engine
        self._open_source = open_source
        self._topic = topic
        self._kind = kind
        self._detector = detector
        self._model = model
        self._clock = clock
        self._metrics = metrics

    def attempt(self, signal: Signal) -> None:
        """Take alerts in until the signal says stop.

        Raises:
            DependencyDown: Kafka, the topic or the database is not there; nothing is lost.
        """
        source = self._open_source()
        try:
            topic = Topic(self._topic, source.topic_id(), self._kind)
            with transaction(self._engine) as session:
                offsets = intake_offsets.read(session, topic.name, topic.id)
            source.start(offsets)
            _log.info("intake reads", topic=topic.name, topic_id=topic.id, offsets=offsets)
            signal.up()
            while not signal.stopping:
                records = source.read(_READ_SECONDS)
                if records:
                    self._count(self._stored(topic, records))
        finally:
            source.close()

    def _stored(self, topic: Topic, records: Sequence[Record]) -> Taken:
        now = self._clock()
        return store(self._engine, topic, self._detector, records, now, model=self._model)

    def _count(self, taken: Taken) -> None:
        for outcome in ("stored", "known", "refused"):
            counted = getattr(taken, outcome)
            self._metrics.intake.labels(self._detector, outcome).inc(counted)
