"""`floodline config`: what is set, where it came from, and what can be set."""

import json
import os
import sys
from typing import Any

import typer

from cli.options import ConfigOption, JsonOption, print_json
from floodline.configuration.loading import load
from floodline.configuration.sections import Configuration

app = typer.Typer(help="The configuration: check it, show it, write one.", no_args_is_help=True)

EXAMPLE = """\
# floodline.toml: every other setting has a default (`floodline config show`).
[detector]
name = "payments"                 # the detector's topics start with it
topic = "payments.events"         # JSON objects
features = ["amount", "latency"]  # numeric fields; "a.b" is field b of object a
# entity = "account"              # whom an event is about

[threshold]
target_precision = 0.8            # what labels move the threshold towards
initial_rarity = 0.001            # before any label: the rarest 1 in 1,000

[kafka]
bootstrap_servers = "127.0.0.1:9092"

[database]
url = "sqlite:///.floodline/floodline.db"
"""


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check file, environment and types; nothing is connected to.

    Example: `floodline config check --config floodline.toml`
    """
    configuration, origins = load(config, os.environ)
    if as_json:
        print_json({"valid": True, "detector": configuration.detector.name, "given": len(origins)})
    else:
        sys.stdout.write(
            f"valid: detector {configuration.detector.name!r} reads "
            f"{configuration.topics.events!r}, {len(configuration.detector.features)} features; "
            f"{len(origins)} settings given\n"
        )


@app.command()
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every setting in force and where it came from; secrets are hidden.

    Example: `floodline config show --json`
    """
    configuration, origins = load(config, os.environ)
    values: dict[str, dict[str, Any]] = configuration.model_dump(mode="json")
    flat = {f"{s}.{key}": value for s, keys in values.items() for key, value in keys.items()}
    if as_json:
        print_json({n: {"value": v, "from": origins.get(n, "default")} for n, v in flat.items()})
        return
    width = max(map(len, flat))
    for name, value in flat.items():
        text = json.dumps(value)
        sys.stdout.write(f"{name:<{width}}  {text:<42} {origins.get(name, 'default')}\n")


@app.command()
def example() -> None:
    """Print a floodline.toml to begin with.

    Example: `floodline config example > floodline.toml`
    """
    sys.stdout.write(EXAMPLE)


@app.command()
def schema() -> None:
    """Print the JSON Schema of floodline.toml, for editors.

    Example: `floodline config schema > floodline.schema.json`
    """
    print_json(Configuration.model_json_schema())
