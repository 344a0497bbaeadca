"""From an event's time of sending to its alert being readable under read_committed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, TopicPartition

from benchmarks.end_to_end.child import Child
from benchmarks.end_to_end.detector import PROFILES, Detector
from benchmarks.end_to_end.group_progress import GroupProgress
from benchmarks.end_to_end.member import Member
from benchmarks.end_to_end.paced_producer import Sent
from benchmarks.end_to_end.statistics import percentile
from benchmarks.end_to_end.topic import Topics, reading
from floodline.errors import DependencyDown

Say = Callable[[str], None]

RATES = (1_000, 20_000, 100_000)
WARM_UP_SECONDS = 5.0
SECONDS = 15.0
_ALERTS_PER_SECOND = 50
_START_SECONDS = 90.0
_QUIET_SECONDS = 2.0


class Alert(msgspec.Struct, frozen=True):
    """What matters here of a published alert: its event's Kafka time, ms since 1970."""

    timestamp: int


class Seen(msgspec.Struct, frozen=True):
    """An alert as the reader saw it: its event's time and the reader's clock, ms since 1970."""

    sent: int
    seen: float


def measure(topics: Topics, folder: Path, say: Say) -> dict[str, Any]:
    """By profile and rate: p50, p99, how many alerts, and the rate that the producer reached."""
    found: dict[str, Any] = {name: {} for name in PROFILES}
    for rate in RATES:
        for name in PROFILES:
            one = _one(topics, folder, name, rate)
            found[name][str(rate)] = one
            say(f"{name} at {rate:,}/s: p50 {one['p50']:.0f} ms, p99 {one['p99']:.0f} ms")
    return found


def figures(sent: Sent, seen: list[Seen], behind: int) -> dict[str, Any]:
    """Of the alerts whose events were sent after the warm-up; `behind` when sending ended.

    Raises:
        DependencyDown: there was no such alert.
    """
    start = sent.started + WARM_UP_SECONDS * 1_000
    waits = [each.seen - each.sent for each in seen if each.sent >= start]
    if not waits:
        raise DependencyDown("no alert came after the warm-up: is the machine far too slow?")
    return {
        "p50": percentile(waits, 0.5),
        "p99": percentile(waits, 0.99),
        "alerts": len(waits),
        "reached": sent.events / sent.seconds,
        "behind_seconds": behind * sent.seconds / sent.events,
    }


def _one(topics: Topics, folder: Path, profile: str, rate: int) -> dict[str, Any]:
    name = f"bench-latency-{profile.replace('_', '-')}-{rate}"
    topic = f"{name}-events"
    topics.create(topic)
    detector = Detector(
        folder,
        name,
        profile,
        bootstrap_servers=topics.bootstrap_servers,
        topic=topic,
        alert_share=max(0.001, _ALERTS_PER_SECOND / rate),
    )
    progress = GroupProgress(detector)
    reader = Consumer(reading(topics.bootstrap_servers) | {"enable.partition.eof": False})
    try:
        with Member(detector) as member:
            _await_running(member)
            reader.assign([TopicPartition(f"{name}.alerts", 0, 0)])
            with Child(
                "paced_producer",
                bootstrap_servers=topics.bootstrap_servers,
                topic=topic,
                rate=rate,
                seconds=WARM_UP_SECONDS + SECONDS,
            ) as producer:
                seen = _watch(reader, producer.ended, member)
                committed = progress.committed()
                sent = producer.answer(Sent)
            seen += _watch(reader, _after(_QUIET_SECONDS), member)
    finally:
        reader.close()
        progress.close()
    topics.delete([topic, *detector.topics])
    return figures(sent, seen, max(0, sent.events - committed))


def _await_running(member: Member) -> None:
    ended = _after(_START_SECONDS)
    while not member.running():
        member.cpu()
        if ended():
            raise DependencyDown(f"floodline consume did not start in {_START_SECONDS:g} s")
        time.sleep(0.05)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _watch(reader: Consumer, ended: Callable[[], bool], member: Member) -> list[Seen]:
    decode = msgspec.json.Decoder(Alert).decode
    seen: list[Seen] = []
    while not ended():
        message = reader.poll(0.05)
        now = time.time() * 1_000
        if message is None:
            member.cpu()  # says so where it ended
        elif message.error() is None:
            seen.append(Seen(decode(message.value()).timestamp, now))
    return seen
