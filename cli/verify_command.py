"""`floodline verify`: is what was published what the log gives?"""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cli.options import BootstrapOption, ConfigOption, JsonOption, print_json, read_configuration
from cli.terminal_bar import terminal_bar

# Imported where it runs: the client and Numba take a second, and `floodline --help` should not.
if TYPE_CHECKING:
    from consumer.audit.derivation import Difference
    from consumer.audit.report import Report
    from consumer.audit.verifier import Verified

EXAMPLE = (
    "Example: floodline verify --partition 0 --from 10000 --to 20000 --json; for a demo that was "
    "kept, add --config with the floodline.toml that it names at its end"
)

_SAID = {
    "missing": "is missing",
    "altered": "differs",
    "twice": "is published twice",
    "not_derived": "is published, but the log gives none",
}


def verify(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    partitions: Annotated[
        list[int] | None,
        typer.Option("--partition", min=0, help="Only this partition of the input; repeatable."),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(
            "--from",
            metavar="OFFSET",
            min=0,
            help="First offset of the range; where the model last began if not given.",
        ),
    ] = None,
    end: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="OFFSET",
            min=0,
            help="Offset after the range; the committed one if not given.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Derive alerts, dead letters and states anew from the log, and compare them bit for bit.

    Replays the input through the consumer's own engine under the releases that were recorded,
    from the nearest kept snapshot on, and says equal, or the first difference of each partition.
    Compares every alert and dead letter of the range as read_committed shows it, every mark's
    state hash, and the committed counts. Changes nothing; the consumer may run meanwhile.

    Exit codes: 0 equal, 1 different, 3 the range cannot be derived, 4 Kafka or the store is down.
    """
    if first is not None and end is not None and first > end:
        raise typer.BadParameter(f"--from {first} is behind --to {end}")
    from consumer.audit.report import verify as run_verification

    configuration = read_configuration(config, kafka__bootstrap_servers=bootstrap_servers)
    with terminal_bar("asking Kafka") as told:
        report = run_verification(configuration, partitions or [], first, end, told)
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        _print(report)
    if not report.equal:
        raise typer.Exit(1)


def _print(report: "Report") -> None:
    for each in report.partitions:
        typer.echo(_line(each))
        if each.difference is not None:
            for line in _told(each.difference):
                typer.echo(f"  {line}")
    for stray in report.strays[:10]:
        typer.echo(f"not ours: {stray.where}: {stray.why}")
    if len(report.strays) > 10:
        typer.echo(f"not ours: {len(report.strays) - 10:,} more")
    if not report.equal:
        typer.echo("different")
        return
    total = {
        name: sum(getattr(each, name) for each in report.partitions)
        for name in ("records", "scored", "alerts", "samples", "dead_letters", "marks")
    }
    typer.echo(
        f"equal: {total['records']:,} records = {total['scored']:,} scored + "
        f"{total['dead_letters']:,} dead letters; {total['alerts']:,} alerts, "
        f"{total['samples']:,} samples, {total['marks']:,} marks, bit for bit"
    )


def _line(verified: "Verified") -> str:
    head = f"partition {verified.partition}: {verified.first:,} to {verified.end:,}"
    start = verified.start
    if start is None:
        return f"{head}: nothing to derive"
    kind = "the model's beginning" if start.snapshot is None else "the snapshot"
    counts = (
        f"{verified.records:,} records = {verified.scored:,} scored + "
        f"{verified.dead_letters:,} dead letters, {verified.gaps:,} gaps, "
        f"{verified.alerts:,} alerts, {verified.samples:,} samples, {verified.marks:,} marks"
    )
    outcome = "equal" if verified.difference is None else "DIFFERENT"
    return f"{head}, from {kind} at {start.offset:,}: {counts}: {outcome}"


def _told(difference: "Difference") -> list[str]:
    what = difference.what.replace("_", " ")
    where = "" if difference.where is None else f" ({difference.where})"
    lines = [f"{what} at offset {difference.offset}{where} {_SAID[difference.problem]}"]
    if difference.field is not None:
        lines.append(f"field {difference.field}")
    if difference.expected is not None:
        lines.append(f"the log gives   {difference.expected}")
    if difference.found is not None:
        lines.append(f"published was   {difference.found}")
    if difference.note is not None:
        lines.append(difference.note)
    return lines
