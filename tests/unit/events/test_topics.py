"""The names of a detector's topics."""

import pytest

from floodline.errors import ConfigurationError
from floodline.events.topics import Topics


def test_topics_start_with_the_detectors_name() -> None:
    """Every topic of a detector carries its name; only the input is named freely."""
    topics = Topics.of("gauge", "levels")
    assert topics.events == "levels"
    assert set(topics.shapes(3)) == {
        "gauge.alerts",
        "gauge.samples",
        "gauge.labels",
        "gauge.releases",
        "gauge.changes",
        "gauge.deadletters",
    }


def test_changes_have_the_inputs_partitions_and_stay() -> None:
    """Changes lie in the partition of their events and, as releases and labels, are kept."""
    topics = Topics.of("gauge", "levels")
    shapes = topics.shapes(5)
    assert {name: partitions for name, (partitions, _) in shapes.items()} == {
        topics.alerts: 5,
        topics.samples: 5,
        topics.dead_letters: 5,
        topics.changes: 5,
        topics.labels: 1,
        topics.releases: 1,
    }
    for kept in (topics.changes, topics.labels, topics.releases):
        assert shapes[kept][1]["retention.ms"] == "-1"
        assert shapes[kept][1]["cleanup.policy"] == "delete"


@pytest.mark.parametrize(
    "name", ["", "Gauge", "-gauge", "a b", "a/b", "a.b", "ü", "a\n", "g" * 64, "../x"]
)
def test_a_name_that_fits_no_topic_is_refused(name: str) -> None:
    """A detector's name is up to 63 lower-case letters, digits, dashes and underscores."""
    with pytest.raises(ConfigurationError, match=r"detector\.name"):
        Topics.of(name, "levels")


@pytest.mark.parametrize("topic", ["gauge.alerts", "gauge.deadletters", "gauge.changes"])
def test_a_detector_never_reads_what_it_writes(topic: str) -> None:
    """An input topic that is one of the detector's own is refused: it would feed itself."""
    with pytest.raises(ConfigurationError, match="writes to"):
        Topics.of("gauge", topic)
    assert Topics.of("second", topic).events == topic
