"""The broker's `server.properties`: one KRaft node, loopback only, small internal topics."""

from dataclasses import dataclass
from pathlib import Path

from floodline.errors import ConfigurationError

HOST = "127.0.0.1"

# Small and quick on one node. The cleaner's buffer is 128 MiB by default, a third of our heap;
# the short session and abort intervals let a killed client's partitions and transaction go soon.
TUNING = {
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "group.consumer.heartbeat.interval.ms": "1000",
    "group.consumer.min.heartbeat.interval.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "10000",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.index.size.max.bytes": "1048576",
    "min.insync.replicas": "1",
    "num.io.threads": "4",
    "num.network.threads": "2",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
}


@dataclass(frozen=True, slots=True)
class Detour:
    """A second door for clients that come through something in between, such as a proxy.

    The node listens on `port` and tells those clients to come to `advertised`; both on 127.0.0.1.
    """

    port: int
    advertised: int


@dataclass(frozen=True, slots=True)
class Ports:
    """The two TCP ports of the node, both on 127.0.0.1: for clients and for its controller."""

    clients: int
    controller: int
    detour: Detour | None = None


def server_properties(ports: Ports, data: Path) -> str:
    """Return the text of `server.properties` for a node that keeps its data in `data`.

    Raises ConfigurationError for a folder whose name Kafka would take for two.
    """
    if "," in str(data):
        raise ConfigurationError(
            f"Kafka cannot keep data in {data}: a comma in the name separates folders for it. "
            "Name another folder."
        )
    listeners = f"CLIENTS://{HOST}:{ports.clients},CONTROLLER://{HOST}:{ports.controller}"
    advertised, protocols = listeners, "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT"
    if ports.detour is not None:
        listeners += f",DETOUR://{HOST}:{ports.detour.port}"
        advertised += f",DETOUR://{HOST}:{ports.detour.advertised}"
        protocols += ",DETOUR:PLAINTEXT"
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": listeners,
        "advertised.listeners": advertised,
        "listener.security.protocol.map": protocols,
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"{HOST}:{ports.controller}",
        "log.dirs": str(data),
        **TUNING,
    }
    return "".join(f"{name}={escape(value)}\n" for name, value in settings.items())


def escape(value: str) -> str:
    """Escape a value for a Java properties file, which Kafka reads as Latin-1."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)
