"""`floodline bench feedback`: what labels find, against rivals and against none."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.checkout import in_a_checkout, say
from cli.options import JsonOption, print_json
from cli.pictures import check_plot, save
from floodline.errors import ConfigurationError

EXAMPLES = (
    "Examples: floodline bench feedback --group shipped --seeds 2 · "
    "floodline bench feedback --streams mine/ --label y --in-time web --variants clean,coins --json"
)


def feedback(
    group: Annotated[
        str,
        typer.Option(
            help="The list of streams: dev, held-out, shipped, or flip: one where real and "
            "harmless change places."
        ),
    ] = "held-out",
    streams: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="In place of a list: every .csv (or .csv.gz), .ndjson, .npz and .parquet in it.",
        ),
    ] = None,
    label: Annotated[
        str, typer.Option(metavar="COLUMN", help="Of FOLDER's files: 1 for an anomaly, else 0.")
    ] = "label",
    in_time: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Streams of FOLDER that are in time order, by comma; others are shuffled.",
        ),
    ] = "",
    only: Annotated[
        str, typer.Option(metavar="NAMES", help="Only these streams of the list, by comma.")
    ] = "",
    variants: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="By comma: clean, noise_5, noise_20, delay_4, coins, shift; all if not given.",
        ),
    ] = "",
    methods: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="By comma: threshold_only, feedback, aad, mirror_descent; these if not given. "
            "four_none, four_feedback, four_own_tables: the same over four partitions. "
            "mixed_unlike, mixed_near: one place in five of the queue for what would teach most. "
            "mixed_chance: two in five by chance where the top finds next to nothing. "
            "extra_trees: a classifier fitted anew after each window. "
            "none, the plain forest, is always there.",
        ),
    ] = "",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Seeds 1 to this.")] = 5,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core if not given.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the figures: .png or .svg.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what 200 labels find on labelled streams, and how well scores rank afterwards.

    After a warm-up come 40 review windows; analysts label the top 5 of each. Every method sees the
    same streams and analysts. `found` counts real anomalies among those reviewed; average precision
    is of the published scores over the second half. Streams in time order are also played with one
    label in 250 events (`often`). The lists were written down before the first run
    (benchmarks/feedback/streams.py); most streams come from the packages of
    benchmarks/detection/requirements.txt, and are left out where these are not installed.
    """
    with in_a_checkout("feedback"):
        from benchmarks.feedback.measurement import measure
        from benchmarks.feedback.picture import drawn_groups
        from benchmarks.feedback.report import report
        from benchmarks.feedback.streams import of_folder, of_group
    check_plot(plot)
    absent: dict[str, int] = {}
    if streams is not None:
        chosen = of_folder(streams, _names(in_time), label)
    else:
        chosen, absent = of_group(group.replace("-", " "))
    wanted = _names(only)
    unknown = sorted(set(wanted) - {each.name for each in chosen})
    if unknown:
        raise ConfigurationError(
            f"--only {', '.join(unknown)}: there are {', '.join(each.name for each in chosen)}"
        )
    chosen = [each for each in chosen if not wanted or each.name in wanted]
    for package, count in absent.items():
        say(f"left out {count} streams: the package {package} is not installed")
    figures = measure(
        chosen, _names(variants), _names(methods), seeds, workers or os.cpu_count() or 1, say
    )
    figures["absent"] = absent
    if plot is not None:
        save(plot, drawn_groups(figures))
    if as_json:
        print_json(figures)
    else:
        typer.echo(report(figures))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
