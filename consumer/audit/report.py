"""What `floodline verify` and `floodline explain` ask of the consumer's own engine."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from consumer.adapters.kafka.group_input import KafkaInput
from consumer.adapters.kafka.topics import KafkaTopics
from consumer.adapters.log import KafkaLog
from consumer.adapters.published import KafkaPublished
from consumer.audit.published import (
    Collection,
    EndOf,
    Foreign,
    Place,
    Stray,
    differing_fields,
    source_of_id,
    spelt_as_in_ids,
)
from consumer.audit.range_plan import Plan, Planner, Start
from consumer.audit.verifier import Verified, Verifier
from consumer.ports import Message
from floodline.configuration.model_check import check_model
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scored
from floodline.errors import ConfigurationError, NotFound
from floodline.events.messages import Alert, Sample, decode
from floodline.storage.state_store import open_store

Told = Callable[[str, int, int], None]
"""Told of what is done now, how much of it, and of how much (0: not known)."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification came to; `strays` are messages on our topics that are not ours."""

    equal: bool
    partitions: list[Verified]
    strays: list[Stray]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """An alert or a sample as published, and as derived anew where that was asked for.

    Attributes:
        where: the published message: topic, partition and offset.
        derived: the alert or sample that the log gives; None where it gives none.
        scored: how the event scored; None where it was not derived, or is a dead letter.
        differing: by field what the log gives and what was published; None where nothing was
            derived. Of several messages under the id, that of the first that differs.
    """

    published: list[Alert]
    where: list[str]
    derived: Alert | None = None
    scored: Scored | None = None
    start: Start | None = None
    equal: bool | None = None
    differing: dict[str, tuple[object, object]] | None = None


class _Site(msgspec.Struct):
    configuration: Configuration
    topic_id: str
    topics: KafkaTopics
    source: KafkaInput
    planner: Planner
    verifier: Verifier
    published: KafkaPublished


@contextmanager
def _site(configuration: Configuration) -> Iterator[_Site]:
    check_model(configuration)
    topics = KafkaTopics(configuration)
    topics.partitions(configuration.topics.events)
    for name in (configuration.topics.changes, configuration.topics.releases):
        topics.partitions(name)
    topic_id = topics.topic_id()
    store, log = open_store(configuration.store), KafkaLog(configuration, time.monotonic)
    published = KafkaPublished(configuration, topics, time.monotonic)
    source = KafkaInput(configuration, "floodline-verify", fences=False)
    try:
        planner = Planner(configuration, topic_id, source, log, store)
        yield _Site(
            configuration,
            topic_id,
            topics,
            source,
            planner,
            Verifier(configuration, topic_id, planner, log, store, published.releases()),
            published,
        )
    finally:
        source.close()


def verify(
    configuration: Configuration,
    partitions: Sequence[int],
    first: int | None,
    end: int | None,
    told: Told,
) -> Report:
    """Derive ranges of partitions (none named: all) and compare them with what was published.

    Raises:
        ConfigurationError: a range cannot be derived; says what to do.
        DependencyDown: Kafka or the store does not answer.
    """
    with _site(configuration) as site:
        plans = [site.planner.plan(each, first, end) for each in _chosen(site, partitions)]
        spans = {plan.partition: (plan.first, plan.end) for plan in plans}
        reading = _Passed(told, "reading what was published", 0)
        found = site.published.collect(site.topic_id, spans, _end_of(site), reading)
        deriving = _Passed(told, "deriving", sum(plan.end - plan.first for plan in plans))
        verified = [_verified(site, plan, found, deriving) for plan in plans]
        equal = not found.strays and all(each.difference is None for each in verified)
        return Report(equal=equal, partitions=verified, strays=found.strays)


def _chosen(site: _Site, partitions: Sequence[int]) -> list[int]:
    name = site.configuration.topics.events
    present = site.topics.partitions(name)
    unknown = sorted(set(partitions) - set(present))
    if unknown:
        raise ConfigurationError(
            f"topic {name!r} has no partition {unknown[0]}; it has {present[0]} to {present[-1]}"
        )
    return sorted(set(partitions)) or present


