"""Ending the transaction that a dead member left open, sooner than its time-out does."""

import logging

import structlog
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
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
    Where Kafka does not answer, or cannot tell, the transaction's own time-out comes first. The
    client cannot ask who is in a group of Kafka 4's own protocol.
    """
    if configuration.consumer.rebalancing == "consumer":
        return
    try:
        member = _last_member(configuration, partition)
        if member is None or member in _living(configuration):
            return
        settings = client_settings.producer(configuration, member)
        Producer(settings, logger=_client_log).init_transactions(_SECONDS)
    except (KafkaException, TimeoutError) as error:
        log.warning("a dead member was not fenced", partition=partition, error=str(error))
    else:
        log.info("dead member fenced", partition=partition, member=member)


def _last_member(configuration: Configuration, partition: int) -> str | None:
    """Who committed last, as far as is committed already.

    A consumer asks, not an admin client: that ends the whole process where the broker it asks
    coordinates the group no more (librdkafka 5040).
    """
    asking = Consumer(client_settings.onlooker(configuration), logger=_client_log)
    try:
        place = TopicPartition(configuration.topics.events, partition)
        (found,) = asking.committed([place], timeout=_SECONDS)
    finally:
        asking.close()
    checkpoint = read_checkpoint(found.metadata)
    member = None if checkpoint is None else checkpoint.member
    # Whoever may commit for the group could write any name there: no other's producer is fenced.
    begins = f"{configuration.group}{client_settings.BEFORE_INSTANCE}"
    return member if member is not None and member.startswith(begins) else None


def _living(configuration: Configuration) -> set[str]:
    admin = AdminClient(configuration.kafka.client(), logger=_client_log)
    (future,) = admin.describe_consumer_groups([configuration.group]).values()
    return {member.client_id for member in future.result(_SECONDS).members}
