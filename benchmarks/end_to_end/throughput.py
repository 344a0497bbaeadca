"""One partition, from its beginning to its end, by each contender in interleaved rounds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.end_to_end.child import Child
from benchmarks.end_to_end.contender import Run
from benchmarks.end_to_end.detector import PROFILES, Detector
from benchmarks.end_to_end.group_progress import GroupProgress
from benchmarks.end_to_end.member import Member
from benchmarks.end_to_end.progress import Speed, speed
from benchmarks.end_to_end.statistics import medians, ratios
from benchmarks.end_to_end.topic import Topics

Say = Callable[[str], None]

PLAIN = ("consume_only", "consume_orjson", "consume_matrix")
SLOW = "river_loop"
_SLOW_SHARE = 20
_TOPIC = "bench-events"
_ALERTS = "bench-loop-alerts"


def measure(topics: Topics, folder: Path, events: int, rounds: int, say: Say) -> dict[str, Any]:
    """Events per second of wall clock time, CPU per event, and the ratios of design.

    Each contender reads the same topic in a process of its own, the loop with River its first
    twentieth; the order turns by one each round. A ratio is the median of the rounds' own.
    """
    say(f"filling a topic with {events:,} events")
    topics.create(_TOPIC)
    topics.create(_ALERTS)
    topics.fill(_TOPIC, events)
    found: list[dict[str, Speed]] = []
    alerts: dict[str, float] = {}
    names = [*PLAIN, *PROFILES, SLOW]
    for number in range(rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        speeds = {}
        for name in turned:
            if name in PROFILES:
                detector = Detector(
                    folder,
                    f"bench-{name.replace('_', '-')}-{number}",
                    name,
                    bootstrap_servers=topics.bootstrap_servers,
                    topic=_TOPIC,
                )
                speeds[name], alerts[name] = consumed(topics, detector, events)
            else:
                speeds[name], alerts[name] = _plain(topics, name, events)
            say(f"round {number + 1}: {name} {speeds[name].events_per_second:,.0f} events/s")
        found.append(speeds)
    topics.delete([_TOPIC, _ALERTS])
    return figures(found) | {"alerts_per_1000": {n: alerts[n] for n in (*PROFILES, SLOW)}}


def figures(rounds: list[dict[str, Speed]]) -> dict[str, Any]:
    """The rounds' medians and ratios by name."""
    wall = [{name: each.events_per_second for name, each in found.items()} for found in rounds]
    cpu = [{name: each.cpu_microseconds for name, each in found.items()} for found in rounds]
    per_cpu = [{name: 1e6 / each for name, each in found.items()} for found in cpu]
    return {
        **medians(wall),
        **ratios(wall),
        "cpu_microseconds": medians(cpu),
        "cpu_ratios": ratios(per_cpu),
        "by_round": wall,
    }


def consumed(topics: Topics, detector: Detector, events: int) -> tuple[Speed, float]:
    """One process of `floodline consume` over the topic; its speed, and alerts per 1,000."""
    progress = GroupProgress(detector)
    try:
        with Member(detector) as member:
            samples = progress.samples([member], events)
    finally:
        progress.close()
    alerts = topics.count(f"{detector.name}.alerts")
    topics.delete(detector.topics)
    return speed(samples, events), 1_000 * alerts / events


def _plain(topics: Topics, name: str, events: int) -> tuple[Speed, float]:
    total = max(1, events // _SLOW_SHARE) if name == SLOW else events
    with Child(
        "contender",
        name=name,
        bootstrap_servers=topics.bootstrap_servers,
        topic=_TOPIC,
        alerts=_ALERTS,
        events=total,
    ) as child:
        run = child.answer(Run)
    return speed(run.samples, total), 1_000 * run.alerts / total
