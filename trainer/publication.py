"""Releases leave the outbox for Kafka, in order, and are marked once acknowledged."""

from sqlalchemy import Engine

from floodline.storage import outbox
from floodline.storage.engine import transaction
from floodline.storage.releases import OUTBOX_KIND
from trainer.ports import Now, Outgoing, ReleaseChannel

_MOST = 1_000


def publish_waiting(engine: Engine, channel: ReleaseChannel, topic: str, now: Now) -> int:
    """Publish the releases that wait for `topic`; how many. Dying halfway publishes them again.

    Raises:
        DependencyDown: Kafka or SQL does not answer; what waits goes on waiting.
    """
    with transaction(engine) as session:
        waiting = outbox.waiting(session, OUTBOX_KIND, _MOST)
    rows = [row for row in waiting if row.topic == topic]
    if not rows:
        return 0
    channel.publish([Outgoing(row.topic, row.key, row.value) for row in rows])
    with transaction(engine) as session:
        outbox.mark_published(session, [row.id for row in rows], now())
    return len(rows)
