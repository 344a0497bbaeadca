"""Members of one group that do not fit together: the one at fault ends, and says why."""

from pathlib import Path

import pytest

from tests.fixtures.consumer_process import ConsumerProcess, wait_until, write_configuration
from tests.fixtures.kafka import Topics


@pytest.fixture
def config(tmp_path: Path, topics: Topics) -> Path:
    """A detector on an input topic with two partitions."""
    topics.create(topics.name("events"), 2)
    file, _ = write_configuration(tmp_path, topics)
    return file


def test_a_second_member_under_a_static_name_ends_the_first(config: Path) -> None:
    """Kafka lets go of the first; it must not stay and look healthy."""
    static = {"FLOODLINE_CONSUMER__STATIC_MEMBERSHIP": "true"}
    with ConsumerProcess(config, "same", environment=static) as first:
        first.wait_running(2)
        with ConsumerProcess(config, "same", environment=static) as second:
            assert first.process.wait(60) == 3
            assert "another member runs under consumer.instance 'same'" in first.log.read_text()
            second.wait_running(2)
            assert second.stop() == 0


def test_members_that_share_in_different_ways_do_not_mix(config: Path) -> None:
    """The one that comes later is told so, and the first goes on."""
    with ConsumerProcess(config, "first") as first:
        first.wait_running(2)
        other = {"FLOODLINE_CONSUMER__REBALANCING": "range"}
        with ConsumerProcess(config, "other", environment=other) as late:
            assert late.process.wait(60) == 3
            assert "another way than consumer.rebalancing = 'range'" in late.log.read_text()
        wait_until(lambda: len(first.held) == 2, "the first still scores")
        assert first.stop() == 0


def test_a_static_member_without_a_name_is_refused(config: Path) -> None:
    """An empty name is none."""
    static = {"FLOODLINE_CONSUMER__STATIC_MEMBERSHIP": "true", "FLOODLINE_CONSUMER__INSTANCE": ""}
    with ConsumerProcess(config, "", environment=static) as member:
        assert member.process.wait(60) == 3
        assert "consumer.instance" in member.log.read_text()
