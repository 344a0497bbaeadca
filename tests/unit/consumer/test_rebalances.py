"""Before a partition goes, what was polled is committed, and a transaction under way ends."""

from random import Random

import pytest

from tests.fakes.group import FakeGroup
from tests.fakes.kafka import FakeBroker
from tests.fakes.member import configure, levels
from tests.fakes.place import FakeDisk
from tests.fakes.simulated_member import SimulatedMember

CONFIGURATION = configure()


def running(records: int) -> SimulatedMember:
    """A hasty member that holds partition 0, with its first commit done and nothing polled yet."""
    broker = FakeBroker(CONFIGURATION.topics, partitions={0: []})
    group = FakeGroup(broker, Random(1))
    group.wanted[0] = "one"
    member = SimulatedMember(group, CONFIGURATION, FakeDisk(), "one")
    while not broker.transactions:
        member.turn()
    broker.append(0, levels(1, records))
    member.input.seconds_per_poll = 0.001
    return member


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_what_was_polled_is_scored_and_committed_before_a_partition_goes(turns: int) -> None:
    """What was scored since the last commit is committed at a rebalance."""
    member = running(records=300)
    for _ in range(turns):
        member.turn()
    polled = member.input.places[0]
    assert polled == turns * 30
    assert member.input.broker.committed() == {0: 0}
    member.input.group.wanted[0] = "another"
    member.turn()
    assert member.input.broker.committed() == {0: polled}


def test_a_transaction_under_way_ends_before_a_partition_goes() -> None:
    """At a rebalance the transaction on its way comes to its end, and then what came after it."""
    member = running(records=4_000)
    member.output.looks = 1_000
    broker = member.input.broker
    before = broker.transactions
    while member.output.under_way == 0:
        member.turn()
    member.turn()
    polled = member.input.places[0]
    assert broker.transactions == before
    member.input.group.wanted[0] = "another"
    member.turn()
    assert broker.committed() == {0: polled}
    assert broker.transactions == before + 2


def test_what_was_lost_is_another_members_to_commit() -> None:
    """A member that was left out commits nothing more, and its transaction on the way is fenced."""
    member = running(records=4_000)
    member.output.looks = 1_000
    group = member.input.group
    while member.output.under_way == 0:
        member.turn()
    member.turn()
    group.wanted[0] = "another"
    group.leave("one")
    for _ in range(5):
        member.turn()
    assert group.broker.committed() == {0: 0}
    assert group.fenced == 1
    assert member.alive
