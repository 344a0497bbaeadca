"""`floodline threshold segments`: which entities' alerts are real."""

from typing import Annotated

import typer

from cli.options import ConfigOption, JsonOption, print_json
from cli.segment_words import segment_lines
from cli.threshold_session import threshold_session

_MOST = 200


def segments(
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many, most alerts first.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the precision of each entity's alerts at the threshold in force.

    Entities with few answers borrow from the others.
    """
    from feedback_api.use_cases.segments import read_segments

    with threshold_session(config) as (session, footing):
        found = read_segments(session, footing, limit)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        typer.echo("\n".join(segment_lines(found)))
