"""The broker's side of a group and its transactions, which fences whoever is a member no more.

As in Kafka: offsets of a transaction are taken from the group's present generation only; the end
of a transaction asks for the producer's epoch only; and who asks for a committed offset waits
until every transaction that holds one for the partition has ended.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from consumer.ports import Message, Position, PublishFailed
from consumer.records import Batch
from floodline.errors import DependencyDown
from tests.fakes.kafka import FakeBroker, FakeClock, FakeInput

Point = Callable[[str], None]


@dataclass
class Transaction:
    """Messages and offsets that the broker has, and what became of them."""

    messages: list[Message]
    positions: list[Position]
    state: str = "open"


class FakeGroup:
    """Who is a member, who holds which partition, and which transactions are open."""

    def __init__(self, broker: FakeBroker, chance: Random) -> None:
        self.broker = broker
        self.chance = chance
        self.generation = 0
        self.members: dict[str, int] = {}
        self.wanted: dict[int, str] = {}
        self.owners: dict[int, str] = {}
        self.fenced = 0
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Transaction] = {}
        self._joined = 0

    def join(self, name: str) -> int:
        """A process joins under this name; an older one of the same name is no member any more.

        As with static membership it gets the partitions of the older one.
        """
        self._joined += 1
        self.members[name] = self._joined
        self._free(name)
        return self._joined

    def leave(self, name: str) -> None:
        """It is a member no more: it said so, or its session timed out."""
        self.members.pop(name, None)
        self._free(name)

    def _free(self, name: str) -> None:
        self.give_up(name, [p for p, owner in self.owners.items() if owner == name])

    def give_up(self, name: str, partitions: Iterable[int]) -> None:
        """Partitions that the member holds no more; the group goes on in a new generation."""
        for partition in partitions:
            if self.owners.get(partition) == name:
                del self.owners[partition]
        self.generation += 1

    def renew(self, name: str) -> int:
        """A new producer's epoch; what an older one of the name left open comes to its end."""
        self._resolve(name)
        self._epochs[name] = self._epochs.get(name, 0) + 1
        return self._epochs[name]

    def committed(self, partition: int) -> None:
        """Somebody asks for this partition's offset: the transactions that hold one end first."""
        for name, transaction in list(self._open.items()):
            if any(position.partition == partition for position in transaction.positions):
                self._resolve(name)

    def _resolve(self, name: str) -> None:
        """What was open ends: the request to commit came through at last, or never."""
        transaction = self._open.get(name)
        if transaction is not None and self.chance.random() < 0.5:
            self._commit(name, transaction)
        elif transaction is not None:
            del self._open[name]
            transaction.state = "aborted"

    def send(self, name: str, epoch: int, member: tuple[int, int], sent: Transaction) -> None:
        """Begin a transaction and send its messages and offsets."""
        self._refuse_fenced(name, epoch)
        if (self.members.get(name), self.generation) != member:
            self.fenced += 1
            raise PublishFailed("illegal_generation", "the group went on without this member")
        self._open[name] = sent

    def end(self, name: str, epoch: int, sent: Transaction) -> None:
        """Commit the transaction."""
        if sent.state == "open":
            self._refuse_fenced(name, epoch)
            self._commit(name, sent)
        if sent.state == "aborted":
            raise PublishFailed("aborted", "it took too long")

    def _refuse_fenced(self, name: str, epoch: int) -> None:
        if self._epochs[name] != epoch:
            self.fenced += 1
            raise PublishFailed("fenced", "another producer has this name")

    def _commit(self, name: str, sent: Transaction) -> None:
        del self._open[name]
        sent.state = "committed"
        self.broker.transactions += 1
        self.broker.messages += sent.messages
        self.broker.positions |= {position.partition: position for position in sent.positions}


class GroupInput(FakeInput):
    """A member that hears of rebalances when it polls; one that was left out hears of it late."""

    def __init__(self, group: FakeGroup, clock: FakeClock, name: str, at: Point) -> None:
        super().__init__(group.broker, clock)
        self.group = group
        self.name = name
        self.unaware = 0
        self._at = at
        self._incarnation = group.join(name)
        self._generation = group.generation

    @property
    def member(self) -> tuple[int, int]:
        """The group's metadata as this member knows it."""
        return self._incarnation, self._generation

    @property
    def _left_out(self) -> bool:
        return self.group.members.get(self.name) != self._incarnation

    def poll(self, limit: int, seconds: float) -> list[Batch]:
        """What the group says, then records."""
        self._at("before a poll")
        if self._left_out and self.unaware:
            self.unaware -= 1
        else:
            self._follow()
        found = super().poll(limit, seconds)
        self._at("after a poll")
        return found

    def _follow(self) -> None:
        group, name = self.group, self.name
        if self._left_out:
            if name in group.members:
                raise DependencyDown("fenced: another process runs under this instance")
            if self.places:
                self._take(list(self.places), lost=True)
            self._incarnation = group.join(name)
        self._generation = group.generation
        going = [p for p in self.places if group.wanted.get(p) != name]
        if going:
            self._take(going, lost=False)
            group.give_up(name, going)
        coming = [p for p, to in group.wanted.items() if to == name and p not in group.owners]
        if coming:
            group.owners |= dict.fromkeys(coming, name)
            self._give(coming)
        self._generation = group.generation

    def committed(self, partition: int) -> Position | None:
        """The committed position, once it can be told."""
        self._at("asking for an offset")
        self.group.committed(partition)
        return super().committed(partition)

    def close(self) -> None:
        """Leave."""
        if self.places and self._left_out and not self.unaware:
            self._take(list(self.places), lost=True)
        super().close()
        if not self._left_out:
            self.group.leave(self.name)


