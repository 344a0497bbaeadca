"""A snapshot's bytes: read back as written, or refused."""

from contextlib import suppress
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer import snapshot as snapshots
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused
from tests.fakes.member import configure

HOME = {"detector": "gauge", "topic_id": "t", "partition": 2}


@cache
def written() -> tuple[snapshots.Snapshot, bytes]:
    """A snapshot after 30 events."""
    scorer = Scorer.new(configure().model_parameters, configure().detector.features)
    for step in range(30):
        scorer.step({"x": step * 0.1, "y": 1.0}, ThresholdRule(rarity=0.1))
    snapshot = snapshots.Snapshot(
        detector="gauge",
        topic_id="t",
        partition=2,
        offset=34,
        timestamp=1_700_000_000_000,
        dead_letters=4,
        scorer=scorer.to_state(),
    )
    return snapshot, snapshots.write(snapshot)


def test_what_is_written_is_read() -> None:
    """Offset, counts and the model come back."""
    snapshot, data = written()
    again, scorer = snapshots.read(data, detector="gauge", topic_id="t", partition=2)
    assert again == snapshot
    assert scorer.to_state() == snapshot.scorer


@pytest.mark.parametrize(
    "home",
    [
        {**HOME, "detector": "other"},
        {**HOME, "topic_id": "u"},
        {**HOME, "partition": 3},
    ],
)
def test_another_home_is_refused(home: dict[str, object]) -> None:
    """A snapshot of another detector, topic or partition is refused."""
    _, data = written()
    with pytest.raises(StateRefused, match="a snapshot of"):
        snapshots.read(data, **home)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"version": 3}, {"format": "other"}])
def test_another_format_is_refused_with_both_named(change: dict[str, object]) -> None:
    """A newer version is refused by name, so that the operator knows which release reads it."""
    snapshot, _ = written()
    data = snapshots.write(msgspec.structs.replace(snapshot, **change))
    with pytest.raises(StateRefused, match="this release reads 'floodline-snapshot' version 2"):
        snapshots.read(data, detector="gauge", topic_id="t", partition=2)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no snapshot raise StateRefused and nothing else."""
    with pytest.raises(StateRefused):
        snapshots.read(data, detector="gauge", topic_id="t", partition=2)


@given(st.data())
def test_damaged_bytes_are_refused_or_read(data: st.DataObject) -> None:
    """A cut or changed snapshot raises StateRefused and nothing else, where it is not readable."""
    _, whole = written()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    with pytest.raises(StateRefused):
        snapshots.read(whole[:at], detector="gauge", topic_id="t", partition=2)
    changed = whole[:at] + bytes([byte]) + whole[at + 1 :]
    with suppress(StateRefused):
        snapshots.read(changed, detector="gauge", topic_id="t", partition=2)
