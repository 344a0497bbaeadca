"""Ending the transaction that a dead member left open, sooner than its time-out does."""

import logging

import structlog
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.adapters import client_settings
from consumer.ports import read_checkpoint
from floodline.configuration.sections import Configuration

log = structlog.get_logger(__name__)
_client_log = logging.getLogger("kafka")

_SECONDS = 5.0


def fence_dead_member(configuration: Configuration, partition: int) -> None:
    """Fence who committed last to a partition, if the group does not know that member any more.

    `init_transactions` under its name aborts what it left open. A member that lives after all, and
    is only away from the group, gets a new producer and rewinds: nothing is lost, nothing doubled.
    Where Kafka does not answer, or cannot tell, the transaction's own time-out comes first.
    """
    try:
        admin = AdminClient(configuration.kafka.client(), logger=_client_log)
        member = _last_member(admin, configuration, partition)
        if member is None or member in _living(admin, configuration.group):
            return
        settings = client_settings.producer(configuration, member)
        Producer(settings, logger=_client_log).init_transactions(_SECONDS)
    except (KafkaException, TimeoutError) as error:
        log.warning("a dead member was not fenced", partition=partition, error=str(error))
    else:
        log.info("dead member fenced", partition=partition, member=member)


def _last_member(admin: AdminClient, configuration: Configuration, partition: int) -> str | None:
    place = TopicPartition(configuration.topics.events, partition)
    asked = ConsumerGroupTopicPartitions(configuration.group, [place])
    (future,) = admin.list_consumer_group_offsets([asked], require_stable=False).values()
    (found,) = future.result(_SECONDS).topic_partitions
    checkpoint = read_checkpoint(found.metadata)
    member = None if checkpoint is None else checkpoint.member
    # Whoever may commit for the group could write any name there: no other's producer is fenced.
    ours = member is not None and member.startswith(f"{configuration.group}-")
    return member if ours else None


def _living(admin: AdminClient, group: str) -> set[str]:
    (future,) = admin.describe_consumer_groups([group]).values()
    return {member.client_id for member in future.result(_SECONDS).members}
