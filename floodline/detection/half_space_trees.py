"""River's half-space trees over compiled kernels: the same scores to the bit, 100 times faster."""

import collections
import copy
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from river.base import AnomalyDetector

from floodline.detection.event_rows import as_matrix, fill_row, room_for
from floodline.detection.forest_contents import (
    ForestContents,
    check_sizes,
    check_window,
    draw_over,
)
from floodline.detection.forest_state import pack, unpack
from floodline.detection.kernels.masses import ForestMasses
from floodline.detection.kernels.progress import LEARN, SCORE
from floodline.detection.tree_drawing import Trees

_BOTH = SCORE | LEARN
Scores = NDArray[np.float64]
Limits = Mapping[Any, tuple[float, float]]


class HalfSpaceTrees(AnomalyDetector):
    r"""Half-space trees, equal to `river.anomaly.HalfSpaceTrees` to the bit.

    Each tree halves the space at random, node by node, before it has seen data. A node's mass r is
    how many events of the last whole window of W events fell in it. An event's way down a tree ends
    under the first node with r < 0.1 W, or at the leaf, and its score is

    $$s(x) = 1 - \frac{1}{T W (2^{h + 1} - 1)} \sum_{t=1}^{T} \sum_{d} r_{t,d} 2^d$$

    over the depths d on the way. High scores are anomalies; in the first window every score is 0.

    When it fails: anomalies that come packed in one window look normal in the next; features are
    taken to lie within `limits` ([0, 1] unless said), so that others are to be scaled first; and a
    window is forgotten as a whole, so that scores jump where one ends.

    Events are dicts, or rows of a matrix (`score_learn_many`), for which a whole micro-batch costs
    one call. No score depends on how events are grouped. The trees are drawn at the first event
    that is learnt, over its features; features that come later are ignored. Where a feature is
    missing, the event follows the child that is heavier in the window being counted, as in River:
    this needs all masses and is some ten times slower, until a whole window has all features.

    In a dict a value is below the thresholds that Python says it is below: NumPy's float16 and
    float32, whole numbers of any length and NaN, which goes right, go where River's comparison
    sends them, a `Counter` has 0 for what it lacks, and a feature that no tree asks for may hold
    anything. One that a tree asks for must be a number in every event; River notices others, such
    as None, only where a walk meets them. In a matrix values are float64, and NaN is a missing
    feature. A first event without features, on which River stops with an
    `IndexError`, is refused with a `ValueError`; later ones are learnt.

    Args:
        n_trees: Number of trees, T.
        height: Height h of each tree; it has 2^(h + 1) - 1 nodes.
        window_size: Number of events in a window, W.
        limits: The range of each feature, where it is not [0, 1].
        seed: Random seed; None draws one.
        feature_names: The features and the order of their columns. None takes them, sorted, from
            the first event, or numbers the columns if that is a matrix.

    Raises:
        ValueError: a size is not positive, a tree is higher than 24, all trees together have more
            than 2^24 leaves, T W exceeds 2^26 for trees higher than 10, or T W (2^(h + 1) - 1)
            reaches 2^53, above which sums would not be exact.

    >>> hst = HalfSpaceTrees(n_trees=5, height=3, window_size=3, seed=42)
    >>> X = [0.5, 0.45, 0.43, 0.44, 0.445, 0.45, 0.0]
    >>> for x in X[:3]:
    ...     hst.learn_one({"x": x})
    >>> for x in X:
    ...     hst.learn_one({"x": x})
    ...     print(f"{x:.3f}: {hst.score_one({'x': x}):.3f}")
    0.500: 0.107
    0.450: 0.071
    0.430: 0.107
    0.440: 0.107
    0.445: 0.107
    0.450: 0.071
    0.000: 0.853

    The same events as a matrix, each scored and then learnt:

    >>> hst = HalfSpaceTrees(n_trees=5, height=3, window_size=3, seed=42)
    >>> hst.score_learn_many([[x] for x in X]).round(3).tolist()
    [0.0, 0.0, 0.0, 0.107, 0.107, 0.071, 0.853]

    Source: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI 2011; River's
    `anomaly/hst.py`, whose missing-feature rule and size limit these are.
    """

    def __init__(
        self,
        n_trees: int = 10,
        height: int = 8,
        window_size: int = 250,
        limits: Limits | None = None,
        seed: int | None = None,
        feature_names: Sequence[Hashable] | None = None,
    ) -> None:
        check_sizes(n_trees, height, window_size)
        self.n_trees = n_trees
        self.height = height
        self.window_size = window_size
        self.limits: collections.defaultdict[Any, tuple[float, float]]
        self.limits = collections.defaultdict(_whole_range)
        self.limits.update(limits or {})
        self.seed = seed
        self.feature_names = feature_names
        self._drawing_seed: int | None = _any_seed() if seed is None else seed
        self.rng = random.Random(self._drawing_seed)  # noqa: S311  # River's generator
        self._features: tuple[Any, ...] = ()
        self._asked: tuple[tuple[int, Any], ...] = ()
        self._trees: Trees | None = None
        self._masses: ForestMasses | None = None

    @property
    def features(self) -> tuple[Any, ...]:
        """The features that the trees ask for, in the order of the columns; none before any."""
        return self._features

    @property
    def counter(self) -> int:
        """Events learnt in the present window."""
        return int(self._masses.progress[0]) if self._masses else 0

    @property
    def warming_up(self) -> bool:
        """True in the first window, in which every score is 0."""
        return self._masses is None or not self._masses.progress[1]

    @property
    def size_limit(self) -> float:
        """The mass under which a walk ends: a tenth of the window, as in the paper."""
        return 0.1 * self.window_size

    def score_one(self, x: Mapping[Any, Any]) -> float:
        """The event's score in [0, 1]; nothing changes, and 0 while warming up."""
        return self._one(x, SCORE)

    def learn_one(self, x: Mapping[Any, Any]) -> None:
        """Count the event.

        Raises:
            ValueError: it is the first and has no features.
        """
        if self._masses is None:
            self._begin(sorted(x) if self.feature_names is None else self.feature_names)
        self._one(x, LEARN)

    def score_learn_many(
        self,
        X: Any,  # noqa: N803  # as in River
        out: Scores | None = None,
    ) -> Scores:
        """Score each row and then learn it, in order: `score_one`, `learn_one` for a whole batch.

        Args:
            X: (events, features), the columns as in `features`; NaN is a missing feature.
            out: Where to put the scores, (events,) float64; a new array if None.

        Returns:
            The scores, (events,).

        Raises:
            ValueError: the rows do not have these features, or `out` does not fit.
        """
        scores = np.empty(len(X)) if out is None else out
        masses = self._masses or self._begin_at(X)
        if not masses.advance(X, scores, _BOTH):
            scores = self._convert(X, out, _BOTH)
        return scores

    def score_many(
        self,
        X: Any,  # noqa: N803  # as in River
        out: Scores | None = None,
    ) -> Scores:
        """The rows' scores, as `score_learn_many` without learning."""
        masses = self._masses
        if masses is None:
            scores = room_for(len(X), out)
            scores[:] = 0.0
            return scores
        scores = np.empty(len(X)) if out is None else out
        if not masses.advance(X, scores, SCORE):
            scores = self._convert(X, out, SCORE)
        return scores

    def learn_many(self, X: Any) -> None:  # noqa: N803
        """Count the rows in order, as `score_learn_many` without scores."""
        masses = self._masses or self._begin_at(X)
        if not masses.advance(X, np.empty(len(X)), LEARN):
            self._convert(X, None, LEARN)

    def leaves_of(self, X: Any) -> NDArray[np.uint32]:  # noqa: N803
        """The leaf that each row falls in, from 0 on the left, (events, n_trees).

        Where a feature is missing, the heavier child is followed, as in River. Nothing changes.
        Before any event is learnt there are no trees, and (events, 0) is returned.
        """
        masses = self._masses
        if masses is None:
            return np.empty((len(X), 0), np.uint32)
        rows = as_matrix(X, masses.columns)
        leaves = np.empty((len(rows), self.n_trees), np.uint32)
        for at, row in enumerate(rows):
            leaves[at] = masses.leaves_of(row)
        return leaves

    def to_state(self) -> bytes:
        """The whole detector as data, without its trees where a seed gives them again.

        Raises:
            ValueError: a feature's name is neither a string nor a whole number.
        """
        return pack(self._contents())

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The detector that `to_state` described: the same scores for ever, to the bit.

        Raises:
            StateRefused: the bytes are no state of this detector, or of another version.
        """
        return cls._from_contents(unpack(data))

    def moment(self) -> ForestContents:
        """The forest as it is now, whatever it learns later; `at` makes another from it."""
        contents = self._contents()
        if contents.reference is None or contents.latest is None:
            return contents
        return msgspec.structs.replace(
            contents, reference=contents.reference.copy(), latest=contents.latest.copy()
        )

    def at(self, moment: ForestContents) -> Self:
        """A forest that goes on from a moment of this one, over the same trees."""
        if self._masses is None or moment.reference is None or moment.latest is None:
            return self._from_contents(moment)
        forest = copy.copy(self)
        forest._masses = self._masses.at(  # noqa: SLF001  # a copy of its own class
            moment.reference, moment.latest, moment.counter, moment.windows
        )
        return forest

    @classmethod
    def from_river(cls, river: Any) -> Self:
        """A copy of River's detector at this moment: trees, masses, counters.

        Raises:
            ValueError: its sizes are none of ours, or its masses have been tampered with.
        """
        # Imported late, here and below: all of River takes two seconds.
        from floodline.detection.river_exchange import read_river

        detector = cls._from_contents(read_river(river))
        detector.rng.setstate(river.rng.getstate())
        return detector

    def to_river(self) -> Any:
        """River's own detector, as it would be had it learnt the same events."""
        from floodline.detection.river_exchange import write_river

        return write_river(self._contents(), self.rng)

    def _one(self, event: Mapping[Any, Any], mode: int) -> float:
        row, score = np.zeros((1, len(self._features))), np.zeros(1)
        fill_row(row[0], event, self._asked)
        if self._masses is not None:
            self._masses.advance(row, score, mode)
        return float(score[0])

    def _convert(self, events: Any, out: Scores | None, mode: int) -> Scores:
        """Do events that are no matrix as the kernels want it, or say why that cannot be."""
        rows = as_matrix(events, len(self._features))
        scores = room_for(len(rows), out)
        if self._masses is not None:
            self._masses.advance(rows, scores, mode)
        return scores

    def _begin_at(self, events: Any) -> ForestMasses:
        """Draw the trees over the named features, or over as many as the matrix has columns."""
        return self._begin(self.feature_names or range(np.shape(events)[1]))

    def _begin(self, features: Sequence[Any]) -> ForestMasses:
        """Draw the trees over these features."""
        check_window(self.height, self.window_size, len(features))
        trees = draw_over(list(features), self.limits, self.rng, self.n_trees, self.height)
        self.limits.update({name: self.limits[name] for name in features})  # as River notes them
        return self._plant(trees, features)

    def _plant(self, trees: Trees, features: Sequence[Any]) -> ForestMasses:
        self._trees, self._features = trees, tuple(features)
        columns = np.unique(trees.features[:, 1:]).tolist()
        self._asked = tuple((column, self._features[column]) for column in columns)
        self._masses = ForestMasses(trees, self.window_size, len(features))
        return self._masses

    def _contents(self) -> ForestContents:
        reference, latest = self._masses.leaves() if self._masses else (None, None)
        return ForestContents(
            n_trees=self.n_trees, height=self.height, window_size=self.window_size,
            limits=dict(self.limits), seed=self.seed, drawing_seed=self._drawing_seed,
            feature_names=None if self.feature_names is None else list(self.feature_names),
            features=list(self._features), trees=self._trees, reference=reference, latest=latest,
            counter=self.counter, windows=0 if self.warming_up else 1,
        )  # fmt: skip

    @classmethod
    def _from_contents(cls, contents: ForestContents) -> Self:
        detector = cls(
            contents.n_trees, contents.height, contents.window_size, contents.limits,
            contents.seed, contents.feature_names,
        )  # fmt: skip
        detector._drawing_seed = contents.drawing_seed
        trees, reference, latest = contents.trees, contents.reference, contents.latest
        if trees is not None and reference is not None and latest is not None:
            masses = detector._plant(trees, contents.features)
            masses.restore(reference, latest, contents.counter, contents.windows)
        return detector


def _any_seed() -> int:
    """A seed for a detector that was given none, so that its trees can be drawn again."""
    return random.Random().getrandbits(53)  # noqa: S311


def _whole_range() -> tuple[float, float]:
    return 0.0, 1.0
