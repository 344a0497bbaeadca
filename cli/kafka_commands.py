"""`floodline kafka up|down|status`: a local Apache Kafka without Docker."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from demo.local_kafka.service import DEFAULT_FOLDER, DEFAULT_PORT, Status
from demo.local_kafka.service import down as stop_broker
from demo.local_kafka.service import status as broker_status
from demo.local_kafka.service import up as start_broker
from floodline.errors import DependencyDown

app = typer.Typer(
    name="kafka",
    no_args_is_help=True,
    help="A real Apache Kafka on this machine, one node on 127.0.0.1, without Docker.",
)

Folder = Annotated[Path, typer.Option("--folder", help="Where the broker keeps its data and logs.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port for clients.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command(epilog="Example: floodline kafka up --port 9092")
def up(folder: Folder = DEFAULT_FOLDER, port: Port = DEFAULT_PORT, as_json: Json = False) -> None:
    """Start the broker and leave it running; its data outlives a stop.

    The first start fetches Kafka's jars (44 MB) into your cache folder and checks each digest.
    """
    _print(start_broker(folder, port), as_json=as_json)


@app.command(epilog="Example: floodline kafka down")
def down(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Stop the broker; its data stays in the folder."""
    found = stop_broker(folder)
    if as_json:
        _print(found, as_json=True)
    else:
        typer.echo(f"Kafka is stopped; its data stays in {found.folder}")


@app.command(epilog="Example: floodline kafka status --json")
def status(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Tell whether the broker runs and where; exit code 4 where it does not."""
    found = broker_status(folder)
    _print(found, as_json=as_json)
    if not found.running:
        raise typer.Exit(DependencyDown.exit_code)


def _print(found: Status, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    elif found.running:
        typer.echo(f"Kafka serves on {found.bootstrap_servers} (process {found.pid})")
        typer.echo(f"  since   {found.since}\n  folder  {found.folder}\n  log     {found.log}")
    else:
        typer.echo(f"No Kafka runs from {found.folder}")
