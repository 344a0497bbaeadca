"""Options and output that every command shares."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from floodline.configuration.loading import load
from floodline.configuration.sections import Configuration
from floodline.telemetry.logging import configure_logging

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The TOML file; $FLOODLINE_CONFIG, then ./floodline.toml if not given.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
NewestOption = Annotated[
    int, typer.Option("--limit", min=1, max=1_000_000, help="How many, the newest first.")
]
BootstrapOption = Annotated[
    str | None, typer.Option("--bootstrap-servers", help="Kafka's host:port, by comma.")
]


def read_configuration(path: Path | None, **flags: Any) -> Configuration:
    """The configuration with flags over it (`kafka__bootstrap_servers=...`), and its log set up."""
    given = {name.replace("__", ".", 1): value for name, value in flags.items()}
    configuration, _ = load(path, os.environ, given)
    configure_logging(configuration.log.level, as_json=configuration.log.format == "json")
    return configuration


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def left_out(shown: int, total: int) -> list[str]:
    """The line below a list that --limit cut short; none where it is whole."""
    return [f"{shown:,} of {total:,}, the newest; --limit {total} shows all"] * (shown < total)
