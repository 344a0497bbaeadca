"""A detector of a run: its configuration in a file, its topics and its group by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.decode import FEATURES

PROFILES: dict[str, dict[str, Any]] = {
    "floodline": {"profile": "river", "trees": 10, "height": 8},
    "floodline_default": {"profile": "default", "trees": 50},
}
"""By the name of the figure, the model; all else is as `floodline consume` has it by default."""


class Detector:
    """Made with its folder; the processes of its group are told the file."""

    def __init__(
        self,
        folder: Path,
        name: str,
        profile: str,
        *,
        bootstrap_servers: str,
        topic: str,
        alert_share: float = 0.001,
    ) -> None:
        self.name = name
        self.topic = topic
        self.bootstrap_servers = bootstrap_servers
        self.group = f"floodline-{name}"
        self.folder = folder / name
        self.folder.mkdir()
        self.file = self.folder / "floodline.toml"
        sections: dict[str, Mapping[str, Any]] = {
            "detector": {"name": name, "topic": topic, "features": FEATURES},
            "model": PROFILES[profile],
            "threshold": {"initial_rarity": alert_share},
            "kafka": {"bootstrap_servers": bootstrap_servers},
            "consumer": {"metrics_port": 0},
            "store": {"folder": str(self.folder / "states")},
            "log": {"format": "json"},
        }
        self.file.write_text(_toml(sections), encoding="utf-8")

    @property
    def topics(self) -> list[str]:
        """The topics that it makes for itself."""
        kinds = ("alerts", "samples", "deadletters", "labels", "releases", "changes")
        return [f"{self.name}.{kind}" for kind in kinds]


def _toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"
