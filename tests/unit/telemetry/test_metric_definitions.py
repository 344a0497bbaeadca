"""The metrics' names, as Prometheus scrapes them."""

import re

import pytest
from prometheus_client import CollectorRegistry

from floodline.telemetry.metrics import ConsumerMetrics, FeedbackMetrics, TrainerMetrics, names


@pytest.mark.parametrize("kind", [ConsumerMetrics, FeedbackMetrics, TrainerMetrics])
def test_names_follow_the_rules(
    kind: type[ConsumerMetrics | FeedbackMetrics | TrainerMetrics],
) -> None:
    """Each metric starts with floodline_, is documented, and counts nobody's name."""
    registry = CollectorRegistry()
    metrics = kind(registry)
    found = list(names(registry))
    assert len(found) == len(set(found)) == len(vars(metrics))
    for family, name in zip(registry.collect(), found, strict=True):
        assert re.fullmatch(r"floodline_[a-z_]+", name)
        assert (family.type == "counter") == name.endswith("_total")
        assert family.documentation.endswith(".")
    for metric in vars(metrics).values():
        assert set(metric._labelnames).isdisjoint({"entity", "key", "alert", "user", "analyst"})


def test_processes_share_no_name() -> None:
    """All processes may be scraped into one Prometheus."""
    registry = CollectorRegistry()
    for kind in (ConsumerMetrics, FeedbackMetrics, TrainerMetrics):
        kind(registry)