def _end_of(site: _Site) -> EndOf:
    """Where the log ends, or where it did before it was cut off, as far as that is committed."""

    def end_of(partition: int) -> int | None:
        if partition not in site.topics.partitions(site.configuration.topics.events):
            return None
        committed, (_, end) = site.source.committed(partition), site.source.bounds(partition)
        checkpoint = committed.checkpoint if committed else None
        if committed is None or checkpoint is None or checkpoint.topic_id != site.topic_id:
            return end
        return max(end, committed.offset)

    return end_of


class _Passed:
    """Adds up what was done, and tells of it."""

    def __init__(self, told: Told, what: str, total: int) -> None:
        self._told = told
        self._what = what
        self._total = total
        self._done = 0

    def __call__(self, count: int) -> None:
        self._done += count
        self._told(self._what, min(self._done, self._total or self._done), self._total)


def _verified(site: _Site, plan: Plan, found: Collection, told: _Passed) -> Verified:
    outputs, fetch = found.outputs[plan.partition], site.published.fetch
    return _noted(site, site.verifier.verify(plan, outputs, fetch, told))


def _noted(site: _Site, verified: Verified) -> Verified:
    """A message that is missing may only be older than its topic."""
    topics, difference = site.configuration.topics, verified.difference
    if difference is None or difference.problem != "missing":
        return verified
    topic = {"alert": topics.alerts, "sample": topics.samples}.get(
        difference.what, topics.dead_letters
    )
    if topic not in site.published.trimmed:
        return verified
    note = f"{topic} no longer holds its beginning: it may have been there; try a later --from"
    return msgspec.structs.replace(
        verified, difference=msgspec.structs.replace(difference, note=note)
    )


def explain(configuration: Configuration, alert_id: str, *, replay: bool) -> Explained:
    """The alert or sample with this id as published; with `replay` derived anew beside it.

    Raises:
        NotFound: nothing was published under this id, and there is no such record.
        ConfigurationError: the id is of another detector or topic, or cannot be derived.
        DependencyDown: Kafka or the store does not answer.
    """
    detector = configuration.detector.name
    try:
        source = source_of_id(alert_id, detector)
    except Foreign as error:
        raise ConfigurationError(f"{error}; ids are in the alerts' `id`") from error
    with _site(configuration) as site:
        found = site.published.about(source)
        if not replay:
            if not found:
                topics = configuration.topics
                raise NotFound(
                    f"no alert or sample {alert_id} is on topics {topics.alerts} and "
                    f"{topics.samples}; --replay derives it from the log"
                )
            return _published(site, found)
        if source.topic_id != spelt_as_in_ids(site.topic_id):
            raise ConfigurationError(
                f"alert {alert_id} is of a topic that was deleted: {configuration.topics.events} "
                f"has the id {site.topic_id} now, and the records are gone"
            )
        _chosen(site, [source.partition])
        plan = site.planner.plan(source.partition, source.offset, source.offset + 1)
        return _derived(site, plan, found)


def _said(site: _Site, message: Message) -> Alert | None:
    """The alert or sample that the message is; None for a dead letter."""
    topics = site.configuration.topics
    if message.topic == topics.dead_letters:
        return None
    return decode(message.value or b"", Alert if message.topic == topics.alerts else Sample)


def _published(site: _Site, found: Sequence[tuple[Place, Message]]) -> Explained:
    alerts = []
    for place, message in found:
        try:
            said = _said(site, message)
        except msgspec.MsgspecError as error:
            raise ConfigurationError(
                f"{place}: what is published under this id is no alert: {error}"
            ) from error
        if said is not None:
            alerts.append(said)
    return Explained(published=alerts, where=[str(place) for place, _ in found])


def _derived(site: _Site, plan: Plan, found: Sequence[tuple[Place, Message]]) -> Explained:
    derived = site.verifier.derive(plan)
    message = derived.message
    said = None if message is None else _said(site, message)
    wanted: list[tuple[str, bytes | None]] = []
    differing: dict[str, tuple[object, object]] = {}
    if message is not None and said is not None:
        wanted = [(message.topic, message.value)]
        for _, each in found:
            differing = differing or differing_fields(type(said), message.value, each.value)
    equal = [(each.topic, each.value) for _, each in found] == wanted
    return msgspec.structs.replace(
        _published(site, found),
        derived=said,
        scored=derived.scored,
        start=derived.start,
        equal=equal,
        differing=differing,
    )
