"""A real Prometheus scrapes the three processes' metrics, runs our rules and our dashboard."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from floodline.telemetry.endpoint import serve
from floodline.telemetry.metrics import ConsumerMetrics, FeedbackMetrics, TrainerMetrics
from tests.fixtures.prometheus import Prometheus, PrometheusPrograms

DEPLOY = Path(__file__).parents[2] / "deploy"
SOURCE = DEPLOY / "prometheus"
WAIT_SECONDS = 30.0
DETECTOR = "payments"
TROUBLE = {
    "FloodlineAlertRateHigh",
    "FloodlineConsumerNotCommitting",
    "FloodlineDeadLetters",
    "FloodlineIntakeDown",
    "FloodlineOutboxStuck",
    "FloodlinePartitionHalted",
    "FloodlinePrecisionLow",
    "FloodlineReleaseNotTakenUp",
    "FloodlineRetrainOverdue",
}


@dataclass(frozen=True)
class Processes:
    """The metrics of one consumer, one feedback API and one trainer."""

    consumer: ConsumerMetrics
    feedback: FeedbackMetrics
    trainer: TrainerMetrics

    def report(self, *, well: bool) -> None:
        """Set every gauge: to values of a healthy stack, or of one in all kinds of trouble."""
        consumer, partition = self.consumer, (DETECTOR, "0")
        consumer.lag.labels(*partition).set(3 if well else 5000)
        consumer.alert_rate.labels(DETECTOR).set(0.001)
        consumer.committed_at.labels(DETECTOR).set(time.time() - (0 if well else 600))
        consumer.threshold.labels(*partition).set(0.97)
        consumer.release.labels(*partition).set(4)
        consumer.warming_up.labels(*partition).set(0)
        for state in ("restoring", "running", "halted"):
            now = "running" if well else "halted"
            consumer.task_state.labels(*partition, state).set(state == now)
        self.feedback.outbox.labels("label").set(0 if well else 9)
        self.feedback.open_alerts.labels(DETECTOR).set(12)
        self.feedback.intake_up.labels(DETECTOR, "alert").set(well)
        self.trainer.retrained_at.labels(DETECTOR).set(time.time() - 3600)
        self.trainer.retrain_age.labels(DETECTOR).set(3600 if well else 3 * 86400)
        self.trainer.threshold.labels(DETECTOR).set(0.97)
        self.trainer.release.labels(DETECTOR).set(4 if well else 5)
        self.trainer.precision.labels(DETECTOR).set(0.9 if well else 0.2)

    def work(self, *, well: bool) -> None:
        """A moment's work: every counter and histogram goes on."""
        consumer, feedback, trainer = self.consumer, self.feedback, self.trainer
        consumer.scored.labels(DETECTOR, "0").inc(1000)
        consumer.alerts.labels(DETECTOR, "0").inc(1 if well else 200)
        consumer.dead_letters.labels(DETECTOR, "undecodable").inc(1 if well else 500)
        consumer.event_to_alert.labels(DETECTOR).observe(0.2)
        consumer.commit.labels(DETECTOR).observe(0.02)
        consumer.restarts.labels(DETECTOR, "timed_out").inc(0)
        feedback.intake.labels(DETECTOR, "stored").inc()
        feedback.labels.labels(DETECTOR, "confirmed").inc()
        feedback.label_delay.labels(DETECTOR).observe(90)
        feedback.requests.labels("GET", "/api/v1/alerts", "200").observe(0.01)
        trainer.recalibrations.labels(DETECTOR, "moved").inc()
        trainer.retrains.labels(DETECTOR, "published").inc()


@contextmanager
def _endpoint(registry: CollectorRegistry) -> Iterator[str]:
    fine = (True, "well")
    endpoint = serve("127.0.0.1", 0, registry, alive=lambda: fine, ready=lambda: fine)
    try:
        yield f"127.0.0.1:{endpoint.port}"
    finally:
        endpoint.close()


