"""`floodline score`: a file of events in, scored lines out; no Kafka."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.options import ConfigOption, JsonOption

EXAMPLES = (
    "Examples: floodline score events.csv.gz --label label --json · "
    "zcat log.ndjson.gz | floodline score - --format ndjson --features bytes,duration | head"
)


class Form(StrEnum):
    """Formats that are read."""

    CSV = "csv"
    NDJSON = "ndjson"
    NPZ = "npz"
    PARQUET = "parquet"


class Output(StrEnum):
    """Formats that are written."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class Profile(StrEnum):
    """Models that a flag can name."""

    DEFAULT = "default"
    RIVER = "river"


def score(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help=".csv, .ndjson or .jsonl (each also .gz), .npz, .parquet; - = stdin.",
        ),
    ],
    form: Annotated[
        Form | None, typer.Option("--format", help="What FILE is; its ending says so if not given.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="The columns that the model sees, by comma; all is every numeric one but the "
            "label. The configuration's detector.features if not given, else all."
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of 0 and 1: evaluate by it. The detector never sees it.",
        ),
    ] = None,
    config: ConfigOption = None,
    profile: Annotated[
        Profile | None,
        typer.Option(help="The model; the configuration's if not given, else default."),
    ] = None,
    trees: Annotated[int | None, typer.Option(min=1, max=200, help="Number of trees.")] = None,
    height: Annotated[int | None, typer.Option(min=1, max=15, help="Height of a tree.")] = None,
    window: Annotated[
        int | None, typer.Option(min=2, max=100_000, help="Events in a window.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=2, help="Events that the default profile remembers.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Fixes the trees and so every score.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="SCORE",
            min=0,
            max=1,
            help="Mark as alert what scores at least this, once warm; else the configuration's "
            "threshold, else --rarity 0.001.",
        ),
    ] = None,
    rarity: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0001,
            max=0.5,
            help="Mark as alert the rarest events, this share of the last 10,000; nothing can be "
            "so rare before 1 / SHARE events after the warm-up.",
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Start from a state that --save-state wrote.")
    ] = None,
    save_state: Annotated[
        Path | None, typer.Option(help="Write the model's state after the last event.")
    ] = None,
    warm_from: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Learn the events of this file first; not reported."),
    ] = None,
    output: Annotated[
        Output | None,
        typer.Option(help="Format of the lines; the ending of -o if not given, else ndjson."),
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", "-o", help="Where the lines go; else stdout.")
    ] = None,
    with_event: Annotated[
        bool, typer.Option("--with-event", help="Carry each event's own columns in its line.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say in an alert's line what each feature adds to it."),
    ] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Count events that cannot be read; go on.")
    ] = False,
    batch_size: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Events a step; changes no result.")
    ] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """Score a file of events with the consumer's own engine, event by event in the file's order.

    Each event is scored, then learnt. A line has its row (the first is 0), score, rarity (share of
    recent events that scored as high), the threshold in force, alert and warming_up. A cell that
    is empty or NaN is a missing value. Without a configuration the other features score such an
    event; with one detector.missing holds as in the consumer: where it names no number and no
    `ignore` for the feature, the event's line has `refused` and `detail` in place of a score.

    With --label: `roc_auc` and `average_precision` over all events; with --json that is one
    object on stdout and no lines, unless -o names a file for them.
    """
    # Imported late: Numba and pyarrow take a while, and `floodline --help` should not.
    from cli.model_flags import ModelFlags
    from cli.score_job import Job, run

    run(
        Job(
            file=file,
            form=form.value if form else None,
            features=features,
            label=label,
            config=config,
            model=ModelFlags(
                profile=profile.value if profile else None,
                trees=trees,
                height=height,
                window=window,
                memory=memory,
                seed=seed,
            ),
            threshold=threshold,
            rarity=rarity,
            state=state,
            save_state=save_state,
            warm_from=warm_from,
            output=output.value if output else None,
            output_file=output_file,
            with_event=with_event,
            explain=explain,
            skip_invalid=skip_invalid,
            batch_size=batch_size,
            as_json=as_json,
        )
    )
