"""The pure parts of the benchmark on Kafka: speed, ratios, percentiles, pace, logs, report."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.decode import FEATURES
from benchmarks.end_to_end import command, latency, machine
from benchmarks.end_to_end.detector import Detector
from benchmarks.end_to_end.events import BYTES, chunks
from benchmarks.end_to_end.member import running
from benchmarks.end_to_end.paced_producer import Sent
from benchmarks.end_to_end.pacing import Pace
from benchmarks.end_to_end.plain_readers import handlers
from benchmarks.end_to_end.progress import Gauge, Sample, Speed, between, speed
from benchmarks.end_to_end.report import NAMES, report
from benchmarks.end_to_end.statistics import RATIOS, percentile
from benchmarks.end_to_end.throughput import figures
from floodline.configuration.loading import load
from floodline.errors import DependencyDown


def test_speed_spans_from_a_tenth_of_the_events_to_the_end() -> None:
    """What lies before a tenth, and looks after the end, do not count."""
    samples = [
        Sample(0.0, 10, 5.0),
        Sample(2.0, 100, 6.0),
        Sample(3.0, 600, 6.5),
        Sample(4.0, 1_000, 7.8),
        Sample(9.0, 1_000, 9.9),
    ]
    found = speed(samples, 1_000)
    assert found.events_per_second == 450.0
    assert found.cpu_microseconds == pytest.approx(1e6 * 1.8 / 900)
    assert found == between(samples[1], samples[3])


@pytest.mark.parametrize("reached", [[], [1_000], [50, 99], [100, 999]])
def test_speed_wants_both_ends(reached: list[int]) -> None:
    """Samples that begin at the end, or never get there, give no figure."""
    samples = [Sample(float(at), events, 0.0) for at, events in enumerate(reached)]
    with pytest.raises(ValueError, match="no two samples"):
        speed(samples, 1_000)


def test_a_gauge_takes_the_two_samples_that_speed_wants() -> None:
    """One at the first batch past a tenth, one at the last."""
    ticks = iter(range(100))
    gauge = Gauge(1_000, lambda: float(next(ticks)), lambda: 0.5)
    more = [gauge.handled(60) for _ in range(17)]
    assert more == [True] * 16 + [False]
    assert gauge.samples == [Sample(0.0, 120, 0.5), Sample(1.0, 1_020, 0.5)]
    assert speed(gauge.samples, 1_000).events == 900


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1.0), (0.5, 5.0), (0.51, 6.0), (0.99, 10.0), (1.0, 10.0)]
)
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    """The nearest rank: no value is made up between two."""
    assert percentile([float(10 - each) for each in range(10)], share) == expected
    with pytest.raises(ValueError, match="no values"):
        percentile([], share)


def test_a_pace_keeps_its_rate_and_catches_up_in_small_bursts() -> None:
    """Due is what time asks for less what was sent, 20 ms of events at most, never less than 0."""
    pace = Pace(1_000)
    assert pace.due(0.0, 0) == 0
    assert pace.due(0.0105, 4) == 6
    assert pace.due(5.0, 100) == 20
    assert pace.due(1.0, 1_001) == 0
    sent = 0
    for tick in range(1_001):
        sent += pace.due(tick / 1_000, sent)
    assert sent == 1_000


def test_ratios_are_taken_within_rounds() -> None:
    """A round in which everything is slow moves no ratio; medians of speeds may."""
    rounds = [
        {name: Speed(factor * (at + 1), 10.0 / (at + 1), 1) for at, name in enumerate(NAMES)}
        for factor in (100.0, 1.0, 50.0)
    ]
    found = figures(rounds)
    speeds = {name: at + 1 for at, name in enumerate(NAMES)}
    for name, (ours, theirs) in RATIOS.items():
        assert found[name] == pytest.approx(speeds[ours] / speeds[theirs])
        assert found["cpu_ratios"][name] == pytest.approx(speeds[ours] / speeds[theirs])
    assert found["consume_only"] == 50.0


def test_events_are_all_of_one_size_and_plain_readers_take_them() -> None:
    """177 bytes each, numbered, with the features that the detector is told of."""
    values = [value for chunk in chunks(10_050, seed=3) for value in chunk]
    assert {len(value) for value in values} == {BYTES}
    event = json.loads(values[10_049])
    assert event["id"] == "e00010049"
    assert set(event) == {"id", "ts", *FEATURES}
    for handle in handlers().values():
        handle(values[:10])
    assert handlers()["consume_matrix"](values[:10]).shape == (10, len(FEATURES))


def test_a_detector_of_a_run_is_a_valid_configuration(tmp_path: Path) -> None:
    """All but model, threshold and places is as by default, and the topics are its own."""
    detector = Detector(
        tmp_path, "bench-1", "floodline", bootstrap_servers="127.0.0.1:1", topic="events"
    )
    configuration, _ = load(detector.file, {})
    assert configuration.group == detector.group
    assert configuration.consumer.commit_interval_ms == 100
    assert set(detector.topics) == set(configuration.topics.shapes(1))
    assert configuration.detector.features == FEATURES


def test_running_partitions_are_read_from_the_log() -> None:
    """A partition counts from being scored until it goes, or is given anew and restored."""
    lines: list[dict[str, Any]] = [
        {"event": "assigned", "partitions": [0, 1]},
        {"event": "running", "partition": 0},
        {"event": "running", "partition": 1},
        {"event": "revoked", "partitions": [1]},
    ]
    assert running(lines) == {0}
    assert running([*lines, {"event": "assigned", "partitions": [0]}]) == set()


def test_latency_counts_alerts_of_events_sent_after_the_warm_up() -> None:
    """From sending to reading; what came before the warm-up's end is left out."""
    warm = 1_000 * latency.WARM_UP_SECONDS
    seen = [latency.Seen(int(50 + warm + at), 50 + warm + at + 10.0 * at) for at in range(1, 101)]
    early = latency.Seen(60, 9_000.0)
    found = latency.figures(Sent(2_000, 20.0, 50.0), [early, *seen], behind=30)
    assert (found["p50"], found["p99"], found["alerts"]) == (500.0, 990.0, 100)
    assert (found["reached"], found["behind_seconds"]) == (100.0, 0.3)
    with pytest.raises(DependencyDown, match="no alert"):
        latency.figures(Sent(2_000, 20.0, 50.0), [early], behind=0)


