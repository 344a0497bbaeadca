"""`floodline demo`: the whole loop on this machine, over a real labelled stream."""

import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.options import JsonOption, print_json
from demo.settings import DemoSettings
from demo.streams import names
from floodline.telemetry.logging import configure_logging

_LINE_SECONDS = 5.0


class Lines:
    """Progress without a terminal: one plain line on stderr every few seconds."""

    def __init__(self) -> None:
        self._said = ""
        self._at = 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say it when it is new or some seconds old."""
        now = time.monotonic()
        if what == self._said and now - self._at < _LINE_SECONDS:
            return
        self._said, self._at = what, now
        sys.stderr.write(f"{what}: {done:,} of {of:,}\n" if of > 1 else f"{what}\n")
        sys.stderr.flush()


class Bar:
    """Progress on a terminal: one bar a stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._said = ""

    def __call__(self, what: str, done: int, of: int) -> None:
        """Move the stage's bar; a new stage finishes the one before."""
        if what != self._said:
            for task in self._progress.tasks:
                self._progress.update(task.id, completed=task.total)
            self._said = what
            self._task = self._progress.add_task(what, total=of)
        self._progress.update(self._task, completed=done)


def demo(
    stream: Annotated[
        str, typer.Option(help=f"A labelled stream: {', '.join(names())}, or a CSV file.")
    ] = "shuttle",
    seconds: Annotated[float, typer.Option(min=5, help="How long the stream is replayed.")] = 60.0,
    budget: Annotated[int, typer.Option(min=0, help="Labels that the analyst may give.")] = 900,
    target_precision: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="What the threshold is moved towards.")
    ] = 0.8,
    initial_score: Annotated[
        float, typer.Option(min=0, max=1, help="The threshold before the first label.")
    ] = 0.2,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where the run is kept; .floodline/demo/<time> if not given."),
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Use this Kafka in place of a local one.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave all running at the end, until ctrl-C, and say how to go on."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the whole loop: Kafka, consumer, API, trainer, MLflow, and a simulated analyst.

    Events of a real stream go in, the analyst labels the alerts that it is shown from the truth,
    the threshold follows, a retrain is logged. Example: `floodline demo --stream http_a --keep`
    """
    configure_logging("warning", as_json=False)
    settings = DemoSettings(
        stream=stream,
        seconds=seconds,
        budget=budget,
        target_precision=target_precision,
        initial_score=initial_score,
        folder=folder or Path(".floodline/demo") / datetime.now(UTC).strftime("%Y%m%d-%H%M%S"),
        keep=keep,
        bootstrap_servers=bootstrap_servers,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _play(settings, as_json=as_json)


def _play(settings: DemoSettings, *, as_json: bool) -> None:
    # Imported late: MLflow takes seconds, and `floodline --help` should not.
    from demo.next_steps import next_steps, own_command
    from demo.report import show
    from demo.scenario import Scenario

    scenario = Scenario(settings, Lines())
    try:
        if sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            with Progress(*columns, console=Console(stderr=True)) as progress:
                scenario.progress = Bar(progress)
                report = scenario.play()
        else:
            report = scenario.play()
        if as_json:
            print_json(report.as_object())
        else:
            show(report, Console())
        if settings.keep:
            told = next_steps(own_command(), settings.configuration, report.addresses)
            sys.stderr.write(f"\n{told}")
            sys.stderr.flush()
            threading.Event().wait()
    finally:
        scenario.stop()
