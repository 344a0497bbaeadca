"""`floodline bench threshold`, small: its figures have the names that others compare by."""

import json
import subprocess

import numpy as np
import pytest

from benchmarks.threshold.measurement import KINDS, METHODS
from benchmarks.threshold.worlds import EVENTS_AN_HOUR, drawn
from tests.fixtures.consumer_process import COMMAND


def test_the_figures_have_their_names() -> None:
    """One stream of each kind: every method is there, and the intervals."""
    line = [*COMMAND[:-1], "bench", "threshold", "--streams", "1", "--json"]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=240, check=True)
    found = json.loads(ended.stdout)
    assert found["streams"] == 1
    assert set(found["target_held"]) == set(found["labels_to_target"]) == set(METHODS)
    for name in ("coverage_precision", "coverage_recall"):
        assert found[name] in {0.0, 1.0}
        assert 0.0 <= found["every"][name] <= 1.0
    for kind in KINDS:
        assert set(METHODS) < set(found[kind])


def test_a_stream_is_drawn_as_its_truth_says() -> None:
    """Of what is drawn above a score, as much is real as the stated precision says."""
    world, random = drawn(3, "calm"), np.random.default_rng(0)
    hours = [world.draw(random, 1.0, 0, 0) for _ in range(200)]
    counts = np.array([x.size for x, _ in hours])
    real = sum(int(each.sum()) for _, each in hours)
    expected = EVENTS_AN_HOUR * float(world.tail(1.0, 0, 0.0))
    assert counts.mean() == pytest.approx(expected, rel=0.03)
    assert abs(real / counts.sum() - world.precision(1.0, 0, 0.0)) < 0.02
