"""Waiting for the broker to serve, and saying why it does not."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from demo.local_kafka.jars import WAYS_OUT
from demo.local_kafka.node import Node
from floodline.errors import DependencyDown

START_SECONDS = 90.0
LOOK_SECONDS = 0.05
SERVES = "Kafka Server started"
PORT_TAKEN = "Address already in use"
LINES_SHOWN = 12
_ERROR = re.compile(r"^\S+ (ERROR|FATAL) |^Caused by: |^\S+(Exception|Error): ")


class PortTaken(DependencyDown):
    """Another process took one of the broker's ports while it was starting; other ports help."""


def await_serving(node: Node, alive: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Return as soon as the broker serves its clients.

    Raises PortTaken or DependencyDown, with the last lines of its log, where the process ends
    before or does not serve within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while SERVES not in read_log(node.log):
        if not alive():
            raise failure(node, "Kafka stopped while starting")
        if time.monotonic() > deadline:
            raise failure(node, f"Kafka did not serve within {seconds:g} s")
        time.sleep(LOOK_SECONDS)


def failure(node: Node, what: str) -> DependencyDown:
    """Return the error for a broker that failed: what happened, its last words, what to do."""
    log, output = read_log(node.log), read_log(node.output)
    shown = "\n".join(f"  {line}" for line in last_words(log, output)) or "  (it said nothing)"
    kind = PortTaken if PORT_TAKEN in log + output else DependencyDown
    return kind(f"{what}. What it said, from {node.log.parent}:\n{shown}\n{WAYS_OUT}")


def last_words(log: str, output: str) -> list[str]:
    """Return the lines that tell the reason: the log's errors, else the ends of log and output."""
    lines = log.splitlines()
    errors = [line for line in lines if _ERROR.search(line)]
    if errors:
        return errors[-LINES_SHOWN:]
    return [*lines[-LINES_SHOWN:], *output.splitlines()[-LINES_SHOWN:]]


def read_log(file: Path) -> str:
    """Return a log's text so far, empty where there is none yet."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
