"""What the demo found, as one object and as a table."""

from itertools import groupby
from typing import Any

import msgspec
from rich.console import Console, Group
from rich.table import Table

from demo.quality import Quality
from floodline.storage import releases


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A release as the consumer took it up; `at_rows` are the first rows scored under it."""

    release: int
    kind: str
    threshold: float | None
    at_rows: list[int]
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the demo. Precision and recall are by the truth over all alerts of a third.

    `before` is the first third, `after` the last; `fixed` is the last third of a control that
    scores the same stream with the threshold left as it began.
    """

    stream: str
    events: int
    alerts: int
    labels: int
    dead_letters: int
    duplicates: int
    lost: int
    alert_rate: float
    warm_up_events: int
    releases: int
    threshold_path: list[Step]
    before: Quality
    after: Quality
    fixed_before: Quality
    fixed: Quality
    target_precision: float
    mlflow_run_id: str | None
    mlflow_tracking_uri: str
    seconds: float
    folder: str
    addresses: dict[str, str]

    def as_object(self) -> dict[str, Any]:
        """The report under the names that others compare runs by."""
        whole: dict[str, Any] = msgspec.to_builtins(self)
        parts = {"before": self.before, "after": self.after, "fixed": self.fixed}
        for name in (*parts, "fixed_before"):
            del whole[name]
        for name, part in parts.items():
            whole[f"precision_{name}"] = part.precision
            whole[f"recall_{name}"] = part.recall
        whole["precision_fixed_before"] = self.fixed_before.precision
        whole["recall_fixed_before"] = self.fixed_before.recall
        return whole


def show(report: Report, console: Console) -> None:
    """Print the report as tables."""
    console.print(Group(_counts(report), _quality(report), _path(report)))
    # Unwrapped, so that an address or a key can be copied whole.
    console.print(_where(report), soft_wrap=True, markup=False, highlight=False)


def _counts(report: Report) -> Table:
    table = Table(title=f"{report.stream}: {report.events:,} events through Kafka", box=None)
    for name in ("alerts", "alert rate", "labels", "releases", "dead letters", "duplicates"):
        table.add_column(name, justify="right")
    table.add_column("lost", justify="right")
    table.add_row(
        f"{report.alerts:,}",
        f"{report.alert_rate:.2%}",
        f"{report.labels:,}",
        f"{report.releases:,}",
        f"{report.dead_letters:,}",
        f"{report.duplicates:,}",
        f"{report.lost:,}",
    )
    return table


def _quality(report: Report) -> Table:
    table = Table(title="Precision and recall by the truth, over all alerts", title_style="")
    table.add_column("", no_wrap=True)
    for name in ("alerts", "precision", "recall"):
        table.add_column(name, justify="right")
    table.add_row("first third, with labels", *_cells(report.before))
    table.add_row("first third, threshold left fixed", *_cells(report.fixed_before))
    table.add_section()
    table.add_row("last third, with labels", *_cells(report.after), style="bold")
    table.add_row("last third, threshold left fixed", *_cells(report.fixed))
    table.caption = (
        f"The target is a precision of {report.target_precision:.0%}. The first "
        f"{report.warm_up_events} events only warmed the models up."
    )
    return table


def _cells(quality: Quality) -> tuple[str, str, str]:
    return f"{quality.alerts:,}", _percent(quality.precision), _percent(quality.recall)


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"


def _path(report: Report) -> Table:
    table = Table(title="The threshold's path, as the running consumer took it up", title_style="")
    table.add_column("release", justify="right")
    table.add_column("kind")
    table.add_column("threshold", justify="right")
    table.add_column("from row", justify="right")
    table.add_column("why", overflow="fold")
    for (kind, _), group in groupby(
        report.threshold_path, lambda step: (step.kind, step.threshold)
    ):
        steps = list(group)
        if kind == releases.TEACHING and len(steps) > 1:  # the last says what all did
            numbers = f"{steps[0].release} to {steps[-1].release}"
            table.add_row(numbers, *_cells_of(steps[0], steps[-1].reason))
        else:
            for step in steps:
                table.add_row(str(step.release), *_cells_of(step, step.reason))
    return table


def _cells_of(step: Step, reason: str) -> tuple[str, str, str, str]:
    threshold = "by rarity" if step.threshold is None else f"{step.threshold:.4f}"
    return step.kind, threshold, f"{step.at_rows[0]:,}", _first_clause(reason)


def _first_clause(reason: str) -> str:
    """The reason up to its first semicolon, with its bracket closed; `--json` has it whole."""
    head = reason.partition(";")[0]
    return head + ")" * (head.count("(") - head.count(")"))


def _where(report: Report) -> str:
    lines = [
        f"MLflow run  {report.mlflow_run_id or 'none'}",
        f"MLflow      {report.mlflow_tracking_uri}",
        f"files       {report.folder}",
        f"took        {report.seconds:.0f} s",
        *(f"{name:<11} {address}" for name, address in report.addresses.items()),
    ]
    return "\n".join(lines)
