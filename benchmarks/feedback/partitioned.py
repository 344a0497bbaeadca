"""One table of lessons for several partitions, each with a forest and a scaler of its own."""

from typing import Literal

import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.feedback.decision import Decision
from floodline.feedback.lessons import Teaching, taught
from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import lesson_of, steps
from floodline.simulation.method import Booleans, Numbers, Places, Setting
from floodline.simulation.reviewed_events import ReviewedEvents

Lessons = Literal["none", "shared", "own"]


class PartitionedForest:
    """Events fall on partitions by chance; the top of each window over all of them is shown.

    What is taught: nothing (`none`), one table for all from the labels of all (`shared`), or each
    partition by its own labels (`own`).
    """

    def __init__(self, setting: Setting, partitions: int, lessons: Lessons) -> None:
        if not isinstance(setting.parameters, DefaultProfile):
            raise TypeError("labels teach the default profile only")
        self._parameters, self._features = setting.parameters, setting.features
        self._lessons = lessons
        self._random = np.random.default_rng([setting.seed, 5])
        forests = [RememberingForest(self._parameters, self._features) for _ in range(partitions)]
        self._forests = forests
        shape = (self._parameters.trees, 2**self._parameters.height)
        self._tables = [np.zeros(shape) for _ in forests]
        self._reviewed = [ReviewedEvents() for _ in (forests if lessons == "own" else [None])]
        self._owner: dict[int, int] = {}
        self._partition = np.empty(0, np.int64)
        self._queue, self._surprise = np.empty(0), np.empty(0)
        self._leaves = np.empty((0, shape[0]), np.uint16)
        self._excess = np.empty((0, shape[0]))
        self._seen, self._start, self._window = 0, 0, 0

    def step(self, rows: Rows) -> Numbers:
        """Score and learn each partition's events with its newest weights."""
        count = len(rows)
        self._start, self._seen = self._seen, self._seen + count
        self._partition = self._random.integers(len(self._forests), size=count)
        self._queue, self._surprise = np.empty(count), np.empty(count)
        self._leaves = np.zeros((count, self._parameters.trees), np.uint16)
        self._excess = np.zeros(self._leaves.shape)
        scores = np.empty(count)
        for number, forest in enumerate(self._forests):
            own = np.flatnonzero(self._partition == number)
            found = steps(forest, np.ascontiguousarray(rows[own]))
            scores[own], self._leaves[own] = found.scores, found.leaves
            self._queue[own] = found.queue
            self._excess[own] = found.excess(np.arange(own.size))
            self._surprise[own] = found.queue - lesson_of(self._tables[number], found.leaves)
        return scores

    def choose(self, count: int) -> Places:
        """The highest q of all partitions."""
        chosen = np.argsort(-np.nan_to_num(self._queue, nan=-np.inf), kind="stable")[:count]
        for number, reviewed in enumerate(self._reviewed):
            of_all = len(self._reviewed) == 1
            own = chosen if of_all else chosen[self._partition[chosen] == number]
            numbers = np.column_stack([self._surprise[own], self._excess[own]])
            reviewed.shown(self._start + own, self._leaves[own], numbers)
        owners = self._partition[chosen].tolist()
        self._owner.update(zip((self._start + chosen).tolist(), owners, strict=True))
        return chosen

    def learn(self, told: Told) -> None:
        """Compute the weights anew from all labels that are known."""
        for number, reviewed in enumerate(self._reviewed):
            reviewed.told(self._part(told, number), self._window)
            if len(reviewed) and self._lessons != "none":
                lessons = reviewed.lessons(self._window)
                table = taught(lessons, self._parameters.height, Teaching()).table
                self._teach(LeafWeights(self._parameters, self._features, table).table, number)
        self._window += 1

    def _teach(self, table: Numbers, number: int) -> None:
        every = range(len(self._forests)) if self._lessons == "shared" else (number,)
        for each in every:
            self._forests[each].teach(table)
            self._tables[each] = table

    def _part(self, told: Told, number: int) -> Told:
        """What was told of one partition's events; of all, where one table serves them."""
        if len(self._reviewed) == 1:
            return told
        own = np.array([self._owner[event] == number for event in told.events.tolist()], np.bool_)
        return Told(events=told.events[own], real=told.real[own], analysts=told.analysts[own])

    @property
    def alerts(self) -> Booleans | None:
        """It raises none."""
        return None

    @property
    def decision(self) -> Decision | None:
        """It has no threshold."""
        return None
