"""The outbox relay: publishes what SQL holds, and marks it once Kafka has acknowledged it.

At least once: a crash between the two sends a message again under the same label id. One relay at
a time is enough; a second one repeats messages and breaks nothing.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from feedback_api.ports import Clock, LabelPublisher, Outgoing
from feedback_api.use_cases.labels import OUTBOX_KIND
from feedback_api.worker import Signal
from floodline.errors import DependencyDown
from floodline.events.messages import LabelMessage, cloud_event_headers, decode
from floodline.storage import outbox
from floodline.storage.engine import transaction
from floodline.storage.tables import OutboxRow

_BATCH = 200
_LOOK_SECONDS = 1.0


class Relay:
    """The work of the relay's thread."""

    def __init__(
        self, engine: Engine, open_publisher: Callable[[], LabelPublisher], *, clock: Clock
    ) -> None:
        self._engine = engine
        self._open_publisher = open_publisher
        self._clock = clock

    def attempt(self, signal: Signal) -> None:
        """Publish what waits until the signal says stop, and a last time then.

        Raises:
            DependencyDown: Kafka or the database does not answer; what waits goes on waiting.
        """
        publisher = self._open_publisher()
        try:
            while True:
                stopping = signal.stopping
                while self._publish(publisher) == _BATCH:
                    pass
                signal.up()
                if stopping:
                    return
                signal.wait(_LOOK_SECONDS)
        finally:
            publisher.close()

    def _publish(self, publisher: LabelPublisher) -> int:
        with transaction(self._engine) as session:
            rows = outbox.waiting(session, OUTBOX_KIND, _BATCH)
        if not rows:
            return 0
        delivery = publisher.publish(_outgoing(rows))
        with transaction(self._engine) as session:
            outbox.mark_published(session, delivery.acknowledged, self._clock())
        if delivery.failure is not None:
            raise DependencyDown(delivery.failure)
        return len(rows)


def _outgoing(rows: Sequence[OutboxRow]) -> list[Outgoing]:
    return [
        Outgoing(row.id, row.topic, row.key.encode(), row.value, _headers(row.value))
        for row in rows
    ]


def _headers(value: bytes) -> list[tuple[str, bytes]]:
    label = decode(value, LabelMessage)
    return cloud_event_headers(
        id=label.id, kind="label", source=f"/floodline/{label.detector}/feedback"
    )
