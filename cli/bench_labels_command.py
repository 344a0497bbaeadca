"""`floodline bench labels`: how soon a label is in the scores, under load."""

from typing import Annotated

import typer

from cli.checkout import in_a_checkout, say
from cli.options import JsonOption, print_json

EXAMPLE = "Example: floodline bench labels --seconds 20 --json"


def labels(
    labels_per_second: Annotated[int, typer.Option("--labels", min=1, help="A second.")] = 20,
    events_per_second: Annotated[int, typer.Option("--events", min=100, help="A second.")] = 20_000,
    seconds: Annotated[float, typer.Option(min=2, max=600, help="Of labelling.")] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Measure the time from a label's POST to the first event that is scored with it.

    On a Kafka of its own, with consumer, trainer and API as processes on the same cores; one
    partition, the default profile, SQLite. `p99_seconds` is over all labels; `releases` how many
    tables came into force meanwhile.
    """
    with in_a_checkout("labels"):
        from benchmarks.labels.measurement import measure
    figures = measure(labels_per_second, events_per_second, seconds, say)
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        if not isinstance(value, dict):
            typer.echo(f"{name:<20}{value:>12,.3f}")
