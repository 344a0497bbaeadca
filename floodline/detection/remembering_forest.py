"""The default detector: half-space trees whose mass remembers, on robustly scaled features."""

import math
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection import forest_memory, tree_excess
from floodline.detection.detector import Features, Rows, Scores, row
from floodline.detection.event_rows import as_matrix
from floodline.detection.explanation import BITS, Explanation, Judge, explanation
from floodline.detection.kernels import remembering
from floodline.detection.kernels.explaining import bits_without
from floodline.detection.kernels.guard import LEFT, SEEN, Settings
from floodline.detection.kernels.leaf_masses import Memory
from floodline.detection.kernels.lessons import USUAL, publish
from floodline.detection.kernels.robust_scale import DEVIATION, KNOWN, MEAN, YOUNG
from floodline.detection.parameters import DefaultProfile


class RememberingForest:
    """Half-space trees with a long memory: how many times rarer than usual an event's place is.

    **Scale.** Each feature's mean and deviation come from median and median absolute deviation of
    the first `start` events. At each window's end they move towards the window's own, by
    the share 1 / min(n, memory) an event, each value cut to `winsor` deviations first.

    **Trees.** Complete trees of `height` levels over boxes of `widths` deviations on each side of
    the mean, one feature a level (see `level_trees`), drawn once from `seed`.

    **Score.** With m_t the remembered events of the leaf that the event reaches in tree t, M all
    that are remembered and h the height::

        s = 1/T sum_t log2( M / (2^h (m_t + 1/2)) ) + tail (max_j c_j + log2(1/2 + mean_j c_j^2))
        score = 1 / (1 + 2^-s)

    s is, in bits, how many times rarer than an even spread the event's cell is (a geometric mean
    over trees), and how far the event lies outside: c_j = min(|x_j - mean_j| / deviation_j,
    tail_clip). Narrow boxes see into the crowd but not how far away an event is; the tail does.
    What scores depend on changes at window ends only.

    **Learn.** m_t grows by one. Whenever more than 9/8 `memory` events are remembered, an eighth of
    every mass is forgotten: a growing mean at first, exponential forgetting then.

    **Missing** features: each tree takes the fullest of the leaves that the event could be in.
    A feature that was never seen counts as missing until `start` values of it are known; then the
    mass is shared evenly over both sides of its levels.

    **Lessons.** A forest that was taught adds up the weights w_t of the event's leaves. With u the
    mean of s over the events so far (the last `memory`, as of the last window's end)::

        z = s - u,  g = sum_t w_t,  f = max(z + g, min(z, z / 20))
        score = 1 / (1 + 2^-(s + f - z))

    Weights are no part of the state: who loads one teaches it again.

    An event without any known feature teaches nothing.

    **One hostile value** (1e308, infinity, NaN) in place of a usual one moves the score of a later
    event by at most 0.5 bits once 1,000 events were seen, 3 before; with one feature alone 4 and 8
    (a property test on six kinds of streams; `robust_scale` has the bounds of mean and variance).

    **When it fails.** Anomalies whose single features are all usual and whose combination only is
    rare, among many features; a level shift scores high for some 1,000 events and more, in
    proportion to `memory`; the first `start` events get no score (0).

    >>> forest = RememberingForest(DefaultProfile(trees=20, start=8, warm_up=8), ("x",))
    >>> rows = np.sin(np.arange(100.0)).reshape(-1, 1)
    >>> scores = forest.score_learn_many(rows)
    >>> forest.warm_up_left
    0
    >>> forest.score_one({"x": 0.5}) < forest.score_one({"x": 9.0})
    True

    Sources: trees and mass: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI
    2011. One feature a level: half-space chains of Manzoor, Lamba, Akoglu, "xStream", KDD 2018.
    """

    def __init__(
        self,
        parameters: DefaultProfile,
        features: tuple[str, ...],
        memory: Memory | None = None,
    ) -> None:
        self.parameters = parameters
        self._features = features
        self._settings = Settings(
            window=parameters.window,
            memory=parameters.memory,
            winsor=float(parameters.winsor),
            tail=float(parameters.tail),
            tail_clip=float(parameters.tail_clip),
            guard=float(parameters.guard),
            patience=parameters.guard_patience,
        )
        self._memory = memory or forest_memory.new_memory(parameters, len(features))

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the rows that it takes."""
        return self._features

    @property
    def memory(self) -> Memory:
        """The arrays that it works on, for those that explain a score."""
        return self._memory

    @property
    def events(self) -> int:
        """Events learnt so far, held-back ones included."""
        return int(self._memory.numbers[SEEN])

    @property
    def warm_up_left(self) -> int:
        """Events still to come before the model counts as warm."""
        return max(0, max(self.parameters.warm_up, self.parameters.start) - self.events)

    def score_learn_many(self, rows: Rows) -> Scores:
        """Score each event, then learn it, in order; 0 for the first `start` events."""
        rows = as_matrix(rows, len(self._features))
        scores = np.empty(rows.shape[0], dtype=np.float64)
        self._advance(rows, scores, np.empty(0))
        return scores

    def score_learn_taught(self, rows: Rows) -> tuple[Scores, NDArray[np.float64]]:
        """As `score_learn_many`, with q = z + g of each event, in bits.

        q orders events as the labels do, those that were called usual too: their scores lie close
        together. NaN while nothing usual is known.
        """
        rows = as_matrix(rows, len(self._features))
        scores, queue = np.empty(rows.shape[0]), np.empty(rows.shape[0])
        self._advance(rows, scores, queue)
        return scores, queue

    def _advance(self, rows: Rows, scores: Scores, queue: NDArray[np.float64]) -> None:
        logarithms = forest_memory.logarithms()
        remembering.advance(rows, scores, self._memory, logarithms, self._settings, queue, True)

    def teach(self, weights: NDArray[np.float64] | None) -> None:
        """Let each leaf add its weight, (T, 2^h), to its events' lessons; None: no lessons.

        Raises:
            ValueError: the array has another shape, or holds what is no finite number.
        """
        none = np.zeros((0, self._memory.mass.shape[1]))
        if weights is None:
            self._memory = self._memory._replace(weights=none)
            return
        shape = self._memory.mass.shape
        if weights.shape != shape or not np.isfinite(weights).all():
            raise ValueError(f"weights are finite numbers of shape {shape}, not {weights.shape}")
        kept = np.array(weights, dtype=np.float64, order="C")
        self._memory = self._memory._replace(weights=kept)

    @property
    def usual(self) -> float | None:
        """The mean bits of the events so far; None while none was scored."""
        usual = float(self._memory.usual[USUAL])
        return None if math.isnan(usual) else usual

    def leaves_many(self, rows: Rows) -> NDArray[np.uint16]:
        """The leaf that each event reaches in each tree, (n, T), as the model is now."""
        rows = as_matrix(rows, len(self._features))
        reached = np.zeros((rows.shape[0], self.parameters.trees), dtype=np.uint16)
        if self.events >= self.parameters.start:
            remembering.leaves_of(rows, self._memory, reached)
        return reached

    def excess_of(self, leaves: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """What an explanation tells of events with these leaves, (n, T): their `excess`."""
        parts = self._memory.bits[np.arange(self.parameters.trees), leaves]
        return tree_excess.in_bytes(parts, self._memory.usual[USUAL])

    def bits_many(self, rows: Rows) -> NDArray[np.float64]:
        """The plain bits s of each event, (n,), as the model is now. Changes nothing."""
        return self._bits_and_lessons(as_matrix(rows, len(self._features)))[0]

    def _bits_and_lessons(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        bits, lessons = np.zeros(rows.shape[0]), np.zeros(rows.shape[0])
        if self.events >= self.parameters.start:
            remembering.bits_of(rows, self._memory, self._settings, bits, lessons)
        return bits, lessons

    def score_many(self, rows: Rows) -> Scores:
        """Score each event as if it came next; 0 before the start. Changes nothing."""
        rows = as_matrix(rows, len(self._features))
        if self.events < self.parameters.start:
            return np.zeros(rows.shape[0], dtype=np.float64)
        scores, lessons = self._bits_and_lessons(rows)
        if len(self._memory.weights):
            publish(scores, lessons, self._memory.usual[USUAL])
        remembering.scores_of(scores)
        return scores

    def score_one(self, features: Features) -> float:
        """The score of an event in [0, 1]; 0 before the start. Changes nothing."""
        return float(self.score_many(row(features, self._features))[0])

    def learn_one(self, features: Features) -> None:
        """Take the event into the model."""
        self.score_learn_many(row(features, self._features))

    def explain(self, event: Rows) -> Explanation:
        """Explain the bits of one event, (1, d), as the model is now. Changes nothing.

        The usual range of a feature is its mean, less and plus two deviations of the scale in
        force: both ends move only with what is usual, since the scale is robust.
        """
        event = as_matrix(event, len(self._features))
        totals = np.zeros(1 + len(self._features), dtype=np.float64)
        leaves = np.zeros(self.parameters.trees, dtype=np.uint16)
        parts = np.zeros(self.parameters.trees, dtype=np.float64)
        if self.events >= self.parameters.start:
            bits_without(event, self._memory, self._settings, totals, leaves, parts)
        scale = self._memory.scale
        known = np.where(scale[YOUNG] == KNOWN, 2.0 * scale[DEVIATION], np.nan)
        ranges = (scale[MEAN] - known, scale[MEAN] + known)
        found = explanation(BITS, self._features, totals, leaves, event, ranges)
        return msgspec.structs.replace(
            found,
            usual=self.usual,
            lesson=self._lesson(leaves),
            excess=tree_excess.in_bytes(parts, self._memory.usual[USUAL]).tobytes(),
        )

    def _lesson(self, leaves: NDArray[np.uint16]) -> float:
        """The sum of the leaves' weights, added in the kernel's order."""
        weights = self._memory.weights
        if self.usual is None or not len(weights):
            return 0.0
        return float(np.cumsum(weights[np.arange(leaves.size), leaves])[-1])

    def score_learn_explaining(
        self, rows: Rows, judge: Judge
    ) -> tuple[Scores, dict[int, Explanation]]:
        """Score and learn as `score_learn_many`; explain the events that `judge` marks.

        What scores depend on changes with a window's end only, so a window's events are explained
        after they are learnt and before it ends.
        """
        rows = as_matrix(rows, len(self._features))
        scores = np.zeros(rows.shape[0], dtype=np.float64)
        explanations: dict[int, Explanation] = {}
        done = min(rows.shape[0], max(0, self.parameters.start - self.events))
        if done:
            try:
                self._explain_marked(rows[:done], judge(scores[:done]), 0, explanations)
            finally:
                self.score_learn_many(rows[:done])
        logarithms = forest_memory.logarithms()
        try:
            while done < rows.shape[0]:
                begun = done
                done = remembering.advance_window(
                    rows, scores, begun, self._memory, logarithms, self._settings
                )
                marked = judge(scores[begun:done])
                self._explain_marked(rows, marked, begun, explanations)
        finally:
            if self._memory.numbers[LEFT] == 0 and self.events >= self.parameters.start:
                remembering.end_window(self._memory, logarithms, self._settings)
        return scores, explanations

    def _explain_marked(
        self, rows: Rows, marked: NDArray[np.bool_], begun: int, found: dict[int, Explanation]
    ) -> None:
        """Explain the events that are marked, of those from row `begun` on."""
        for at in marked.nonzero()[0].tolist():
            found[begun + at] = self.explain(rows[begun + at : begun + at + 1])

    def to_state(self) -> bytes:
        """Masses, scales and counters as msgpack; the trees follow from the seed."""
        return forest_memory.write(self.parameters, self._features, self._memory)

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The detector that `to_state` described.

        Raises:
            StateRefused: the bytes are no state of this detector, or of another version.
        """
        return cls(*forest_memory.read(data))
