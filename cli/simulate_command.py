"""`floodline simulate`: a labelled stream, and analysts with a budget."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import JsonOption
from cli.score_command import Form, Profile

EXAMPLES = (
    "Examples: floodline simulate demo/data/shuttle.csv.gz --label label --labels 200 --seeds 5 · "
    "floodline simulate mine.npz --label y --noise 0.05 --delay 4 --plot mine.png --json"
)


def simulate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help=".csv, .ndjson or .jsonl (each also .gz), .npz, .parquet; - = stdin.",
        ),
    ],
    label: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="Column of 0 and 1 that the analysts answer from, no feature."
        ),
    ],
    labels: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Events that are reviewed in all, at most.")
    ] = 200,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Runs, each with other trees and analysts.")
    ] = 5,
    noise: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of the answers that are wrong; 0.5 is a toss of a coin."
        ),
    ] = 0.0,
    delay: Annotated[
        int,
        typer.Option(metavar="WINDOWS", min=0, help="Review windows until a label is known."),
    ] = 0,
    analysts: Annotated[
        int, typer.Option(min=1, max=100, help="People who share the reviews.")
    ] = 5,
    target_precision: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.01,
            max=0.99,
            help="Share of the alerts that should be real; the configuration's default if not "
            "given.",
        ),
    ] = None,
    rarity: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0001,
            max=0.5,
            help="Until labels move the threshold the rarest events are alerts, this share of "
            "them; as many as there are labels if not given.",
        ),
    ] = None,
    half_life: Annotated[
        float | None,
        typer.Option(
            metavar="WINDOWS",
            min=0.1,
            help="Review windows after which a reviewed event counts half, for the threshold and "
            "in what it teaches; age does not matter if not given.",
        ),
    ] = None,
    shuffle: Annotated[
        bool,
        typer.Option(
            "--shuffle", help="Another order of the events for each seed, for data without one."
        ),
    ] = False,
    form: Annotated[
        Form | None, typer.Option("--format", help="What FILE is; its ending says so if not given.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="The columns that the model sees, by comma; every numeric one if not given."
        ),
    ] = None,
    profile: Annotated[Profile, typer.Option(help="The model.")] = Profile.DEFAULT,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave out events that cannot be read.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the runs: .png or .svg.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try ways to use labels on a stream whose truth is known, and see what reviews find.

    After 250 events that warm the model up come 40 review windows, of 50 events at least. Of each
    window the analysts look at a few events, `labels` in all; a label is known after the window, or
    `--delay` windows later. Methods: `none` shows the highest scores of each window; under
    `threshold_only` the product's own decisions move the threshold, and its alerts and samples are
    shown as the console's queue serves them; under `feedback` labels teach the forest as the
    product lets them, and the top by what it learnt is shown; `aad`, Active Anomaly Discovery on
    the same forest, is there to compare with. The last two need the default profile.

    `found`: real anomalies among those reviewed. `average_precision`: of the scores over the second
    half of the stream. Both are means over the seeds. For a method with a threshold also whether
    the alerts of the last third were as precise as the target asks, and whether the intervals of
    precision and recall hold the truth at the end.
    """
    # Imported late: Numba and pyarrow take a while, and `floodline --help` should not.
    from cli.labelled_stream import Source
    from cli.simulate_job import Job, run

    run(
        Job(
            source=Source(
                file=file,
                form=form.value if form else None,
                features=features,
                label=label,
                skip_invalid=skip_invalid,
            ),
            labels=labels,
            seeds=seeds,
            noise=noise,
            delay=delay,
            analysts=analysts,
            target_precision=target_precision,
            rarity=rarity,
            half_life=half_life,
            shuffle=shuffle,
            profile=profile.value,
            plot=plot,
            as_json=as_json,
        )
    )
