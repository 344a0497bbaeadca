"""How fast a process went through a topic: one rule for all that are compared."""

from collections.abc import Callable, Sequence

import msgspec

START_SHARE = 0.1


class Sample(msgspec.Struct, frozen=True):
    """How far a process was at one moment.

    Attributes:
        at: seconds of the machine's monotonic clock.
        events: handled so far; committed, where a process commits what it does.
        cpu: seconds of CPU time that the whole process had used, its client's threads included.
    """

    at: float
    events: int
    cpu: float


class Speed(msgspec.Struct, frozen=True):
    """What lies between two samples."""

    events_per_second: float
    cpu_microseconds: float
    events: int


def speed(samples: Sequence[Sample], total: int) -> Speed:
    """From the first sample after a tenth of all events to the first at the end.

    Start-up, compiled kernels and joining the group lie before it, whoever is measured.

    Raises:
        ValueError: the samples do not span that.
    """
    first = next((sample for sample in samples if sample.events >= total * START_SHARE), None)
    last = next((sample for sample in samples if sample.events >= total), None)
    if first is None or last is None or last.events <= first.events:
        raise ValueError(f"no two samples between a tenth of {total} events and their end")
    return between(first, last)


def between(first: Sample, last: Sample) -> Speed:
    """The speed from one sample to a later one with more events."""
    events = last.events - first.events
    return Speed(events / (last.at - first.at), 1e6 * (last.cpu - first.cpu) / events, events)


class Gauge:
    """Takes the two samples that `speed` wants while a process counts what it handles."""

    def __init__(self, total: int, clock: Callable[[], float], cpu: Callable[[], float]) -> None:
        self.samples: list[Sample] = []
        self._total = total
        self._clock = clock
        self._cpu = cpu
        self._events = 0
        self._next = total * START_SHARE

    def handled(self, count: int) -> bool:
        """So many more were handled; whether more are to come."""
        self._events += count
        if self._events >= self._next:
            self.samples.append(Sample(self._clock(), self._events, self._cpu()))
            self._next = self._total
        return self._events < self._total
