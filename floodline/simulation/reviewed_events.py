"""The events that analysts were shown, and what they said of them so far."""

import numpy as np

from floodline.feedback.lessons import Lessons
from floodline.feedback.verdicts import Verdict
from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import Leaves
from floodline.simulation.method import Booleans, Numbers, Places


class ReviewedEvents:
    """Kept by place in the stream, told in the order in which labels become known."""

    def __init__(self) -> None:
        self._shown: dict[int, int] = {}
        self._leaves: list[Leaves] = []
        self._numbers: list[Numbers] = []
        self._told: list[Told] = []
        self._windows: list[Places] = []

    def shown(self, events: Places, leaves: Leaves, numbers: Numbers) -> None:
        """Events with their leaves, (n, T), and a row of numbers for each, when scored."""
        for event, own, row in zip(events.tolist(), leaves, numbers, strict=True):
            self._shown[event] = len(self._leaves)
            self._leaves.append(own.copy())
            self._numbers.append(np.array(row))

    def told(self, told: Told, window: int) -> None:
        """Labels that became known after a window."""
        self._told.append(told)
        self._windows.append(np.full(told.events.size, window))

    def __len__(self) -> int:
        """How many labels are known."""
        return sum(told.events.size for told in self._told)

    @property
    def _places(self) -> list[int]:
        return [self._shown[event] for told in self._told for event in told.events.tolist()]

    @property
    def leaves(self) -> Leaves:
        """Of the labelled events, (n, T)."""
        return np.array([self._leaves[place] for place in self._places], np.uint16)

    @property
    def numbers(self) -> Numbers:
        """The rows of the labelled events."""
        return np.array([self._numbers[place] for place in self._places])

    @property
    def real(self) -> Booleans:
        """What was said of each."""
        return np.concatenate([told.real for told in self._told])

    def lessons(self, window: int) -> Lessons:
        """All labels as the trainer takes them after a window; a window counts as an hour.

        The numbers of each event are its surprise and the excess of each of its leaves.
        """
        real, numbers = self.real, self.numbers
        return Lessons(
            leaves=self.leaves,
            excess=numbers[:, 1:],
            surprise=numbers[:, 0],
            verdicts=tuple(Verdict.CONFIRMED if yes else Verdict.FALSE_ALARM for yes in real),
            analysts=np.concatenate([told.analysts for told in self._told]),
            trust=np.ones(real.size),
            ages=(window - np.concatenate(self._windows)).astype(np.float64),
        )
