"""Runs the real `floodline` command with one fault built in around it.

The plan comes as JSON in the environment variable FAULT_PLAN:
{"point": ..., "passage": n, "action": "kill" or "stall", "seconds": s, "settings": {...}} dies or
stands still at the n-th passage of a named point, with these settings of the Kafka client;
{"clock": file} adds the number in that file to the clock. The command itself is not changed: the
Kafka client, the operating system's calls and the clock are wrapped before it is loaded.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka

PLAN = "FAULT_PLAN"
COMMAND = [sys.executable, "-m", "tests.faults.launcher", "consume"]
POINTS = (
    "after_poll",
    "before_begin",
    "after_produce",
    "before_send_offsets",
    "after_send_offsets",
    "before_commit",
    "after_commit",
    "snapshot_half_written",
    "before_rename",
    "after_rename",
    "snapshot_deleted",
)
_GROUP_READERS = "floodline-reader"


class Point:
    """A named place in the run where something happens at the n-th passage."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._name = plan["point"]
        self._left = int(plan["passage"])
        self._action = plan["action"]
        self._seconds = float(plan.get("seconds", 0.0))

    def __call__(self, name: str) -> None:
        """Count a passage; die or stand still where it is the one."""
        if name != self._name:
            return
        self._left -= 1
        if self._left != 0:
            return
        if self._action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self._seconds)


def wrap_client(point: Point, changed: dict[str, Any]) -> None:
    """Let the client's classes pass the points; `changed` are settings of the group's member."""

    class Producer(confluent_kafka.Producer):  # type: ignore[misc]  # it has no types
        """A producer whose transactions pass the points."""

        def begin_transaction(self) -> None:
            point("before_begin")
            super().begin_transaction()

        def produce(self, *arguments: Any, **named: Any) -> None:
            super().produce(*arguments, **named)
            point("after_produce")

        def send_offsets_to_transaction(self, *arguments: Any) -> None:
            point("before_send_offsets")
            super().send_offsets_to_transaction(*arguments)
            point("after_send_offsets")

        def commit_transaction(self, *arguments: Any) -> None:
            point("before_commit")
            super().commit_transaction(*arguments)
            point("after_commit")

    class Consumer(confluent_kafka.Consumer):  # type: ignore[misc]  # it has no types
        """A consumer whose polls pass a point, where it is the group's member."""

        def __init__(self, settings: dict[str, Any], **named: Any) -> None:
            self._is_member = settings["group.id"] != _GROUP_READERS
            super().__init__(settings | (changed if self._is_member else {}), **named)

        def consume(self, *arguments: Any, **named: Any) -> list[Any]:
            found: list[Any] = super().consume(*arguments, **named)
            if found and self._is_member:
                point("after_poll")
            return found

    confluent_kafka.Producer = Producer
    confluent_kafka.Consumer = Consumer


def wrap_files(point: Point) -> None:
    """Let the calls that write a snapshot pass the points."""
    sync, unlink = os.fsync, os.unlink

    def synced(handle: int) -> None:
        if is_snapshot(Path(f"/proc/self/fd/{handle}").readlink()):
            point("snapshot_half_written")
        sync(handle)

    def unlinked(path: Any, **named: Any) -> None:
        unlink(path, **named)
        if is_snapshot(path):
            point("snapshot_deleted")

    def renamed(real: Callable[..., None]) -> Callable[..., None]:
        def rename(source: Any, target: Any, **named: Any) -> None:
            if is_snapshot(target):
                point("before_rename")
            real(source, target, **named)
            if is_snapshot(target):
                point("after_rename")

        return rename

    os.fsync = synced  # type: ignore[assignment]  # its parameter's name is its own
    os.unlink = unlinked
    os.rename = renamed(os.rename)
    os.replace = renamed(os.replace)


def is_snapshot(path: Any) -> bool:
    """Whether the path lies among the snapshots of the tests' store."""
    return "/states/snapshots/" in str(path)


def wrap_clock(file: Path) -> None:
    """Let the clock be wrong by the seconds in `file`; what is monotonic stays so."""
    real = time.time

    def jumping() -> float:
        return real() + float(file.read_text() or 0)

    time.time = jumping


def main() -> int:
    """Build the fault in, then run the command."""
    plan = json.loads(os.environ[PLAN])
    if "clock" in plan:
        wrap_clock(Path(plan["clock"]))
    else:
        point = Point(plan)
        wrap_client(point, plan.get("settings", {}))
        wrap_files(point)
    from floodline.launcher import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