@pytest.fixture
def served() -> Iterator[tuple[Processes, dict[str, str]]]:
    """Metrics of the three processes, each served by itself, and its address by job."""
    registries = [CollectorRegistry() for _ in range(3)]
    with ExitStack() as stack:
        addresses = [stack.enter_context(_endpoint(registry)) for registry in registries]
        processes = Processes(
            ConsumerMetrics(registries[0]),
            FeedbackMetrics(registries[1]),
            TrainerMetrics(registries[2]),
        )
        jobs = ("consumer", "feedback-api", "trainer")
        yield processes, dict(zip(jobs, addresses, strict=True))


def _hasten(folder: Path, addresses: dict[str, str]) -> Path:
    """Our configuration with local targets, fast turns, and alerts that fire without waiting.

    How long an alert waits is rules_test.yml's to prove: promtool moves the clock by itself.
    """
    configuration: dict[str, Any] = yaml.safe_load((SOURCE / "prometheus.yml").read_text())
    configuration["global"] = {
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "evaluation_interval": "250ms",
    }
    for job in configuration["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        targets = [addresses[job["job_name"]]] if job["job_name"] in addresses else []
        job["static_configs"] = [{"targets": targets}]
    rules: dict[str, Any] = yaml.safe_load((SOURCE / "rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
            rule["expr"] = rule["expr"].replace(" offset 10m", "")
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    written = folder / "prometheus.yml"
    written.write_text(yaml.safe_dump(configuration))
    return written


@pytest.fixture
def running(
    prometheus_programs: PrometheusPrograms,
    served: tuple[Processes, dict[str, str]],
    tmp_path: Path,
) -> Iterator[tuple[Prometheus, Processes]]:
    """A server that scrapes the three processes, and those."""
    processes, addresses = served
    configuration = _hasten(tmp_path, addresses)
    with prometheus_programs.serve(configuration, tmp_path / "data") as server:
        yield server, processes


def _work_until(processes: Processes, done: Callable[[], bool], *, well: bool) -> bool:
    """Let the processes work until `done`; False if it has taken too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if done():
            return True
        processes.report(well=well)
        processes.work(well=well)
        time.sleep(0.1)
    return False


def test_promtool_accepts_configuration_and_rules_and_their_unit_tests_hold(
    prometheus_programs: PrometheusPrograms, tmp_path: Path
) -> None:
    """Configuration and rules are valid, and each alert fires and keeps silent as rules_test.yml
    says, with its waiting time, labels and texts."""
    folder = shutil.copytree(SOURCE, tmp_path / "prometheus")
    prometheus_programs.check("check", "config", folder / "prometheus.yml")
    prometheus_programs.check("check", "rules", folder / "rules.yml")
    prometheus_programs.check("test", "rules", folder / "rules_test.yml")


def test_trouble_raises_its_alerts_and_no_others(running: tuple[Prometheus, Processes]) -> None:
    """Metrics of a stack in trouble, scraped by a real Prometheus, raise the alerts for that."""
    server, processes = running
    raised = _work_until(processes, lambda: server.firing() == TROUBLE, well=False)
    assert raised, f"{server.firing() ^ TROUBLE} fire or do not; targets: {server.health()}"


def test_a_healthy_stack_raises_nothing(running: tuple[Prometheus, Processes]) -> None:
    """Metrics of a healthy stack raise no alert once each recorded rate is there."""
    server, processes = running
    recorded = "count({__name__=~'detector:floodline_.*'})"

    def settled() -> bool:
        found = server.query(recorded)
        return bool(found) and float(found[0]["value"][1]) >= 5 and not server.firing()

    assert _work_until(processes, settled, well=True), server.firing()


def test_every_query_of_the_dashboard_shows_data(running: tuple[Prometheus, Processes]) -> None:
    """Each query of the Grafana dashboard is valid and finds series once the processes work."""
    server, processes = running
    text = (DEPLOY / "grafana" / "dashboards" / "floodline.json").read_text()
    panels = json.loads(text)["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    missing = set(queries)

    def none_missing() -> bool:
        for query in list(missing):
            if server.query(_filled_in(query)):
                missing.discard(query)
        return not missing

    assert _work_until(processes, none_missing, well=True), f"no data: {missing}"
    assert len(queries) > 30


def _filled_in(query: str) -> str:
    """The query as Grafana sends it, with its variables replaced."""
    return query.replace("$detector", ".*").replace("$__rate_interval", "1m")
