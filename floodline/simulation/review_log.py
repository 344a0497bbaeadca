"""What was chosen for review in a stream and what was said of it, as evidence."""

import numpy as np

from floodline.feedback.evidence import Answers, Chosen, Epoch, Evidence
from floodline.simulation.analysts import Told
from floodline.simulation.method import Numbers, Places


class ReviewLog:
    """Alerts and samples with their labels; a review window is an hour."""

    def __init__(self, window: int, half_life: float | None) -> None:
        self._window, self._half_life = window, half_life
        self._events: list[Places] = []
        self._scores: list[Numbers] = []
        self._thresholds: list[Numbers] = []
        self._releases: list[Places] = []
        self._told: list[Told] = []
        self._told_after: list[Places] = []

    def chosen(self, events: Places, scores: Numbers, thresholds: Numbers, release: int) -> None:
        """Events, places in the stream that rise, were chosen under a release."""
        self._events.append(events)
        self._scores.append(scores)
        self._thresholds.append(thresholds)
        self._releases.append(np.full(events.size, release))

    def told(self, told: Told, window: int) -> None:
        """Labels of events that were chosen became known after a window."""
        self._told.append(told)
        self._told_after.append(np.full(told.events.size, window))

    def evidence(self, seen: int, window: int, epochs: tuple[Epoch, ...]) -> Evidence:
        """All of it after a window, when so many events of the stream were seen."""
        events = np.concatenate(self._events)
        told = np.concatenate([each.events for each in self._told])
        return Evidence(
            chosen=Chosen(
                scores=np.concatenate(self._scores),
                thresholds=np.concatenate(self._thresholds),
                releases=np.concatenate(self._releases),
                places=np.zeros(events.size, np.int64),
                offsets=events,
                ages=(seen - events) / self._window,
            ),
            answers=Answers.open(
                items=np.searchsorted(events, told),
                analysts=np.concatenate([each.analysts for each in self._told]),
                real=np.concatenate([each.real for each in self._told]),
                ages=(window - np.concatenate(self._told_after)).astype(np.float64),
            ),
            epochs=epochs,
            half_life=self._half_life,
        )
