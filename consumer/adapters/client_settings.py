"""What librdkafka is told: one function for each kind of client."""

from floodline.configuration.sections import Configuration, KafkaSection
from floodline.events.dead_letters import LARGEST_COPY

Settings = dict[str, str | int | float | bool]

BEFORE_INSTANCE = ":"
"""Between group and instance in a member's name; neither holds it, so no two groups share one."""

_READING: Settings = {
    "enable.auto.commit": False,
    # No silent jump: a place that the log no longer holds is an error.
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "fetch.wait.max.ms": 50,
    # The client fetches ahead up to a bound. Its default rests for a second whenever that is
    # reached, which starves whoever handles more than the bound (100,000 records) in a second.
    "fetch.queue.backoff.ms": 5,
}


def reader(kafka: KafkaSection) -> Settings:
    """A consumer outside of any group's assignment, which says where a partition ends."""
    return {
        **kafka.client(),
        **_READING,
        "group.id": "floodline-reader",
        "enable.partition.eof": True,
    }


def member(configuration: Configuration, name: str) -> Settings:
    """A member of the scoring group, `name`."""
    static = configuration.consumer.static_membership
    instance = configuration.consumer.instance if static else None
    return {
        **configuration.kafka.client(),
        **_READING,
        "group.id": configuration.group,
        # By it others tell whether we live: our transactions go under the same name.
        "client.id": name,
        **({"group.instance.id": instance} if instance else {}),
        "enable.auto.offset.store": False,
        **_rebalancing(configuration),
        # Partitions that are added to the input are heard of within half a minute.
        "topic.metadata.refresh.interval.ms": 30_000,
    }


def _rebalancing(configuration: Configuration) -> Settings:
    way, session = configuration.consumer.rebalancing, configuration.consumer.session_timeout_ms
    if way == "consumer":
        return {"group.protocol": "consumer"}
    return {
        "partition.assignment.strategy": way,
        "session.timeout.ms": session,
        # A rebalance is heard of by heartbeat, and partitions rest until then.
        "heartbeat.interval.ms": min(1_000, session // 3),
    }


def onlooker(configuration: Configuration) -> Settings:
    """Asks for the group's offsets, those before an open transaction; never subscribes."""
    return {
        **configuration.kafka.client(),
        "group.id": configuration.group,
        "isolation.level": "read_uncommitted",
    }


def producer(configuration: Configuration, name: str) -> Settings:
    """The transactional producer `name`."""
    timeout = configuration.consumer.transaction_timeout_ms
    return {
        **configuration.kafka.client(),
        "transactional.id": name,
        "transaction.timeout.ms": timeout,
        "message.timeout.ms": timeout,
        # The default of 100 ms caps a producer at ten transactions a second.
        "retry.backoff.ms": 10,
        "linger.ms": 0,
        "compression.type": "lz4",
        # Kafka measures batches by the topic's `max.message.bytes`. The client counts bytes before
        # compression, with all framing; only a single message may be longer, and goes alone.
        "batch.size": LARGEST_COPY,
    }