def test_the_processor_is_read_from_linux() -> None:
    """Its name where it is told, nothing elsewhere; the versions are those installed."""
    assert machine.processor("processor\t: 0\nmodel name\t: Fast: 3 GHz\n") == "Fast: 3 GHz"
    assert machine.processor("") == ""
    assert machine.describe()["kafka"].startswith("4.")


def test_a_saved_run_goes_into_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What --json printed earlier makes the tables, between the marks; other files are refused."""
    saved, page = tmp_path / "run.json", tmp_path / "page.md"
    each = {"p50": 60.4, "p99": 120.6, "alerts": 700, "reached": 999.5, "behind_seconds": 0.0}
    layout = {"partitions": 2, "processes": 1, "events_per_second": 5e5, "over_one": 1.25}
    run = figures([{name: Speed(1e5, 2.0, 1) for name in NAMES}]) | {
        "events": 1_000,
        "rounds": 1,
        "bytes": BYTES,
        "machine": machine.describe(),
        "alerts_per_1000": {"floodline": 1.0},
        "latency_ms": {"floodline": {"1000": each}},
        "partitions": [layout | {"cpu_microseconds": 1.5}],
    }
    saved.write_text(json.dumps(run), encoding="utf-8")
    page.write_text("a\n<!-- end-to-end: begin -->\nold\n<!-- end-to-end: end -->\nz\n", "utf-8")
    assert command.main(["--saved", str(saved), "--write", str(page)]) == 0
    written = page.read_text(encoding="utf-8")
    assert report(run) in written
    assert report(run) in capsys.readouterr().out
    assert "| 1,000 | River | 60 ms | 121 ms | 700 | 1,000 | 0.00 s |" in written
    assert "| 2 | 1 | 500,000 | 1.25 | 1.50 |" in written
    saved.write_text("[]", encoding="utf-8")
    assert command.main(["--saved", str(saved)]) == 3
    assert command.main(["--events", "0"]) == 3
