"""How far a detector's group has come, seen from outside."""

import time

from confluent_kafka import Consumer, TopicPartition

from benchmarks.end_to_end.detector import Detector
from benchmarks.end_to_end.member import Member
from benchmarks.end_to_end.progress import Sample
from floodline.errors import DependencyDown

_LOOK_SECONDS = 0.02
_STALLED_SECONDS = 90.0


class GroupProgress:
    """Watches the committed offsets of a detector's group from outside."""

    def __init__(self, detector: Detector, partitions: int = 1) -> None:
        self._detector = detector
        self._places = [TopicPartition(detector.topic, each) for each in range(partitions)]
        # read_uncommitted: what is committed now, without waiting for the open transaction.
        self._group = Consumer(
            {
                "bootstrap.servers": detector.bootstrap_servers,
                "group.id": detector.group,
                "isolation.level": "read_uncommitted",
            }
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._group.close()

    def committed(self) -> int:
        """Events that lie before the committed offsets."""
        found = self._group.committed(self._places, timeout=_STALLED_SECONDS)
        return sum(max(0, place.offset) for place in found)

    def samples(self, members: list[Member], total: int) -> list[Sample]:
        """A look every 20 ms from the moment that all partitions are scored until the end.

        Raises:
            DependencyDown: a process ended, or nothing was committed for a minute and a half.
        """
        wanted = set(range(len(self._places)))
        samples: list[Sample] = []
        events, moved_at = 0, time.monotonic()
        while events < total:
            found = self.committed()
            now = time.monotonic()
            if found > events:
                events, moved_at = found, now
                held = [member.running() for member in members] if not samples else []
                if samples or (all(held) and set().union(*held) == wanted):
                    cpu = sum(member.cpu() for member in members)
                    samples.append(Sample(now, events, cpu))
            elif now - moved_at > _STALLED_SECONDS:
                raise DependencyDown(f"nothing was committed for {_STALLED_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
        return samples
