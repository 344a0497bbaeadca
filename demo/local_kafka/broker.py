"""A broker that lives as long as the code that needs it."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.local_kafka.leash import Leash
from demo.local_kafka.node import Node, prepare
from demo.local_kafka.ports import free_port, require_free
from demo.local_kafka.properties import HOST, Detour, Ports
from demo.local_kafka.readiness import PortTaken, await_serving

START_ATTEMPTS = 3


class LocalKafka:
    """One real Kafka node on 127.0.0.1, stopped with the `with` block and with this process.

    Without `folder` its data lives in a temporary folder and is deleted at the end; without
    `port` it serves on a free one; `detour` is a second door to it. No Kafka process is
    left behind when this process ends, be it by SIGKILL.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        detour: Detour | None = None,
    ) -> None:
        self._folder = folder
        self._port = port
        self._detour = detour
        self._node: Node | None = None
        self._leash: Leash | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients, `127.0.0.1:PORT`; RuntimeError before `start`."""
        return f"{HOST}:{self._started().ports.clients}"

    @property
    def log(self) -> Path:
        """The broker's log; RuntimeError before `start`."""
        return self._started().log

    def start(self) -> Self:
        """Start the broker and return once it serves.

        Raises ConfigurationError (port in use, no Java, folder not writable) or DependencyDown
        (jars cannot be had, broker does not come up); nothing is left running then.
        """
        if self._leash is not None:
            raise RuntimeError("this broker was started already")
        if self._port is not None:
            require_free(self._port)
            self._launch(Ports(self._port, free_port(), self._detour))
            return self
        # A port that was free may be taken before Kafka listens on it: then others are tried.
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._launch(Ports(free_port(), free_port(), self._detour))
                break
            except PortTaken:
                if attempt == START_ATTEMPTS:
                    raise
        return self

    def stop(self) -> None:
        """Stop the broker; a second call does nothing."""
        if self._leash is not None:
            self._leash.release()
        self._leash = None
        self._node = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _started(self) -> Node:
        if self._node is None:
            raise RuntimeError("this broker is not running; call start() first")
        return self._node

    def _launch(self, ports: Ports) -> None:
        folder = self._folder or Path(tempfile.mkdtemp(prefix="floodline-kafka-"))
        temporary = folder if self._folder is None else None
        try:
            node = prepare(folder, ports)
            with node.output.open("wb") as output:
                self._leash = Leash(node.command, output, remove=temporary)
            self._node = node
            await_serving(node, self._leash.alive)
        except BaseException:
            self.stop()
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
