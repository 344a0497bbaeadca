"""A Kafka node on disk, made ready to start: its jars, its Java, its settings, its storage."""

import base64
import fcntl
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import platformdirs

from demo.local_kafka.download import download
from demo.local_kafka.jars import WAYS_OUT, pinned_jars, provide
from demo.local_kafka.java import find_java
from demo.local_kafka.properties import Ports, server_properties
from floodline.errors import ConfigurationError, DependencyDown

HEAP = "384m"
FORMAT_SECONDS = 60
# Serial collection starts fastest and is enough for this heap. The broker keeps the optimizing
# compiler, for throughput; the format tool runs for a second and goes without.
JVM = ("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true")
FORMAT_JVM = (*JVM, "-Xmx128m", "-XX:TieredStopAtLevel=1")
BROKER_JVM = (*JVM, "-Xms128m", f"-Xmx{HEAP}", "-XX:+ExitOnOutOfMemoryError")


@dataclass(frozen=True, slots=True)
class Node:
    """A node ready to start: its folder, its ports, and the command that runs it."""

    folder: Path
    ports: Ports
    command: tuple[str, ...]

    @property
    def log(self) -> Path:
        """The broker's own log."""
        return self.folder / "logs" / "broker.log"

    @property
    def output(self) -> Path:
        """What the Java process itself prints: its start failures, mostly."""
        return self.folder / "logs" / "output.log"


def prepare(folder: Path, ports: Ports) -> Node:
    """Make a node in `folder` ready to start on `ports`; data that is there is kept.

    Raises DependencyDown where the jars cannot be had or the storage cannot be formatted, and
    ConfigurationError where Java is missing or the folder cannot be written.
    """
    require_unused(folder / "data")
    java = find_java()
    jars = provide(platformdirs.user_cache_path("floodline") / "kafka", pinned_jars(), download)
    folder = folder.absolute()
    properties = folder / "server.properties"
    data = folder / "data"
    text = server_properties(ports, data)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        data.mkdir(exist_ok=True)
        properties.write_text(text, encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"The local Kafka cannot keep its data in {folder}: {error}. Name another folder."
        ) from error
    base = (str(java), "-cp", ":".join(str(jar) for jar in jars), *_logging(folder))
    node = Node(folder, ports, (*base, *BROKER_JVM, "kafka.Kafka", str(properties)))
    if not (data / "meta.properties").exists():
        _format([*base, *FORMAT_JVM, "kafka.tools.StorageTool"], properties)
    _set_old_logs_aside(node)
    return node


def require_unused(data: Path) -> None:
    """Raise ConfigurationError where a live Kafka keeps its data in `data`.

    Kafka holds a POSIX lock on the file `.lock` for as long as it runs.
    """
    try:
        with (data / ".lock").open("r+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except BlockingIOError as error:
        raise ConfigurationError(
            f"Another Kafka runs with its data in {data}. Use that one, stop it, or name another "
            "folder."
        ) from error


def _logging(folder: Path) -> tuple[str, str]:
    configuration = files("demo.local_kafka") / "log4j2.properties"
    return (f"-Dkafka.logs.dir={folder / 'logs'}", f"-Dlog4j2.configurationFile={configuration}")


def _format(tool: Sequence[str], properties: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    cluster = cluster.replace("-", "A")  # a leading dash would read as an option
    arguments = ["format", "--standalone", "-t", cluster, "-c", str(properties)]
    try:
        done = subprocess.run(
            [*tool, *arguments], capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DependencyDown(
            f"Kafka's storage could not be formatted: {error}. {WAYS_OUT}"
        ) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise DependencyDown(f"Kafka's storage could not be formatted:\n{said}\n{WAYS_OUT}")


def _set_old_logs_aside(node: Node) -> None:
    for file in (node.log, node.output):
        if file.exists():
            file.replace(file.with_suffix(".previous.log"))
