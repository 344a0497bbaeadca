"""docs/metrics.md as the metrics define it: `python -m floodline.telemetry.reference` writes it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from floodline.telemetry.metrics import ConsumerMetrics, FeedbackMetrics, TrainerMetrics

Metrics = ConsumerMetrics | FeedbackMetrics | TrainerMetrics

_CLASSES: dict[str, Callable[[CollectorRegistry], Metrics]] = {
    "consumer": ConsumerMetrics,
    "feedback_api": FeedbackMetrics,
    "trainer": TrainerMetrics,
}
_WHERE = {
    "consumer": "`consumer.metrics_host` and `consumer.metrics_port` (127.0.0.1:9101)",
    "feedback_api": "`api.host` and `api.port` (127.0.0.1:8080)",
    "trainer": "`trainer.metrics_host` and `trainer.metrics_port` (127.0.0.1:9103)",
}
_HEAD = """# Metrics

Each process answers `GET /metrics` in Prometheus' text format. This page is written from the
definitions in `floodline/telemetry/metrics.py` by `python -m floodline.telemetry.reference`, and a
test fails when it is out of date. Labels name a detector, a partition, a verdict or a reason, never
an entity or an alert. A histogram is scraped as `_bucket`, `_sum` and `_count`.

The alerts on these are in `deploy/prometheus/rules.yml`, each with a section in
[runbook.md](runbook.md); `deploy/grafana/dashboards/floodline.json` draws them.
"""


@dataclass(frozen=True)
class Family:
    """One metric as it is scraped, and the object that counts it."""

    process: str
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    metric: MetricWrapperBase


def families(process: str, metrics: Metrics) -> Iterator[Family]:
    """Every metric of one process's metrics, in the order of their definition."""
    for metric in vars(metrics).values():
        (described,) = metric.describe()
        suffix = "_total" if described.type == "counter" else ""
        yield Family(
            process=process,
            name=described.name + suffix,
            kind=described.type,
            labels=tuple(metric._labelnames),  # noqa: SLF001  # the client has no public way
            meaning=described.documentation,
            metric=metric,
        )


def defined() -> list[Family]:
    """Every metric of every process."""
    return [
        family
        for process, make in _CLASSES.items()
        for family in families(process, make(CollectorRegistry()))
    ]


def page() -> str:
    """The page in Markdown."""
    parts = [_HEAD]
    for process, where in _WHERE.items():
        parts.append(f"\n## {process}\n\nServed at {where}.\n")
        parts.append("\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n")
        for family in defined():
            if family.process == process:
                labels = ", ".join(f"`{label}`" for label in family.labels) or "none"
                parts.append(f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
