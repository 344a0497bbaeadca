"""The settings of the local Kafka."""

from pathlib import Path

import pytest

from demo.local_kafka.properties import Detour, Ports, escape, server_properties
from floodline.errors import ConfigurationError

PORTS = Ports(clients=9092, controller=9093)


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_every_listener_is_on_loopback() -> None:
    """No port of the broker is reachable from another machine."""
    found = settings(server_properties(PORTS, Path("/data")))
    for name in ("listeners", "advertised.listeners"):
        assert found[name] == "CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert found["controller.quorum.bootstrap.servers"] == "127.0.0.1:9093"


def test_a_detour_is_a_second_door_on_loopback() -> None:
    """Clients of the second door are told to come to the port in between, and only they."""
    ports = Ports(clients=9092, controller=9093, detour=Detour(port=9094, advertised=9095))
    found = settings(server_properties(ports, Path("/data")))
    plain = "CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert found["listeners"] == f"{plain},DETOUR://127.0.0.1:9094"
    assert found["advertised.listeners"] == f"{plain},DETOUR://127.0.0.1:9095"
    assert found["listener.security.protocol.map"].endswith("DETOUR:PLAINTEXT")


def test_one_node_is_enough_for_internal_topics() -> None:
    """No internal topic waits for a second replica, and topics are made on purpose only."""
    found = settings(server_properties(PORTS, Path("/data")))
    assert {found[name] for name in found if name.endswith(("replication.factor", "isr"))} == {"1"}
    assert found["auto.create.topics.enable"] == "false"
    assert found["group.initial.rebalance.delay.ms"] == "0"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("/data/kafka", "/data/kafka"),
        ("C:\\data", "C:\\\\data"),
        ("/Dönerstraße", "/D\\u00f6nerstra\\u00dfe"),
        ("/\U0001d54f", "/\\ud835\\udd4f"),
    ],
)
def test_folder_names_survive_javas_reading(value: str, escaped: str) -> None:
    """Backslashes and letters outside ASCII are written as Java reads them."""
    assert escape(value) == escaped


def test_a_folder_with_a_comma_is_refused() -> None:
    """Kafka would take it for two folders, so the operator is told to name another."""
    with pytest.raises(ConfigurationError, match="comma"):
        server_properties(PORTS, Path("/data,more"))
