"""A broker that keeps running after the command that started it: up, down, status."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from demo.local_kafka.node import Node, prepare
from demo.local_kafka.ports import free_port, require_free
from demo.local_kafka.properties import HOST, Ports
from demo.local_kafka.readiness import await_serving
from demo.local_kafka.state import BrokerProcess, forget_state, read_state, write_state
from floodline.errors import ConfigurationError

if TYPE_CHECKING:
    import psutil  # an optional extra: the command line must load without it

DEFAULT_FOLDER = Path(".floodline/kafka")
DEFAULT_PORT = 9092
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a broker runs from `folder`, and where it serves.

    `since` is its start in ISO 8601, UTC; it, the process id and the address are None while no
    broker runs.
    """

    running: bool
    folder: str
    log: str
    bootstrap_servers: str | None = None
    pid: int | None = None
    since: str | None = None


def up(folder: Path = DEFAULT_FOLDER, port: int = DEFAULT_PORT) -> Status:
    """Start a broker with its data in `folder` and return once it serves.

    One that runs from `folder` on this port already is left alone. Raises ConfigurationError
    (port in use, another port asked for than it runs on, no Java) or DependencyDown (jars cannot
    be had, broker does not come up); nothing is left running then.
    """
    with _alone_in(folder):
        noted = read_state(folder)
        if noted is not None and noted.find() is not None:
            if noted.port != port:
                raise ConfigurationError(
                    f"A Kafka runs from {folder} already, on port {noted.port}. Use that one, "
                    f"stop it with `floodline kafka down --folder {folder}`, or name another "
                    f"--folder for one on port {port}."
                )
            return _describe(folder, noted)
        require_free(port)
        return _describe(folder, _start(prepare(folder, Ports(port, free_port()))))


def down(folder: Path = DEFAULT_FOLDER) -> Status:
    """Stop the broker that runs from `folder`; its data stays. Nothing running is no error."""
    if folder.is_dir():
        with _alone_in(folder):
            noted = read_state(folder)
            process = noted.find() if noted is not None else None
            if process is not None:
                _stop(process)
            forget_state(folder)
    return _describe(folder, None)


def status(folder: Path = DEFAULT_FOLDER) -> Status:
    """Tell whether the broker of `folder` runs."""
    noted = read_state(folder)
    return _describe(folder, noted if noted is not None and noted.find() is not None else None)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two commands at once start one broker."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise ConfigurationError(
            f"The local Kafka cannot keep its data in {folder}: {error}. Name another --folder."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(node: Node) -> BrokerProcess:
    """Start Java in a session of its own, where neither ctrl-C nor a closed terminal reaches it."""
    output = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawn(
        node.command[0],
        node.command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(node.output), output, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    started = BrokerProcess.of(pid, node.ports.clients)
    try:
        write_state(node.folder, started)
        await_serving(node, lambda: started.find() is not None)
    except BaseException:
        process = started.find()
        if process is not None:
            _stop(process)
        forget_state(node.folder)
        raise
    return started


def _stop(process: "psutil.Process") -> None:
    """Ask the broker to end, and end it where it does not within 20 s."""
    import psutil

    try:
        process.terminate()
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return  # it ended by itself meanwhile, which is what was wanted


def _describe(folder: Path, process: BrokerProcess | None) -> Status:
    folder = folder.absolute()
    log = str(folder / "logs" / "broker.log")
    if process is None:
        return Status(running=False, folder=str(folder), log=log)
    return Status(
        running=True,
        folder=str(folder),
        log=log,
        bootstrap_servers=f"{HOST}:{process.port}",
        pid=process.pid,
        since=datetime.fromtimestamp(process.started, UTC).isoformat(timespec="seconds"),
    )
