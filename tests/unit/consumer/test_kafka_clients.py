"""What the client is told, call by call: the safeguards that only Kafka itself could miss."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumer.adapters.kafka import group_input, output
from consumer.adapters.kafka.group_input import KafkaInput
from consumer.adapters.kafka.output import KafkaOutput
from consumer.adapters.kafka.rejoining import Rejoining
from consumer.ports import Checkpoint, Message, Position, PublishFailed
from floodline.errors import ConfigurationError
from tests.fakes.member import TOPIC_ID, configure

Calls = list[tuple[str, Any]]
POSITION = Position(
    1, 17, Checkpoint(topic_id=TOPIC_ID, model="m", release=0, events=17, dead_letters=0)
)


class StubProducer:
    """Notes what it is told; refuses the step whose name is in `refuses`."""

    made: list["StubProducer"]
    refuses: str | None

    def __init__(self, settings: dict[str, Any], logger: object) -> None:
        del logger
        self.calls: Calls = [("made", settings["transactional.id"])]
        self.made.append(self)

    def _told(self, step: str, what: Any = None) -> None:
        self.calls.append((step, what))
        if step == type(self).refuses:
            type(self).refuses = None
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, step))

    def init_transactions(self, seconds: float) -> None:
        """Fence older producers of the name."""
        assert seconds > 0
        self._told("init")

    def begin_transaction(self) -> None:
        """Begin."""
        self._told("begin")

    def produce(self, topic: str, **message: Any) -> None:
        """Send a message."""
        assert message["value"] is not None
        self._told("produce", topic)

    def send_offsets_to_transaction(
        self, places: list[TopicPartition], group: object, seconds: float
    ) -> None:
        """Send offsets."""
        assert seconds > 0
        self._told("offsets", ([(p.partition, p.offset) for p in places], group))

    def commit_transaction(self) -> None:
        """Commit."""
        self._told("commit")

    def purge(self) -> None:
        """Forget what waits."""
        self._told("purge")


class StubConsumer:
    """A member of a group whose metadata changes at every rebalance."""

    def __init__(self, *settings: object, **more: object) -> None:
        del settings, more
        self.generation = 1
        self.calls: Calls = []
        self.told: dict[str, Any] = {}

    def consumer_group_metadata(self) -> str:
        """Of this moment."""
        return f"generation {self.generation}"

    def subscribe(self, topics: list[str], **told: Any) -> None:
        """Join."""
        assert topics == ["levels"]
        self.told = told

    def _places(self, call: str, places: list[TopicPartition]) -> None:
        self.calls.append((call, [(p.partition, p.offset) for p in places]))

    def incremental_assign(self, places: list[TopicPartition]) -> None:
        """Take partitions."""
        self._places("assign", places)

    def incremental_unassign(self, places: list[TopicPartition]) -> None:
        """Give partitions back."""
        self._places("unassign", places)

    def pause(self, places: list[TopicPartition]) -> None:
        """Fetch no more."""
        self._places("pause", places)

    def resume(self, places: list[TopicPartition]) -> None:
        """Fetch again."""
        self._places("resume", places)

    def seek(self, place: TopicPartition) -> None:
        """Fetch from here."""
        self._places("seek", [place])

    def consume(self, limit: int, seconds: float) -> list[Any]:
        """Nothing comes."""
        assert limit
        assert seconds
        return []

    def close(self) -> None:
        """Leave, and say so late."""
        self.told["on_lost"](self, [TopicPartition("levels", 0)])
        self.calls.append(("closed", []))


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> tuple[KafkaInput, StubConsumer]:
    """The adapter over stubs in place of the client's two classes."""
    StubProducer.made, StubProducer.refuses = [], None
    monkeypatch.setattr(output, "Producer", StubProducer)
    monkeypatch.setattr(group_input, "Consumer", StubConsumer)
    source = KafkaInput(configure(consumer={"instance": "one"}), "one")
    member: Any = source.consumer
    return source, member


def publish(output: KafkaOutput) -> None:
    """A transaction of one message and one position, to its end."""
    message = Message("levels-alerts", b"k", b"v", [])
    output.publish([message], [POSITION], lambda: None, 20.0).settle()


