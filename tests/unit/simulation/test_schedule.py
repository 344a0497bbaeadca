"""The warm-up, the windows, and their labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.simulation.schedule import Schedule


def test_forty_windows_after_the_warm_up() -> None:
    """12,250 events: 250 warm up, 40 windows of 300, five labels in each for 200."""
    schedule = Schedule.of(12_250, 200, 250)
    assert (schedule.windows, schedule.size) == (40, 300)
    assert schedule.window(0) == slice(250, 550)
    assert {schedule.allowance(number) for number in range(40)} == {5}
    assert schedule.second_half == slice(6_125, 12_250)
    assert schedule.last_third == 27


@given(events=st.integers(750, 30_000), labels=st.integers(1, 500))
def test_every_event_is_in_one_window_and_every_label_in_one(events: int, labels: int) -> None:
    """Windows follow each other from the warm-up to the end; labels come to what was asked."""
    schedule = Schedule.of(events, labels, 250)
    seen = np.zeros(events, np.int64)
    for number in range(schedule.windows):
        seen[schedule.window(number)] += 1
    assert not seen[:250].any()
    assert (seen[250:] == 1).all()
    assert sum(map(schedule.allowance, range(schedule.windows))) == labels
    assert schedule.size >= 50


def test_a_short_stream_is_refused() -> None:
    """It says how many events are needed."""
    with pytest.raises(ValueError, match=r"749 events are too few: .*a simulation needs 750"):
        Schedule.of(749, 10, 250)


def test_more_labels_than_events_are_refused() -> None:
    """Nobody can review an event twice."""
    with pytest.raises(ValueError, match="501 labels are more than its 500 events"):
        Schedule.of(750, 501, 250)
