"""`floodline serve`: the feedback API, its console, the intake and the relay."""

from typing import Annotated

import typer

from cli.options import BootstrapOption, ConfigOption, read_configuration


def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")
    ] = None,
    bootstrap_servers: BootstrapOption = None,
) -> None:
    """Serve the REST API and the console, take alerts in and publish labels, until stopped.

    Needs the database with its tables (`floodline db upgrade`); goes on while Kafka is down.
    Example: `floodline serve --config floodline.toml --port 8080`
    """
    # Imported late: FastAPI and the client take a second, and `floodline --help` should not.
    from feedback_api.main import serve as serve_feedback

    serve_feedback(
        read_configuration(
            config,
            api__host=host,
            api__port=port,
            kafka__bootstrap_servers=bootstrap_servers,
        )
    )
