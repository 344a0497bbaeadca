"""What a broker that failed to start is reported with."""

from pathlib import Path

import pytest

from demo.local_kafka.node import Node
from demo.local_kafka.properties import Ports
from demo.local_kafka.readiness import PortTaken, await_serving, failure, last_words
from floodline.errors import DependencyDown


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "logs").mkdir()
    return Node(tmp_path, Ports(9092, 9093), ("java",))


def test_errors_are_shown_before_the_rest() -> None:
    """Of a long log the error lines and causes are shown, without the shutdown after them."""
    log = (
        "2026-01-01T00:00:00,000 INFO starting (Server)\n"
        "2026-01-01T00:00:01,000 ERROR Exiting due to fatal exception (Server)\n"
        "java.lang.RuntimeException: disk is full\n"
        "\tat kafka.Kafka.main\n"
        "Caused by: java.io.IOException: no space\n"
        "2026-01-01T00:00:02,000 INFO closed (Server)\n"
    )
    words = last_words(log, "")
    assert len(words) == 3
    assert words[1] == "java.lang.RuntimeException: disk is full"


def test_without_errors_the_ends_of_log_and_output_are_shown() -> None:
    """Where no line is an error, the last twelve of the log and of the output are shown."""
    log = "\n".join(f"line {number}" for number in range(100))
    words = last_words(log, "Unrecognized VM option\n")
    assert words[0] == "line 88"
    assert words[-1] == "Unrecognized VM option"


def test_a_dead_process_is_reported_at_once(node: Node) -> None:
    """A process that ended is not waited for, and the ways out are told."""
    node.output.write_text("Unrecognized VM option\n")
    with pytest.raises(DependencyDown, match=r"(?s)Unrecognized VM option.*--bootstrap-servers"):
        await_serving(node, lambda: False)


def test_a_silent_process_is_not_waited_for_forever(node: Node) -> None:
    """A process that lives and never serves is given up after the time allowed."""
    with pytest.raises(DependencyDown, match=r"within 0\.1 s"):
        await_serving(node, lambda: True, seconds=0.1)


def test_a_taken_port_is_told_apart(node: Node) -> None:
    """The failure that other ports would cure has a type of its own."""
    node.log.write_text("2026-01-01T00:00:01,000 ERROR Address already in use (Server)\n")
    assert isinstance(failure(node, "Kafka stopped"), PortTaken)
