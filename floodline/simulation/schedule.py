"""When events are reviewed, and how many: a warm-up, then windows of equally many events."""

from typing import Self

import msgspec

WINDOWS = 40
"""Review windows that a stream is cut into, if it is long enough."""
LEAST_EVENTS = 50
"""Events in a window, at least."""
LEAST_WINDOWS = 10
"""Fewer say nothing of a last third."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's warm-up, its review windows, and the labels that each one gets.

    Attributes:
        events: in the stream.
        warm_up: first events, which nobody reviews.
        size: events in a window; the last window also has what is left over.
        labels: given in all, spread evenly over the windows.
    """

    events: int
    warm_up: int
    size: int
    labels: int

    @classmethod
    def of(cls, events: int, labels: int, warm_up: int) -> Self:
        """Some forty windows, of fifty events at least.

        Raises:
            ValueError: the stream is too short, or has fewer events than there are labels.
        """
        least = warm_up + LEAST_WINDOWS * LEAST_EVENTS
        if events < least:
            raise ValueError(
                f"{events:,} events are too few: {warm_up:,} warm the model up, then come at least "
                f"{LEAST_WINDOWS} review windows of {LEAST_EVENTS}; a simulation needs {least:,}"
            )
        if labels > events - warm_up:
            raise ValueError(
                f"{labels:,} labels are more than its {events - warm_up:,} events after the "
                f"warm-up; give fewer"
            )
        size = max(LEAST_EVENTS, (events - warm_up) // WINDOWS)
        return cls(events=events, warm_up=warm_up, size=size, labels=labels)

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return (self.events - self.warm_up) // self.size

    @property
    def labels_a_window(self) -> float:
        """Labels that a window gets on average."""
        return self.labels / self.windows

    def window(self, number: int) -> slice:
        """The events of a window; the first one is 0."""
        start = self.warm_up + number * self.size
        last = number == self.windows - 1
        return slice(start, self.events if last else start + self.size)

    def allowance(self, number: int) -> int:
        """Labels that a window gets; those of all windows come to `labels`."""
        return (number + 1) * self.labels // self.windows - number * self.labels // self.windows

    @property
    def second_half(self) -> slice:
        """The events over which a ranking is judged."""
        return slice(self.events // 2, self.events)

    @property
    def last_third(self) -> int:
        """The first window of the last third."""
        return self.windows - self.windows // 3
