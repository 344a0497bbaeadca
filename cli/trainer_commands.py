"""`floodline recalibrate | teach | retrain | train | releases list`."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cli.options import (
    BootstrapOption,
    ConfigOption,
    JsonOption,
    NewestOption,
    left_out,
    print_json,
    read_configuration,
)
from cli.outlook_words import foreseen
from floodline.errors import ConfigurationError

# Imported where it runs: River and SciPy take seconds, and `floodline --help` should not.
if TYPE_CHECKING:
    from floodline.storage.tables import ReleaseRow
    from trainer.recalibration import Recalibration
    from trainer.request import Retrain
    from trainer.teaching import TeachingRun

releases_app = typer.Typer(name="releases", no_args_is_help=True, help="What is in force, and why.")

PlacesFrom = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="P:OFFSET", help="First offset of partition P; repeatable."),
]
PlacesTo = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="P:OFFSET", help="Offset after the last; repeatable."),
]

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done; write and publish nothing.")
]


def register(app: typer.Typer) -> None:
    """Add the trainer's commands to the command line."""
    app.command("recalibrate", epilog="Example: floodline recalibrate --dry-run --json")(
        recalibrate
    )
    app.command("teach", epilog="Example: floodline teach --dry-run --json")(teach)
    app.command("retrain", epilog="Example: floodline retrain --from 0:1000 --to 0:50000")(retrain)
    app.command("train", epilog="Example: floodline train --config floodline.toml")(train)
    app.add_typer(releases_app, name="releases")


def recalibrate(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Move the threshold towards the target precision, as far as the labels tell."""
    configuration = read_configuration(config, kafka__bootstrap_servers=bootstrap_servers)
    from trainer import main as trainer

    done = trainer.recalibrate(configuration, dry_run=dry_run)
    if as_json:
        print_json(msgspec.to_builtins(done))
        return
    typer.echo(_told(done))
    for name, found in (("now", done.before), ("then", done.after)):
        if found is not None and not (name == "then" and done.decision.outcome == "held"):
            typer.echo(f"{name}, at {found.threshold:.4f}: {foreseen(found)}")


def _told(done: "Recalibration") -> str:
    decision = done.decision
    if decision.outcome == "held":
        return decision.reason
    if done.dry_run:
        return f"would move: {decision.reason}"
    if done.proposed:
        return f"move {done.move} waits for a second person: {decision.reason}"
    return f"release {done.release}: {decision.reason}"


def teach(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Learn all labels anew and release the leaf weights, where they have changed.

    `floodline train` does so within a second of each label.
    """
    configuration = read_configuration(config, kafka__bootstrap_servers=bootstrap_servers)
    from trainer import main as trainer

    done = trainer.teach(configuration, dry_run=dry_run)
    if as_json:
        print_json(msgspec.to_builtins(done))
        return
    typer.echo(_taught(done))
    if done.agreement is not None:
        typer.echo(
            f"of {done.predicted} labels that earlier ones foretold, {done.agreement:.0%} came so"
        )
    if done.labels:
        typer.echo(f"an event's score moves by up to {done.largest:.1f} bits")


def _taught(done: "TeachingRun") -> str:
    if not done.changed:
        return f"unchanged: {done.reason}"
    if done.dry_run:
        return f"would release: {done.reason}"
    return f"release {done.release}: {done.reason}"


def retrain(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    starts: PlacesFrom = None,
    ends: PlacesTo = None,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Log and register only; release nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train on a range of the log, judge by the labels, log to MLflow, publish if not worse.

    Without --from and --to: the newest trainer.retrain_max_events of every partition.
    """
    configuration = read_configuration(config, kafka__bootstrap_servers=bootstrap_servers)
    from trainer import main as trainer

    done = trainer.retrain(
        configuration,
        starts=_places("--from", starts),
        ends=_places("--to", ends),
        publish=not no_publish,
    )
    if as_json:
        print_json(msgspec.to_builtins(done))
        return
    typer.echo(_summary(done))


def _places(option: str, given: list[str] | None) -> dict[int, int]:
    places = {}
    for each in given or []:
        partition, colon, offset = each.partition(":")
        if not (colon and partition.isdecimal() and offset.isdecimal()):
            raise ConfigurationError(f"{option} {each}: write PARTITION:OFFSET, such as 0:1000")
        places[int(partition)] = int(offset)
    return places


def _summary(done: "Retrain") -> str:
    head = f"release {done.release}" if done.release is not None else "no release"
    ranges = ", ".join(f"{each.partition}:{each.start}-{each.end}" for each in done.ranges)
    lines = [
        f"{head}: {done.reason}",
        f"  events {done.events} (invalid {done.invalid}), labelled {done.labels}, from {ranges}",
        f"  MLflow run {done.mlflow_run_id}, model version {done.model_version}",
        f"  state {done.state_sha256}",
    ]
    return "\n".join(lines)


def train(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /healthz and /readyz; 0 for a free one.")
    ] = None,
) -> None:
    """Teach, recalibrate and retrain on their schedules, until SIGTERM or ctrl-C."""
    from trainer import main as trainer

    trainer.train(
        read_configuration(
            config,
            kafka__bootstrap_servers=bootstrap_servers,
            trainer__metrics_port=metrics_port,
        )
    )


@releases_app.command("list", epilog="Example: floodline releases list --limit 5 --json")
def list_releases(
    config: ConfigOption = None,
    limit: NewestOption = 20,
    kind: Annotated[
        str | None, typer.Option(help="Of this kind alone, such as retrain or teaching.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the releases, the newest first: threshold, kind, reason, who and when.

    A last line says how many there are where --limit leaves some out; in JSON, `total`.
    """
    configuration = read_configuration(config)
    from trainer import main as trainer

    rows, total = trainer.list_releases(configuration, limit, kind)
    if as_json:
        print_json({"releases": [_release(row) for row in rows], "total": total})
        return
    for row in rows:
        threshold = "by rarity" if row.threshold is None else f"{row.threshold:.4f}"
        when = row.created_at.isoformat(timespec="seconds")
        typer.echo(f"{row.number:>5}  {when}  {row.kind:<13}  {threshold:>9}  {row.reason}")
    for line in left_out(len(rows), total):
        typer.echo(line)
    if not rows:
        of_kind = "" if kind is None else f" of kind {kind}"
        typer.echo(f"No release{of_kind} yet: before any, the configuration's threshold holds.")


def _release(row: "ReleaseRow") -> dict[str, Any]:
    return {**row.body, "figures": row.figures}
