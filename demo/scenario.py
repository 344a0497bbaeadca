"""The whole loop on one machine: events in, alerts out, labels back, threshold moved, retrained."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import mlflow
import structlog

from demo.accounts import Accounts, accounted_records, take_accounts
from demo.analyst import Analyst
from demo.control import fixed_alerts
from demo.local_kafka import LocalKafka
from demo.local_kafka.ports import free_port
from demo.processes import Processes
from demo.quality import quality, thirds
from demo.replay import Replay, broken_rows, make_topic, row_layout
from demo.report import Report, Step
from demo.settings import PARTITIONS, DemoSettings, Ports, configuration_tree, to_toml
from demo.streams import read
from floodline.configuration.loading import load
from floodline.configuration.sections import Configuration
from floodline.detection.scorer import Scorer
from floodline.errors import ConfigurationError, DependencyDown
from floodline.events.messages import Coordinates
from floodline.events.preparation import prepare

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how far it is, and how far it goes."""

_DRAIN_SECONDS = 60.0
_LAST_LABELS_SECONDS = 4.0
_RETRAIN_SECONDS = 180.0
_LOOK_SECONDS = 0.5


class Scenario:
    """One run: `play` starts everything and reports; `stop` ends everything."""

    def __init__(self, settings: DemoSettings, progress: Progress) -> None:
        self._settings = settings
        self.progress = progress
        self._stream = read(settings.stream)
        self._kafka: LocalKafka | None = None
        self._processes: Processes | None = None
        self._stopping = threading.Event()
        self._addresses: dict[str, str] = {}

    def play(self) -> Report:
        """Run the loop once over the stream.

        Raises:
            ConfigurationError: the folder holds an earlier run.
            DependencyDown: a part could not be started or ended by itself.
        """
        started = time.monotonic()
        if self._settings.configuration.exists():
            raise ConfigurationError(
                f"{self._settings.folder} holds an earlier run: name another --folder, or remove it"
            )
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._settings.folder.mkdir(parents=True, exist_ok=True)
        configuration, processes = self._start()
        # Who looks at the console with this key may also try another threshold there.
        key = str(processes.run("keys", "create", "--name", "ada", "--role", "engineer")["key"])
        analyst = Analyst(
            self._addresses["console"],
            key,
            self._stream,
            budget=self._settings.budget,
            a_second=self._settings.labels_a_second,
        )
        at_work = threading.Thread(target=analyst.run, args=(self._stopping,), name="analyst")
        at_work.start()
        try:
            self._replay(configuration)
            self._drain(configuration, processes)
            self._stopping.wait(_LAST_LABELS_SECONDS)
        finally:
            self._stopping.set()
            at_work.join()
        self._await_retrain(configuration, processes, analyst.labels)
        self.progress("counting", 0, 1)
        accounts = take_accounts(
            configuration.kafka.bootstrap_servers, configuration.topics, configuration.group
        )
        if self._settings.keep:
            self._addresses["key"] = key
        return self._report(configuration, accounts, analyst.labels, time.monotonic() - started)

    def stop(self) -> None:
        """End every process that was started; a second call does nothing."""
        self._stopping.set()
        if self._processes is not None:
            self._processes.stop()
        if self._kafka is not None:
            self._kafka.stop()

    def _start(self) -> tuple[Configuration, Processes]:
        # Here rather than in each process: compiled once, they load in a second.
        self.progress("making the kernels ready", 0, 1)
        prepare(time.perf_counter)
        self.progress("starting Kafka", 0, 1)
        servers = self._settings.bootstrap_servers
        if servers is None:
            self._kafka = LocalKafka(self._settings.folder / "kafka").start()
            servers = self._kafka.bootstrap_servers
        ports = Ports(*(free_port() for _ in range(4)))
        tree = configuration_tree(self._settings, self._stream, servers, ports)
        file = self._settings.configuration
        file.write_text(to_toml(tree), encoding="utf-8")
        configuration, _ = load(file, {})
        make_topic(servers, configuration.topics.events, PARTITIONS)
        processes = self._processes = Processes(self._settings.folder, file)
        self.progress("starting consumer, API and trainer", 0, 1)
        processes.run("db", "upgrade")
        self._newest_run(configuration)  # MLflow makes its tables at the first touch
        processes.start("consumer", "consume")
        processes.start("api", "serve")
        processes.start("trainer", "train")
        self._note_addresses(servers, ports)
        processes.await_answer("consumer", f"{self._addresses['consumer']}/readyz")
        processes.await_answer("api", f"{self._addresses['console']}/readyz")
        processes.await_answer("trainer", f"{self._addresses['trainer']}/metrics")
        return configuration, processes

    def _note_addresses(self, servers: str, ports: Ports) -> None:
        self._addresses = {
            "kafka": servers,
            "console": f"http://127.0.0.1:{ports.api}",
            "consumer": f"http://127.0.0.1:{ports.consumer}",
            "trainer": f"http://127.0.0.1:{ports.trainer}",
        }

    def _replay(self, configuration: Configuration) -> None:
        servers = configuration.kafka.bootstrap_servers
        replay = Replay(servers, configuration.topics.events, PARTITIONS, self._stream)
        rows = len(self._stream.rows)
        replay.run(
            self._settings.seconds,
            self._stopping,
            lambda sent: self.progress("events", sent, rows),
        )

    def _drain(self, configuration: Configuration, processes: Processes) -> None:
        """Wait until the consumer has committed every record."""
        rows = len(self._stream.rows)
        wanted = rows + len(broken_rows(rows))
        deadline = time.monotonic() + _DRAIN_SECONDS
        done = 0
        while done < wanted:
            processes.check()
            if time.monotonic() > deadline:
                raise DependencyDown(
                    f"the consumer scored {done:,} of {wanted:,} records and then no more; see "
                    f"{processes.log('consumer')}"
                )
            done = accounted_records(
                configuration.kafka.bootstrap_servers,
                configuration.topics.events,
                configuration.group,
            )
            self.progress("waiting for the last scores", done, wanted)

    def _await_retrain(
        self, configuration: Configuration, processes: Processes, labels: int
    ) -> None:
        """Wait for the run that the schedule began halfway through the stream."""
        needed = configuration.trainer.retrain_min_labels
        if labels < needed:
            raise DependencyDown(
                f"no retrain was made: it needs {needed} labels, and the analyst came to {labels}. "
                "A larger --budget, a stream with more alerts, or a machine with less other work "
                "gives more"
            )
        deadline = time.monotonic() + _RETRAIN_SECONDS
        while self._newest_run(configuration) is None:
            processes.check()
            if time.monotonic() > deadline:
                raise DependencyDown(
                    f"no retrain was finished within {_RETRAIN_SECONDS:.0f} s of the last label; "
                    f"{processes.log('trainer')} says what kept it"
                )
            self.progress("waiting for the retrain", 0, 1)
            time.sleep(_LOOK_SECONDS)

    def _newest_run(self, configuration: Configuration) -> str | None:
        client = mlflow.MlflowClient(tracking_uri=configuration.mlflow.tracking_uri)
        name = configuration.mlflow.experiment or f"floodline-{configuration.detector.name}"
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            return None
        runs = client.search_runs(
            [experiment.experiment_id],
            filter_string="attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        return str(runs[0].info.run_id) if runs else None

    def _report(
        self, configuration: Configuration, accounts: Accounts, labels: int, seconds: float
    ) -> Report:
        stream = self._stream
        alerts = [_row(alert.event) for alert in accounts.alerts]
        control = fixed_alerts(
            stream, PARTITIONS, configuration.model_parameters, configuration.initial_rule
        )
        empty = Scorer.new(configuration.model_parameters, stream.features)
        first, last = thirds(len(stream.rows))
        path = _path(accounts, row_layout(len(stream.rows), PARTITIONS))
        return Report(
            stream=stream.name,
            events=accounts.records,
            alerts=len(alerts),
            labels=labels,
            dead_letters=accounts.dead_letters,
            duplicates=accounts.duplicates,
            lost=accounts.lost,
            alert_rate=len(alerts) / max(1, accounts.scored),
            warm_up_events=PARTITIONS * empty.detector.warm_up_left,
            releases=sum(1 for step in path if step.release > 0),
            threshold_path=path,
            before=quality(stream, alerts, *first),
            after=quality(stream, alerts, *last),
            fixed_before=quality(stream, control, *first),
            fixed=quality(stream, control, *last),
            target_precision=configuration.threshold.target_precision,
            mlflow_run_id=self._newest_run(configuration),
            mlflow_tracking_uri=configuration.mlflow.tracking_uri,
            seconds=seconds,
            folder=str(self._settings.folder),
            addresses=self._addresses if self._settings.keep else {},
        )


def _row(event: dict[str, object] | None) -> int:
    row = event.get("row") if event else None
    if not isinstance(row, int):
        raise DependencyDown(f"an alert came back without its row: {event}")
    return row


def _first_row(at: Coordinates, layout: list[list[int]]) -> int:
    """The row at these coordinates; the number of rows where the release came after the last."""
    rows = layout[at.partition]
    return rows[at.offset] if at.offset < len(rows) else sum(len(set(part)) for part in layout)


def _path(accounts: Accounts, layout: list[list[int]]) -> list[Step]:
    """Each release that took effect, with the rows that it began with."""
    changes = defaultdict(list)
    for change in accounts.changes:
        changes[change.release.number].append(change)
    return [
        Step(
            release=number,
            kind=found[0].release.kind,
            threshold=found[0].release.threshold.score,
            at_rows=sorted(_first_row(change.coordinates, layout) for change in found),
            reason=found[0].release.reason,
        )
        for number, found in sorted(changes.items())
    ]
