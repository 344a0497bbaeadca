"""A Kafka in memory behind the consumer's ports: a fake, with transactions, rewinds, rebalances."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from consumer.ports import Assignment, Message, Position, PublishFailed
from consumer.records import Batch, Record
from floodline.errors import DependencyDown
from floodline.events.messages import Alert, Change, Mark, Release, decode, kind_of
from floodline.events.topics import Topics


@dataclass
class FakeBroker:
    """The input partitions and everything that was committed; it outlives its clients."""

    topics: Topics
    partitions: dict[int, list[Record]] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    transactions: int = 0
    milliseconds: int = 1
    """Between the timestamps of neighbouring offsets."""

    def append(self, partition: int, values: Iterable[bytes | None], gap: int = 0) -> None:
        """Values behind the partition's end, `gap` offsets apart as control records leave them."""
        records = self.partitions.setdefault(partition, [])
        for value in values:
            offset = records[-1].offset + 1 + gap if records else 0
            timestamp = 1_000 + offset * self.milliseconds
            records.append(Record(partition, offset, timestamp, None, value, []))

    def end(self, partition: int) -> int:
        """The offset after the partition's last record."""
        records = self.partitions.get(partition, [])
        return records[-1].offset + 1 if records else self.starts.get(partition, 0)

    def trim(self, partition: int, start: int) -> None:
        """Retention passed: records before `start` are gone."""
        kept = [record for record in self.partitions[partition] if record.offset >= start]
        self.partitions[partition] = kept
        self.starts[partition] = start

    def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        """Records from `offset` on."""
        records = self.partitions.get(partition, [])
        return [record for record in records if record.offset >= offset][:limit]

    def published(self, topic: str) -> list[Message]:
        """Committed messages of a topic, in order."""
        return [message for message in self.messages if message.topic == topic]

    def alerts(self) -> list[Alert]:
        """Every committed alert."""
        return [decode(m.value or b"", Alert) for m in self.published(self.topics.alerts)]

    def said(self, partition: int) -> list[Change | Mark]:
        """Every committed change and mark of a partition."""
        said = [m for m in self.published(self.topics.changes) if m.partition == partition]
        return [
            decode(m.value or b"", Mark)
            if kind_of(m.headers) == "mark"
            else decode(m.value or b"", Change)
            for m in said
        ]

    def changes(self, partition: int) -> list[Change]:
        """Every committed change of a partition."""
        return [each for each in self.said(partition) if isinstance(each, Change)]

    def marks(self, partition: int) -> list[Mark]:
        """Every committed mark of a partition."""
        return [each for each in self.said(partition) if isinstance(each, Mark)]

    def committed(self) -> dict[int, int]:
        """The committed offset of each partition."""
        return {partition: position.offset for partition, position in self.positions.items()}

    @property
    def all_committed(self) -> bool:
        """True when every record lies before a committed offset."""
        ends = {partition: self.end(partition) for partition in self.partitions}
        return self.committed() == ends


class FakeClock:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class FakeInput:
    """A group member whose rebalances are scripted: they happen at the next poll."""

    def __init__(
        self, broker: FakeBroker, clock: FakeClock, seconds_per_poll: float = 10.0
    ) -> None:
        self.broker = broker
        self.seconds_per_poll = seconds_per_poll
        self.stale: list[Record] = []
        self.times_away = 0
        self.script: list[Callable[[], None]] = []
        self.closed = False
        self.paused: set[int] = set()
        self.places: dict[int, int] = {}
        self._clock = clock
        self._assignment: Assignment | None = None

    def subscribe(self, assignment: Assignment) -> None:
        """Join the group."""
        self._assignment = assignment

    def give(self, *partitions: int) -> None:
        """At the next poll these are assigned, paused."""
        self.script.append(lambda: self._give(partitions))

    def _give(self, partitions: Sequence[int]) -> None:
        assert self._assignment is not None
        self.places |= dict.fromkeys(partitions, 0)
        self.paused |= set(partitions)
        self._assignment.assigned(partitions)

    def revoke(self, *partitions: int) -> None:
        """At the next poll these go to another member."""
        self.script.append(lambda: self._take(partitions, lost=False))

    def lose(self, *partitions: int) -> None:
        """At the next poll it turns out that these went to another member long ago."""
        self.script.append(lambda: self._take(partitions, lost=True))

    def _take(self, partitions: Sequence[int], *, lost: bool) -> None:
        assert self._assignment is not None
        (self._assignment.lost if lost else self._assignment.revoked)(partitions)
        for partition in partitions:
            del self.places[partition]

    def poll(self, limit: int, seconds: float) -> list[Batch]:
        """What was scripted, then records; the clock moves on."""
        assert not self.closed
        self._clock.seconds += min(seconds, self.seconds_per_poll)
        script, self.script = self.script, []
        for step in script:
            step()
        stale, self.stale = self.stale, []
        found = [Batch.of([record]) for record in stale]
        for partition in sorted(set(self.places) - self.paused):
            records = self.broker.read(partition, self.places[partition], limit)
            if records:
                self.places[partition] = records[-1].offset + 1
                found.append(Batch.of(records))
        return found

    def committed(self, partition: int) -> Position | None:
        """The committed position."""
        return self.broker.positions.get(partition)

    def bounds(self, partition: int) -> tuple[int, int]:
        """First offset held, and the one after the last; at first Kafka may be away."""
        if self.times_away:
            self.times_away -= 1
            raise DependencyDown("away")
        return self.broker.starts.get(partition, 0), self.broker.end(partition)

    def offset_at(self, partition: int, timestamp: int) -> int:
        """The first offset at or after a time, else the end."""
        records = self.broker.partitions.get(partition, [])
        later = [record.offset for record in records if record.timestamp >= timestamp]
        return later[0] if later else self.broker.end(partition)

    def resume(self, partition: int, offset: int) -> None:
        """Read from `offset` on."""
        assert partition in self.places, "a partition that is not ours"
        self.places[partition] = offset
        self.paused.discard(partition)

    def pause(self, partition: int) -> None:
        """Read no more."""
        self.paused.add(partition)

    def lag(self, partition: int, offset: int) -> int:
        """Offsets to the end."""
        return self.broker.end(partition) - offset

    def close(self) -> None:
        """Leave: the held partitions are revoked first, as the real client does."""
        if not self.closed and self._assignment is not None and self.places:
            self._take(list(self.places), lost=False)
        self.closed = True


