"""How throughput grows with partitions and processes, and where it stops."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.end_to_end.detector import Detector
from benchmarks.end_to_end.group_progress import GroupProgress
from benchmarks.end_to_end.member import Member
from benchmarks.end_to_end.progress import Speed, speed
from benchmarks.end_to_end.topic import Topics

Say = Callable[[str], None]

LAYOUTS = ((1, 1), (2, 1), (4, 1), (2, 2), (4, 2))
"""Partitions and processes."""


def measure(
    topics: Topics, folder: Path, events: int, rounds: int, say: Say
) -> list[dict[str, Any]]:
    """Events per second of all processes together, River profile: medians of interleaved rounds."""
    counts = sorted({partitions for partitions, _ in LAYOUTS})
    for partitions in counts:
        topics.create(_topic(partitions), partitions)
        topics.fill(_topic(partitions), events, partitions)
    found: list[list[Speed]] = [[] for _ in LAYOUTS]
    for number in range(rounds):
        for layout, speeds in zip(LAYOUTS, found, strict=True):
            one = _one(topics, folder, events, number, *layout)
            speeds.append(one)
            say(f"{layout[0]} partitions, {layout[1]} processes: {one.events_per_second:,.0f}")
    topics.delete([_topic(partitions) for partitions in counts])
    return [
        {
            "partitions": partitions,
            "processes": processes,
            "events_per_second": median(each.events_per_second for each in speeds),
            "cpu_microseconds": median(each.cpu_microseconds for each in speeds),
            "over_one": median(
                each.events_per_second / one.events_per_second
                for each, one in zip(speeds, found[0], strict=True)
            ),
        }
        for (partitions, processes), speeds in zip(LAYOUTS, found, strict=True)
    ]


def _topic(partitions: int) -> str:
    return f"bench-events-{partitions}"


def _one(
    topics: Topics, folder: Path, events: int, number: int, partitions: int, processes: int
) -> Speed:
    detector = Detector(
        folder,
        f"bench-{partitions}-{processes}-{number}",
        "floodline",
        bootstrap_servers=topics.bootstrap_servers,
        topic=_topic(partitions),
    )
    progress = GroupProgress(detector, partitions)
    with ExitStack() as stack:
        stack.callback(progress.close)
        members = [
            stack.enter_context(Member(detector, f"member-{each}")) for each in range(processes)
        ]
        samples = progress.samples(members, events)
    topics.delete(detector.topics)
    return speed(samples, events)
