"""What the figures were measured on."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from confluent_kafka import libversion

from demo.local_kafka.jars import pinned_jars


def describe() -> dict[str, Any]:
    """The day in UTC, the processor, its cores, the load before the run, and versions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": processor(_text(Path("/proc/cpuinfo"))) or platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "kafka": next(jar.version for jar in pinned_jars() if jar.artifact == "kafka_2.13"),
        "librdkafka": libversion()[0],
        **{name: version(name) for name in ("confluent-kafka", "orjson", "msgspec", "river")},
    }


def processor(cpuinfo: str) -> str:
    """The first processor's name; empty where the system does not tell."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), "")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