class FakePublication:
    """A transaction that takes place when it is waited for, or was looked at often enough."""

    def __init__(self, transact: Callable[[], None], looks: int) -> None:
        self.over = False
        self._transact = transact
        self._looks = looks

    def ended(self) -> bool:
        """Whether it took place, or does at once."""
        self._looks -= 1
        return self._looks < 0

    def settle(self) -> None:
        """Let it take place."""
        assert not self.over, "settled twice"
        self.over = True
        self._transact()


class FakeOutput:
    """A transactional producer that fails where `plan` says so.

    `plan` has a word for each transaction to come: `ok`; `refused` (nothing of it is committed);
    `unknown` (all of it is committed, and the caller is told that it failed); `renew` (refused,
    and the next renewal fails too). After its end all is well.
    """

    def __init__(self, broker: FakeBroker, plan: Iterable[str] = ()) -> None:
        self.broker = broker
        self.plan = list(plan)
        self.looks = 0
        self.open: FakePublication | None = None
        self.before_commit: Callable[[], None] = lambda: None
        self._renewals_to_fail = 0
        self._usable = False

    def renew(self) -> None:
        """A new producer."""
        if self._renewals_to_fail:
            self._renewals_to_fail -= 1
            raise PublishFailed("renew", "the plan says so")
        self._usable = True

    def publish(
        self,
        messages: Sequence[Message],
        positions: Sequence[Position],
        holds: Callable[[], None],
        seconds: float,
    ) -> "FakePublication":
        """A transaction that takes place after as many looks at it as `looks` says."""
        assert self._usable, "a producer that failed was used again"
        assert seconds > 0
        assert self.open is None or self.open.over, "two transactions at once"

        def transact() -> None:
            holds()
            self._transact(list(messages), list(positions))

        self.open = FakePublication(transact, self.looks)
        return self.open

    def _transact(self, messages: Sequence[Message], positions: Sequence[Position]) -> None:
        outcome = self.plan.pop(0) if self.plan else "ok"
        self.before_commit()
        if outcome in ("ok", "unknown"):
            self._commit(messages, positions)
        if outcome != "ok":
            self._usable = False
            self._renewals_to_fail = int(outcome == "renew")
            raise PublishFailed(f"planned_{outcome}", "the plan says so")

    def _commit(self, messages: Sequence[Message], positions: Sequence[Position]) -> None:
        self.broker.transactions += 1
        self.broker.messages += messages
        self.broker.positions |= {position.partition: position for position in positions}


class FakeReplay:
    """A bounded part of the log, handed out in small pieces."""

    def __init__(self, records: list[Record], piece: int) -> None:
        self._records = records
        self._piece = piece
        self.closed = False

    def read(self, seconds: float) -> tuple[list[Batch], bool]:
        """The next piece."""
        assert not self.closed
        del seconds
        head, self._records = self._records[: self._piece], self._records[self._piece :]
        return [Batch.of(head)] if head else [], not self._records

    def close(self) -> None:
        """Let go."""
        assert not self.closed, "closed twice"
        self.closed = True


class FakeLog:
    """The input again and the changes, read beside the group."""

    def __init__(self, broker: FakeBroker, piece: int = 50) -> None:
        self.broker = broker
        self.replays: list[FakeReplay] = []
        self.lost_changes: set[int] = set()
        self._piece = piece

    def replay(self, partition: int, start: int, end: int) -> FakeReplay:
        """Records with start <= offset < end."""
        records = [r for r in self.broker.partitions.get(partition, []) if start <= r.offset < end]
        self.replays.append(FakeReplay(records, self._piece))
        return self.replays[-1]

    def changes(self, partition: int) -> list[Change | Mark]:
        """Committed changes and marks."""
        return [] if partition in self.lost_changes else self.broker.said(partition)


class FakeTopic:
    """The input topic: its id changes when a test makes it anew."""

    def __init__(self, topic_id: str) -> None:
        self.current = topic_id
        self.looks = 0

    def ensure(self) -> str:
        """The id; our own topics are always there."""
        return self.topic_id()

    def topic_id(self) -> str:
        """The id now."""
        self.looks += 1
        return self.current


class FakeReleases:
    """The releases topic."""

    def __init__(self, broker: FakeBroker) -> None:
        self.broker = broker

    def newest(self) -> Release | None:
        """The highest number."""
        return max(self.broker.releases, key=lambda release: release.number, default=None)