class StagedPublication:
    """A transaction in steps, each done after so many looks, or when it is waited for."""

    def __init__(self, steps: Sequence[Callable[[], None]], looks: int) -> None:
        self.over = False
        self._steps = list(steps)
        self._looks = looks
        self._failed: PublishFailed | None = None

    def ended(self) -> bool:
        """Whether its outcome is known; every look lets it go on."""
        self._looks -= 1
        if self._looks < 0:
            self.go_on()
        return not self._steps

    def go_on(self) -> None:
        """Do the next step."""
        step, self._steps = self._steps[0:1], self._steps[1:]
        try:
            for each in step:
                each()
        except PublishFailed as failure:
            self._failed = failure
            self._steps = []

    def settle(self) -> None:
        """Do all that is left; what failed is raised."""
        assert not self.over, "settled twice"
        self.over = True
        while self._steps:
            self.go_on()
        if self._failed is not None:
            raise self._failed


class FencedOutput:
    """A transactional producer at a broker that fences.

    `plan` has a word for each transaction to come: `ok`; `refused` (nothing is sent); `unknown`
    (committed, and told that it failed); `open` (sent, told that it failed, and the broker waits
    for the end); `stuck` (given up by the caller, while a thread left behind still works on it);
    `renew` (refused, and the next renewal fails too).
    """

    def __init__(self, source: GroupInput, at: Point) -> None:
        self.plan: list[str] = []
        self.looks = 0
        self.left_behind: list[StagedPublication] = []
        self._source = source
        self._group = source.group
        self._at = at
        self._epoch: int | None = None
        self._renewals_to_fail = 0
        self._last: StagedPublication | None = None
        self.renew()

    @property
    def under_way(self) -> int:
        """How many transactions the caller has not come to the end of: none or one."""
        return int(self._last is not None and not self._last.over)

    def renew(self) -> None:
        """A new producer under the same name."""
        self._at("before a renewal")
        if self._renewals_to_fail:
            self._renewals_to_fail -= 1
            raise PublishFailed("renew", "the plan says so")
        self._epoch = self._group.renew(self._source.name)

    def publish(
        self,
        messages: Sequence[Message],
        positions: Sequence[Position],
        holds: Callable[[], None],
        seconds: float,
    ) -> StagedPublication:
        """A transaction for the group as the member knows it now."""
        assert self._epoch is not None, "a producer that failed was used again"
        assert seconds > 0
        assert self._last is None or self._last.over, "two transactions at once"
        self._at("before a publication")
        word = self.plan.pop(0) if self.plan else "ok"
        steps = self._steps(word, Transaction(list(messages), list(positions)), holds)
        if word == "stuck":
            self.left_behind.append(StagedPublication(steps, 0))
            steps = [lambda: self._give_up("stuck")]
        self._last = StagedPublication(steps, self.looks)
        return self._last

    def _steps(
        self, word: str, sent: Transaction, holds: Callable[[], None]
    ) -> list[Callable[[], None]]:
        name, epoch, member = self._source.name, self._epoch, self._source.member
        assert epoch is not None

        def send() -> None:
            holds()
            if word in ("refused", "renew"):
                self._renewals_to_fail = int(word == "renew")
                self._give_up(word)
            self._told(epoch, lambda: self._group.send(name, epoch, member, sent))
            self._at("offsets sent")

        def end() -> None:
            if word != "open":
                self._told(epoch, lambda: self._group.end(name, epoch, sent))
            self._at("committed")
            if word in ("unknown", "open"):
                self._give_up(word)

        return [send, end]

    def _told(self, epoch: int, call: Callable[[], None]) -> None:
        """A producer that failed once is never used again; a newer one is not this one."""
        try:
            call()
        except PublishFailed:
            if self._epoch == epoch:
                self._epoch = None
            raise

    def _give_up(self, word: str) -> None:
        self._epoch = None
        raise PublishFailed(f"planned_{word}", "the plan says so")
