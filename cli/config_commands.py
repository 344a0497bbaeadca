"""`floodline config`: what is set, where it came from, and what can be set."""

import json
import os
import sys
from typing import Any

import msgspec
import typer

from cli.options import ConfigOption, JsonOption, print_json
from floodline.configuration.first_alert import events_before_alerts, warm_up_of
from floodline.configuration.loading import load
from floodline.configuration.model_check import check_model
from floodline.configuration.sections import Configuration
from floodline.storage.state_store import open_store

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
# policy = "budget"               # alerts_per_hour beside it; or "cost", or "fixed"
# second_person = true            # a move takes effect once another person approves it
initial_rarity = 0.001            # before any label: the rarest 1 in 1,000; none before event 451

[kafka]
bootstrap_servers = "127.0.0.1:9092"

[database]
url = "sqlite:///.floodline/floodline.db"
"""


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check file, environment and types; make a detector by name; nothing is connected to.

    Says too before which event of a partition no alert can come.

    Example: `floodline config check --config floodline.toml`
    """
    configuration, origins = load(config, os.environ)
    check_model(configuration)
    open_store(configuration.store)
    first = events_before_alerts(configuration)
    if as_json:
        print_json(
            {
                "valid": True,
                "detector": configuration.detector.name,
                "given": len(origins),
                "events_before_alerts": first,
            }
        )
    else:
        sys.stdout.write(
            f"valid: detector {configuration.detector.name!r} reads "
            f"{configuration.topics.events!r}, {len(configuration.detector.features)} features; "
            f"{len(origins)} settings given\n"
            f"no alert before event {first + 1:,} of a partition: {_why(configuration)}\n"
        )


def _why(configuration: Configuration) -> str:
    warm_up = warm_up_of(configuration.model_parameters)
    threshold = configuration.threshold
    if threshold.initial_score is not None:
        return f"{warm_up:,} events warm the model up, then threshold.initial_score holds"
    return (
        f"{warm_up:,} events warm the model up, and a rarity of {threshold.initial_rarity:g} needs "
        "that many scores to be told; raise threshold.initial_rarity, set threshold.initial_score "
        "or consumer.warm_from for an earlier one"
    )


@app.command()
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every setting in force and where it came from; secrets are hidden.

    Example: `floodline config show --json`
    """
    configuration, origins = load(config, os.environ)
    values: dict[str, dict[str, Any]] = configuration.model_dump(mode="json")
    in_force = msgspec.to_builtins(configuration.model_parameters)
    values["model"] |= {k: in_force.get(k) for k, v in values["model"].items() if v is None}
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
