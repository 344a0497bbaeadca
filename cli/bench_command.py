"""`floodline bench ...`: measurements against named baselines in the same run."""

from typing import Annotated, Any

import typer

from cli import bench_feedback_command, bench_labels_command
from cli.checkout import in_a_checkout, say
from cli.options import JsonOption, print_json

app = typer.Typer(
    name="bench", no_args_is_help=True, help="Measure against named baselines in the same run."
)
app.command("feedback", epilog=bench_feedback_command.EXAMPLES)(bench_feedback_command.feedback)
app.command("labels", epilog=bench_labels_command.EXAMPLE)(bench_labels_command.labels)


@app.command("kernel", epilog="Example: floodline bench kernel --rounds 3 --json")
def kernel(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Interleaved rounds.")] = 7,
    moa: Annotated[
        bool, typer.Option("--moa/--no-moa", help="Measure Java's MOA too, where Java is there.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Measure scoring and learning against River's half-space trees, and MOA's.

    Events per second of process CPU time; 10 features, window 250; medians of interleaved rounds.
    `ratio_...` is kernel over River, `default_over_plain` the default profile with 50 of its 100
    trees, scaler included, over the kernel of 10 trees; `weighted_over_plain` how many times
    as long an event takes where labels taught the leaves; `bit_equal` whether each score
    was River's.
    """
    _print(_measure(rounds, with_moa=moa), as_json=as_json)


@app.command("decode", epilog="Example: floodline bench decode --rounds 3 --json")
def decode(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Interleaved rounds.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Measure decoding flat JSON events to a matrix against msgspec, and orjson's dicts.

    Events per second of process CPU time; ten numbers of 6 digits, then of 17, in batches of 1,000;
    medians of interleaved rounds. `ratio` is floodline's `matrix` over the best way with `msgspec`,
    `bit_equal` whether both gave the same bits.
    """
    with in_a_checkout("decode"):
        from benchmarks.decode import measure
    say("compiling, then measuring the decoders")
    _print(measure(rounds), as_json=as_json)


@app.command("end-to-end", epilog="Example: floodline bench end-to-end --rounds 3 --json")
def end_to_end(
    events: Annotated[int, typer.Option(min=10_000, help="Events of 177 bytes.")] = 3_000_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Interleaved rounds.")] = 5,
    latency: Annotated[
        bool, typer.Option("--latency/--no-latency", help="Until alerts can be read; 3 minutes.")
    ] = True,
    partitions: Annotated[
        bool, typer.Option("--partitions", help="Also 1 to 4 partitions, 1 and 2 processes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure `floodline consume` on a Kafka of its own against plain readers of the same topic.

    Events per second by the clock, broker and clients on the same cores; medians of interleaved
    rounds, ratios within rounds, `cpu_...` by CPU time. `consume_...` only read, or decode too;
    `floodline` is the River profile, `river_loop` a plain loop with River; `latency_ms` is from
    event to alert readable under read_committed.
    """
    with in_a_checkout("end-to-end"):
        from benchmarks.end_to_end.measurement import measure
        from benchmarks.end_to_end.report import report
    figures = measure(events, rounds, with_latency=latency, with_partitions=partitions, say=say)
    if as_json:
        print_json(figures)
    else:
        typer.echo(report(figures))


@app.command("threshold", epilog="Example: floodline bench threshold --streams 50 --json")
def threshold(
    streams: Annotated[int, typer.Option(min=1, help="Simulated streams of each kind.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure whether a threshold keeps its promise, against other ways to set one.

    On simulated streams whose truth is known; ten days each, three of ten alerts and samples
    answered, the top first. `target_held` is the share of streams whose last third met the target,
    `coverage_...` how often the 90 % intervals held the truth, `labels_to_target` the labels until
    the threshold was right for good. 60 streams of each of three kinds take some ten minutes on two
    cores.
    """
    with in_a_checkout("threshold"):
        from benchmarks.threshold.measurement import measure as measure_threshold
        from benchmarks.threshold.measurement import report as threshold_report
    figures = measure_threshold(streams, seed, say)
    if as_json:
        print_json(figures)
    else:
        typer.echo(threshold_report(figures))


def _print(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        typer.echo(f"{name:<22}{_shown(value):>16}")


def _measure(rounds: int, *, with_moa: bool) -> dict[str, Any]:
    with in_a_checkout("kernel"):
        from benchmarks import default_profile
        from benchmarks import kernel as plain
    say("compiling, then measuring half-space trees against River's")
    figures = plain.measure(rounds)
    say("measuring the default profile")
    figures |= default_profile.measure(rounds)
    if with_moa:
        say("measuring MOA's HSTrees")
        figures |= _moa(plain.stream(plain.SEED, 100_000))
    return figures


def _moa(rows: Any) -> dict[str, Any]:
    """MOA's rates by name, or null and the reason."""
    from benchmarks.moa import NoMoaError, measure

    shapes = ((10, 8), (25, 15))
    try:
        rates = measure(rows, shapes, 250)
    except NoMoaError as error:
        nothing = {f"moa_{trees}x{height}": None for trees, height in shapes}
        return nothing | {"moa_missing": str(error)}
    return {f"moa_{trees}x{height}": rate for (trees, height), rate in rates.items()}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if value < 100 else f"{value:,.0f}"
    return "-" if value is None else str(value)
