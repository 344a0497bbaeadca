"""What a switch tells that people stop something with, and let it go on: the freeze, lessons."""

from datetime import datetime
from typing import NamedTuple

import typer

from cli.options import print_json


class Stop(NamedTuple):
    """Who stopped it, when and why, as the database keeps it."""

    by: str | None
    at: datetime | None
    reason: str | None


def tell_stop(name: str, word: str, stop: Stop, *, as_json: bool) -> None:
    """Say who stopped it and why; in JSON under `name`."""
    if as_json:
        print_json({name: stop._asdict()})
    else:
        typer.echo(f"{word} by {stop.by}: {stop.reason}")


def tell_free(name: str, words: str, *, as_json: bool) -> None:
    """Say that nobody stops it now."""
    if as_json:
        print_json({name: None})
    else:
        typer.echo(words)
