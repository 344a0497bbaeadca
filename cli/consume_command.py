"""`floodline consume`: the scoring process."""

from typing import Annotated

import typer

from cli.options import BootstrapOption, ConfigOption, read_configuration


def consume(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    instance: Annotated[
        str | None, typer.Option(help="Stable name of this group member, such as a pod's name.")
    ] = None,
    warm_from: Annotated[
        str | None,
        typer.Option(
            help="What a model that begins anew learns first, without alerts: earliest, "
            "offset:1200, time:2026-01-31T00:00:00Z or file:history.csv."
        ),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /healthz and /readyz; 0 for a free one.")
    ] = None,
) -> None:
    """Score the input topic and publish alerts, until SIGTERM or ctrl-C.

    Start several to share the partitions. Example: `floodline consume --config floodline.toml`
    """
    # Imported late: the client and River take a second, and `floodline --help` should not.
    from consumer.main import consume as run_consumer

    run_consumer(
        read_configuration(
            config,
            kafka__bootstrap_servers=bootstrap_servers,
            consumer__instance=instance,
            consumer__warm_from=warm_from,
            consumer__metrics_port=metrics_port,
        )
    )
