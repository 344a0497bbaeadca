"""`floodline explain`: one alert, as it was published and as the log gives it."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cli.options import BootstrapOption, ConfigOption, JsonOption, print_json, read_configuration

# Imported where it runs: the client and Numba take a second, and `floodline --help` should not.
if TYPE_CHECKING:
    from consumer.audit.report import Explained
    from floodline.events.messages import Alert

EXAMPLE = "Example: floodline explain payments-pXq3vN0TQbSs1nVPqrDk2A-0-1042 --replay"


def explain(
    alert_id: Annotated[
        str, typer.Argument(metavar="ALERT_ID", help="The `id` of an alert or a sample.")
    ],
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Derive it anew from the log, and compare with what was."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say why an alert is one: score, threshold, release, and what each feature adds.

    Reads the topics of alerts and samples. With --replay the event is scored again by the model of
    that moment, from the nearest kept snapshot on; `equal`, or the fields that differ (exit code
    1).
    """
    from consumer.audit.report import explain as run_explanation

    configuration = read_configuration(config, kafka__bootstrap_servers=bootstrap_servers)
    explained = run_explanation(configuration, alert_id, replay=replay)
    if as_json:
        print_json(msgspec.to_builtins(explained))
    else:
        _print(explained)
    if explained.equal is False:
        raise typer.Exit(1)


def _print(explained: "Explained") -> None:
    shown = explained.derived or next(iter(explained.published), None)
    if shown is not None:
        _print_alert(shown)
    elif explained.scored is not None:
        scored = explained.scored
        typer.echo(
            f"no alert: score {scored.score:.6g}, threshold {scored.threshold:.6g}"
            + (", while warming up" if scored.warming_up else "")
        )
    else:
        typer.echo("no alert: the record is a dead letter")
    for where in explained.where:
        typer.echo(f"published at {where}")
    if len({msgspec.json.encode(each) for each in explained.published}) > 1:
        typer.echo("these differ: --replay says what the log gives")
    if explained.start is not None:
        kind = "the model's beginning" if explained.start.snapshot is None else "the snapshot"
        typer.echo(f"derived from {kind} at {explained.start.offset}: {_compared(explained)}")
    for field, (ours, theirs) in (explained.differing or {}).items():
        typer.echo(f"  {field}: the log gives {ours}, published was {theirs}")


def _compared(explained: "Explained") -> str:
    if explained.equal:
        return "equal" if explained.published else "nothing was published either"
    if not explained.published:
        return "DIFFERENT, it was not published"
    if explained.derived is None:
        return "DIFFERENT, it was published, but the log gives neither alert nor sample"
    if explained.differing:
        return "DIFFERENT"
    return f"DIFFERENT, it was published {len(explained.published)} times"


def _drawn(alert: "Alert") -> str:
    from floodline.events.messages import Sample

    if not isinstance(alert, Sample):
        return ""
    return f"; no alert: drawn for review with probability {alert.probability:.4g}"


def _print_alert(alert: "Alert") -> None:
    at = alert.coordinates
    typer.echo(f"{alert.id}: {at.topic}, partition {at.partition}, offset {at.offset}")
    typer.echo(
        f"score {alert.score:.6g} (rarity {alert.rarity:.3g}), threshold {alert.threshold:.6g}, "
        f"release {alert.release}{' (provisional)' * alert.provisional}{_drawn(alert)}"
    )
    found = alert.explanation
    if found is None:
        typer.echo("this detector does not explain")
        return
    if found.lesson:
        moved = "raised" if found.lesson > 0 else "lowered"
        typer.echo(f"labels {moved} it by {abs(found.lesson):.4g} {found.unit}; without them:")
    typer.echo(f"how far {found.total:.4g} {found.unit} would fall without each feature:")
    for each in found.contributions:
        value = "missing" if each.value is None else f"{each.value:.6g}"
        usual = "" if each.low is None else f"   usually {each.low:.4g} to {each.high:.4g}"
        typer.echo(f"  {each.contribution:>+10.4f}  {each.feature} = {value}{usual}")
