"""What the demo is run with, and the configuration that follows from it."""

import re
from pathlib import Path
from typing import Any

import msgspec

from demo.streams import Stream

PARTITIONS = 2


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the demo.

    Attributes:
        stream: a shipped stream's name, or a CSV file.
        seconds: how long the replay of the stream takes.
        budget: labels that the simulated analyst may give.
        labels_a_second: how fast the analyst is.
        target_precision: what the threshold is moved towards.
        initial_score: the threshold before the first label; so low that labels must raise it.
        folder: where everything of this run is kept.
        keep: leave all running at the end, until ctrl-C.
        bootstrap_servers: another Kafka in place of a local one.
    """

    stream: str = "shuttle"
    seconds: float = 60.0
    budget: int = 900
    labels_a_second: float = 12.0
    target_precision: float = 0.8
    initial_score: float = 0.2
    folder: Path
    keep: bool = False
    bootstrap_servers: str | None = None

    @property
    def configuration(self) -> Path:
        """The file with the run's configuration."""
        return self.folder / "floodline.toml"


class Ports(msgspec.Struct, frozen=True):
    """Free ports of 127.0.0.1 for the run's processes."""

    api: int
    consumer: int
    trainer: int
    mlflow: int


def detector_name(stream: Stream) -> str:
    """The stream's name as a detector's name."""
    name = re.sub(r"[^a-z0-9_-]+", "-", stream.name.lower()).strip("-_")
    return name[:63] or "stream"


def configuration_tree(
    settings: DemoSettings, stream: Stream, bootstrap_servers: str, ports: Ports
) -> dict[str, dict[str, Any]]:
    """The run's floodline.toml, as sections."""
    name = detector_name(stream)
    folder = settings.folder.resolve()
    return {
        "detector": {
            "name": name,
            "topic": f"{name}.events",
            "features": list(stream.features),
        },
        "review": {"initial_rate": 0.01},
        "threshold": {
            "initial_score": settings.initial_score,
            "target_precision": settings.target_precision,
            "min_labels": 60,  # five seconds' worth: fewer would only show how little they say
            # One analyst answers, as fast as a team in hours: what keeps one person from moving the
            # threshold alone, and from one move to the next, would hold the story up.
            "analyst_step": 1000.0,
            "cool_down_minutes": 0,
        },
        "kafka": {"bootstrap_servers": bootstrap_servers, "replication_factor": 1},
        "consumer": {
            "instance": "demo",
            "session_timeout_ms": 6000,
            "metrics_port": ports.consumer,
        },
        "database": {"url": f"sqlite:///{folder}/floodline.db"},
        "api": {"port": ports.api},
        "trainer": {
            "recalibrate_every_seconds": 2.0,
            "retrain_every_seconds": max(5.0, settings.seconds / 3),
            "metrics_port": ports.trainer,
        },
        "mlflow": {
            "tracking_uri": f"sqlite:///{folder}/mlflow.db",
            "artifacts": f"{folder}/mlartifacts",
        },
        "store": {"folder": f"{folder}/states"},
    }


def to_toml(tree: dict[str, dict[str, Any]]) -> str:
    """The sections as TOML; JSON's strings, numbers and lists are TOML's too."""
    parts = []
    for section, values in tree.items():
        lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]
        parts.append("\n".join([f"[{section}]", *lines]))
    return "\n\n".join(parts) + "\n"
