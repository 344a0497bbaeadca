"""Metrics and health: what was committed, and whether the loop goes round."""

import math
from pathlib import Path

from prometheus_client import CollectorRegistry

from consumer.observation import Observation
from consumer.task import State, Task
from floodline.telemetry.metrics import ConsumerMetrics
from tests.fakes.kafka import FakeBroker, FakeClock
from tests.fakes.member import TOPIC_ID, Member, configure, levels, run_to_end


def observed() -> tuple[Observation, FakeClock, CollectorRegistry]:
    """An observation with a clock moved by hand."""
    registry, clock = CollectorRegistry(), FakeClock()
    observation = Observation(
        ConsumerMetrics(registry), "gauge", monotonic=clock, now=lambda: 1_000.0
    )
    return observation, clock, registry


def test_counts_are_those_of_the_log(tmp_path: Path) -> None:
    """After failures and rewinds the counters still equal what was committed, each record once."""
    configuration = configure()
    broker = FakeBroker(configuration.topics)
    broker.append(0, levels(1, 500))
    member = run_to_end(broker, configuration, tmp_path, ["refused", "ok"] * 5)
    checkpoint = broker.positions[0].checkpoint
    assert checkpoint is not None
    assert member.value("floodline_events_scored_total", partition="0") == checkpoint.events
    assert member.value("floodline_alerts_total", partition="0") == len(broker.alerts())
    dead = [
        member.value("floodline_dead_letters_total", reason=reason) or 0
        for reason in ("empty", "undecodable", "missing_feature", "invalid_feature")
    ]
    assert sum(dead) == checkpoint.dead_letters == 500 - checkpoint.events
    assert member.value("floodline_records_total", partition="0") == 500
    assert member.value("floodline_offset_gaps_total", partition="0") == 0


def test_gaps_of_the_log_are_counted_apart(tmp_path: Path) -> None:
    """Records and gaps add up to the offsets, over failures too."""
    configuration = configure()
    broker = FakeBroker(configuration.topics)
    broker.append(0, levels(1, 200), gap=1)
    member = run_to_end(broker, configuration, tmp_path, ["refused", "ok"] * 5)
    assert member.value("floodline_records_total", partition="0") == 200
    assert member.value("floodline_offset_gaps_total", partition="0") == 199


def test_gauges_show_the_partition_in_force(tmp_path: Path) -> None:
    """Lag, release, warm-up and threshold follow the commits while the partition is held."""
    configuration = configure(consumer={"batch_size": 10})
    broker = FakeBroker(configuration.topics)
    broker.append(0, levels(1, 200, malformed=0))
    member = Member(broker, configuration, tmp_path)
    member.input.give(0)
    seen = []

    def watched() -> bool:
        names = ("lag_events", "release_number", "warming_up", "threshold_score")
        seen.append([member.value(f"floodline_{name}", partition="0") for name in names])
        return broker.all_committed

    member.run(until=watched)
    lags = [row[0] for row in seen if row[0] is not None]
    assert lags == sorted(lags, reverse=True)
    assert lags[-1] == 0
    assert {row[1] for row in seen if row[1] is not None} == {0}
    warm = [row[2] for row in seen if row[2] is not None]
    assert (warm[0], warm[-1]) == (1, 0)
    thresholds = [row[3] for row in seen if row[3] is not None]
    assert math.isnan(thresholds[0])
    assert 0 < thresholds[-1] <= 1


def test_a_partition_that_left_has_no_gauges(tmp_path: Path) -> None:
    """A closed task takes its gauges along, also where some were never set."""
    observation, _, registry = observed()
    task = Task(4, TOPIC_ID, configure())
    observation.state(task)
    assert registry.get_sample_value(
        "floodline_task_state", {"detector": "gauge", "partition": "4", "state": "created"}
    )
    task.move(State.CLOSED)
    observation.closed(task)
    observation.closed(task)
    names = {sample.name for family in registry.collect() for sample in family.samples}
    assert "floodline_task_state" not in names


def test_liveness_follows_the_loop() -> None:
    """A loop that stood still for a minute is not alive."""
    observation, clock, _ = observed()
    observation.turn(idle=True)
    clock.seconds += 59
    assert observation.alive()[0]
    clock.seconds += 1
    assert observation.alive() == (False, "the loop last went round 60.0 s ago")
    observation.turn(idle=True)
    assert observation.alive()[0]


def test_liveness_asks_for_commits() -> None:
    """A loop that goes round but commits nothing of its work for a minute is not alive."""
    observation, clock, _ = observed()
    for _ in range(6):
        clock.seconds += 10
        observation.turn(idle=False)
    assert not observation.alive()[0]
    assert "nothing was committed for 60 s" in observation.alive()[1]
    observation.commit(0.01)
    assert observation.alive()[0]


def test_readiness_waits_for_every_partition() -> None:
    """A member is ready when each partition it holds is being scored; with none it is ready too."""
    observation, clock, _ = observed()
    assert observation.ready()[0]
    task = Task(4, TOPIC_ID, configure())
    observation.state(task)
    assert observation.ready() == (False, "partitions not running: {4: 'created'}")
    task.move(State.RESTORING)
    task.move(State.RUNNING)
    observation.state(task)
    assert observation.ready()[0]
    clock.seconds += 100
    assert not observation.ready()[0]


def test_the_alert_ratio_is_that_of_the_last_minute(tmp_path: Path) -> None:
    """The share of alerts forgets what was scored more than a minute ago."""
    configuration = configure()
    broker = FakeBroker(configuration.topics)
    broker.append(0, levels(1, 300))
    member = run_to_end(broker, configuration, tmp_path)
    rate = member.value("floodline_alert_ratio")
    checkpoint = broker.positions[0].checkpoint
    assert checkpoint is not None
    assert rate == len(broker.alerts()) / checkpoint.events
    member.clock.seconds += 61
    member.observation.turn(idle=True)
    assert member.value("floodline_alert_ratio") == 0


def test_readiness_says_who_is_warming_up(tmp_path: Path) -> None:
    """While a partition's model learns its first events, readiness says how many are left."""
    configuration = configure(model={"window": 50}, consumer={"batch_size": 10})
    broker = FakeBroker(configuration.topics)
    broker.append(0, levels(1, 30, malformed=0))
    member = Member(broker, configuration, tmp_path)
    said = []

    def watched() -> bool:
        said.append(member.observation.ready()[1])
        return broker.all_committed

    member.input.give(0)
    member.run(until=watched)
    assert any("events left of warming up: {0: 20}" in each for each in said)
