"""The label benchmark's own arithmetic."""

import pytest

from benchmarks.end_to_end.paced_producer import Sent
from benchmarks.labels.labeller import Given
from benchmarks.labels.measurement import InForce, figures
from floodline.errors import DependencyDown

SENT = Sent(events=1_000, seconds=10.0, started=0.0)


def test_a_label_is_in_force_with_the_first_release_that_holds_it() -> None:
    """Labels share a release; one that no release held is counted as given alone."""
    given = [Given(at, 0.01) for at in (0.0, 1.0, 1.5, 9.0)]
    seen = [InForce(0.0, 0.5), InForce(0.5, 2.0), InForce(1.6, 3.0)]
    found = figures(given, seen, SENT)
    assert (found["labels"], found["in_force"], found["releases"]) == (4, 3, 3)
    assert found["largest_seconds"] == 2.0
    assert found["p50_seconds"] == 2.0
    assert found["events_per_second"] == 100.0
    assert found["labels_per_second"] == pytest.approx(4 / 9)


def test_without_any_in_force_there_is_no_figure() -> None:
    """It says so."""
    with pytest.raises(DependencyDown, match="no label came into force"):
        figures([Given(0.0, 0.01)], [], SENT)
