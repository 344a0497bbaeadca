"""`floodline ...`: parses, then calls; every error becomes one message and its exit code."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli import (
    bench_command,
    compile_command,
    config_commands,
    consume_command,
    database_commands,
    demo_command,
    explain_command,
    kafka_commands,
    keys_commands,
    score_command,
    serve_command,
    simulate_command,
    teaching_commands,
    threshold_commands,
    trainer_commands,
    verify_command,
)
from floodline.errors import FloodlineError

app = typer.Typer(
    name="floodline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"floodline {version('floodline')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """Anomalies in a live stream, exactly once, and labels that teach the detector."""


app.command("compile")(compile_command.compile_kernels)
app.command("consume")(consume_command.consume)
app.command("demo")(demo_command.demo)
app.command("explain", epilog=explain_command.EXAMPLE)(explain_command.explain)
app.command("score", epilog=score_command.EXAMPLES)(score_command.score)
app.command("serve")(serve_command.serve)
app.command("simulate", epilog=simulate_command.EXAMPLES)(simulate_command.simulate)
app.command("verify", epilog=verify_command.EXAMPLE)(verify_command.verify)
app.add_typer(bench_command.app, name="bench")
app.add_typer(config_commands.app, name="config")
app.add_typer(database_commands.app, name="db")
app.add_typer(kafka_commands.app, name="kafka")
app.add_typer(keys_commands.app, name="keys")
app.add_typer(teaching_commands.app, name="teaching")
app.add_typer(threshold_commands.app, name="threshold")
trainer_commands.register(app)


def run() -> int:
    """Run the command line; the exit code (0, 1, 2 usage, 3 configuration, 4 dependency down)."""
    try:
        app()  # prints usage errors itself; always ends by SystemExit
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except FloodlineError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"floodline: {line}\n")
        return error.exit_code
    return 0