def test_offsets_travel_in_the_transaction_of_their_messages(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """Every transaction has its messages, then its offsets, then one end."""
    output = KafkaOutput(configure(), clients[0], "one")
    output.renew()
    publish(output)
    (producer,) = StubProducer.made
    steps = [step for step, _ in producer.calls]
    assert steps == ["made", "init", "begin", "produce", "offsets", "commit"]
    assert producer.calls[4][1] == ([(1, 17)], "generation 1")


def test_the_groups_metadata_is_of_the_moment_of_sealing(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """Each transaction is sent for the group as it was when it was begun: Kafka fences by it."""
    source, member = clients
    output = KafkaOutput(configure(), source, "one")
    output.renew()
    publish(output)
    member.generation = 2
    publish(output)

    def rebalanced() -> None:
        member.generation = 3

    output.publish([], [POSITION], rebalanced, 20.0).settle()
    (producer,) = StubProducer.made
    groups = [what[1] for step, what in producer.calls if step == "offsets"]
    assert groups == ["generation 1", "generation 2", "generation 2"]


@pytest.mark.parametrize("step", ["begin", "produce", "offsets", "commit"])
def test_a_step_that_fails_fails_the_publication(
    clients: tuple[KafkaInput, StubConsumer], step: str
) -> None:
    """A time-out at any step is a failure; a new producer of the same name comes after it."""
    output = KafkaOutput(configure(), clients[0], "one")
    output.renew()
    StubProducer.refuses = step
    with pytest.raises(PublishFailed, match=step):
        publish(output)
    output.renew()
    publish(output)
    first, second = StubProducer.made
    assert first.calls[-1][0] == "purge"
    assert first.calls[0] == second.calls[0]
    assert [name for name, _ in second.calls][-1] == "commit"


def test_a_refused_message_is_the_cause_of_what_fails_after_it(
    clients: tuple[KafkaInput, StubConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client calls all that follows an erroneous state; the failure names what was refused."""
    refused = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "ProduceRequest for levels-alerts")
    output = KafkaOutput(configure(), clients[0], "one")
    output.renew()

    def begin(producer: StubProducer) -> None:
        producer.calls.append(("begin", None))
        if len(producer.calls) > 3:
            raise KafkaException(refused)

    def produce(producer: StubProducer, topic: str, **message: Any) -> None:
        del message
        producer.calls.append(("produce", topic))
        raise KafkaException(KafkaError(KafkaError._STATE, "Local: Erroneous state"))

    monkeypatch.setattr(StubProducer, "begin_transaction", begin)
    monkeypatch.setattr(StubProducer, "produce", produce)
    with pytest.raises(PublishFailed, match="produce: ProduceRequest for levels-alerts") as failed:
        publish(output)
    assert failed.value.cause == "produce:MSG_SIZE_TOO_LARGE"


def test_nothing_is_published_by_a_producer_that_was_given_up(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """Before a renewal there is no producer, so nothing can be sent by chance."""
    output = KafkaOutput(configure(), clients[0], "one")
    with pytest.raises(PublishFailed, match="given up"):
        publish(output)
    assert StubProducer.made == []


def test_nothing_is_sent_where_it_must_not_be(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """What is asked just before a transaction can forbid it: the producer is not even told."""
    output = KafkaOutput(configure(), clients[0], "one")
    output.renew()

    def forbid() -> None:
        raise ConfigurationError("another topic has the name now")

    with pytest.raises(ConfigurationError, match="another topic"):
        output.publish([], [POSITION], forbid, 20.0).settle()
    (producer,) = StubProducer.made
    assert [step for step, _ in producer.calls] == ["made", "init"]


class Heard:
    """Notes what it is told of partitions."""

    def __init__(self) -> None:
        self.calls: Calls = []

    def assigned(self, partitions: Sequence[int]) -> None:
        """Ours."""
        self.calls.append(("assigned", partitions))

    def revoked(self, partitions: Sequence[int]) -> None:
        """Going."""
        self.calls.append(("revoked", partitions))

    def lost(self, partitions: Sequence[int]) -> None:
        """Gone."""
        self.calls.append(("lost", partitions))


def test_revoked_and_lost_are_told_apart(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """Only what Kafka calls revoked may be committed; what it calls lost is another's."""
    source, member = clients
    heard = Heard()
    source.subscribe(heard)
    places = [TopicPartition("levels", 2)]
    member.told["on_assign"](member, places)
    member.told["on_revoke"](member, places)
    member.told["on_assign"](member, places)
    member.told["on_lost"](member, places)
    assert [call for call, _ in heard.calls] == ["assigned", "revoked", "assigned", "lost"]
    assert [call for call, _ in member.calls] == ["assign", "pause", "unassign"] * 2


def test_reading_goes_on_at_the_committed_offset(
    clients: tuple[KafkaInput, StubConsumer],
) -> None:
    """A partition is resumed where its task stands, not where the client had come to."""
    source, member = clients
    source.resume(2, 40)
    assert member.calls == [("seek", [(2, 40)]), ("resume", [(2, 40)])]


def test_a_client_that_does_not_come_back_is_replaced(
    clients: tuple[KafkaInput, StubConsumer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a loss the group must be heard of in time, else another client joins; once heard, not.

    What the client before says late is heard by nobody.
    """
    source, first = clients
    seconds = 1_000.0
    monkeypatch.setattr(source, "_rejoining", Rejoining(30.0, lambda: seconds))
    heard = Heard()
    source.subscribe(heard)
    place = [TopicPartition("levels", 0)]
    first.told["on_assign"](first, place)
    first.told["on_lost"](first, place)
    seconds += 29
    source.poll(10, 0.1)
    assert source.consumer is first
    seconds += 2
    source.poll(10, 0.1)
    second: Any = source.consumer
    assert second is not first
    second.told["on_assign"](second, [])
    seconds += 1_000
    source.poll(10, 0.1)
    assert source.consumer is second
    while ("closed", []) not in first.calls:
        time.sleep(0.001)
    assert heard.calls == [("assigned", [0]), ("lost", [0])]


def test_the_wait_for_the_group_doubles() -> None:
    """A Kafka that stays away costs a new client ever less often."""
    seconds = 0.0
    waiting = Rejoining(30.0, lambda: seconds)
    assert not waiting.overdue()
    waiting.lost()
    replaced = []
    for _ in range(2_000):
        seconds += 1
        if waiting.overdue():
            replaced.append(seconds)
    assert replaced == [30, 90, 210, 450, 930, 1_410, 1_890]
    waiting.heard()
    seconds += 1_000
    assert not waiting.overdue()
