"""River's `MinMaxScaler | HalfSpaceTrees` as a detector: the profile that is River to the bit."""

import copy
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.detector import Features, Rows, Scores, row
from floodline.detection.event_rows import as_matrix
from floodline.detection.explanation import SCORE, Explanation, Judge, explanation
from floodline.detection.forest_contents import ForestContents
from floodline.detection.half_space_trees import HalfSpaceTrees
from floodline.detection.kernels.masses import SHORT
from floodline.detection.kernels.min_max import place_run, stretch
from floodline.detection.parameters import RiverProfile
from floodline.detection.state_data import MOST_EVENTS, decoded_as
from floodline.errors import StateRefused

Ends = NDArray[np.float64]

FORMAT = "river-profile"
VERSION = 1
_NARROW = 16  # up to this height a leaf's number fits two bytes


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: RiverProfile
    features: list[str]
    low: bytes
    high: bytes
    events: int
    trees: bytes


class RiverProfileForest:
    """River's half-space trees on min-max scaled features: every score equals River's.

    It fails, as River's does, where anomalies come packed in one window, where one extreme value
    stretches a feature's range for good, and in its first window, in which every score is 0.

    >>> forest = RiverProfileForest(RiverProfile(trees=5, height=3, window=3), ("x",))
    >>> rows = np.array([[0.5], [0.45], [0.43], [0.44], [0.0]])
    >>> forest.score_learn_many(rows).round(3).tolist()
    [0.0, 0.0, 0.0, 0.844, 0.844]

    Source: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI 2011.
    """

    def __init__(self, parameters: RiverProfile, features: tuple[str, ...]) -> None:
        if not -(2**63) <= parameters.seed < 2**64:
            raise ValueError(f"seed lies in [-2^63, 2^64), not {parameters.seed}")
        self.parameters = parameters
        self._features = features
        self._low = np.full(len(features), np.inf)
        self._high = np.full(len(features), -np.inf)
        self._events = 0
        self._trees = HalfSpaceTrees(
            n_trees=parameters.trees,
            height=parameters.height,
            window_size=parameters.window,
            seed=parameters.seed,
            feature_names=features,
        )

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the rows that it takes."""
        return self._features

    @property
    def warm_up_left(self) -> int:
        """Events left of the first window, in which River scores every event 0."""
        return max(0, self.parameters.window - self._events)

    def score_learn_many(self, rows: Rows) -> Scores:
        """Score each event as River does, then learn it, in order.

        An event that stretches a range is scored by the range before it and learnt by the range
        with it, as in River's pipeline; between two such events a run goes through at once.
        """
        rows = as_matrix(rows, len(self._features))
        scores = np.empty(rows.shape[0], dtype=np.float64)
        places = np.empty_like(rows)
        done = 0
        while done < rows.shape[0]:
            run = place_run(rows[done:], self._low, self._high, places[done:])
            end = done + run
            if run:
                scores[done:end] = self._trees.score_learn_many(places[done:end])
            if end < rows.shape[0]:
                scores[end] = self._trees.score_many(places[end : end + 1])[0]
                self._learn_stretching(rows[end : end + 1])
                end += 1
            done = end
        self._events += rows.shape[0]
        return scores

    def _learn_stretching(self, event: Rows) -> None:
        stretch(event[0], self._low, self._high)
        place = np.empty_like(event)
        place_run(event, self._low, self._high, place)
        self._trees.learn_many(place)

    def score_many(self, rows: Rows) -> Scores:
        """Score each event as if it came next. Changes nothing."""
        rows = as_matrix(rows, len(self._features))
        places = np.empty_like(rows)
        done = 0
        while done < rows.shape[0]:
            done += place_run(rows[done:], self._low, self._high, places[done:]) + 1
        return self._trees.score_many(places)

    def explain(self, event: Rows) -> Explanation:
        """Explain the score of one event, (1, d), as the model is now. Changes nothing.

        Without a feature the event takes the child that is heavier in the window being counted,
        River's rule. A usual range is all that its scaler has seen. Tall trees go over to
        their slow layout for missing features until a whole window has all.
        """
        count = len(self._features)
        event = as_matrix(event, count)
        rows = np.repeat(event, 1 + count, axis=0)
        rows[np.arange(1, 1 + count), np.arange(count)] = np.nan
        return explanation(
            SCORE,
            self._features,
            self.score_many(rows),
            self._leaves(event),
            event,
            (self._low, self._high),
        )

    def _leaves(self, event: Rows) -> NDArray[np.unsignedinteger]:
        place = np.empty_like(event)
        place_run(event, self._low, self._high, place)
        leaves: NDArray[np.uint32] = self._trees.leaves_of(place)[0]
        return leaves.astype(np.uint16) if self._trees.height <= _NARROW else leaves

    def score_learn_explaining(
        self, rows: Rows, judge: Judge
    ) -> tuple[Scores, dict[int, Explanation]]:
        """Score and learn as `score_learn_many`; explain the events that `judge` marks.

        Short trees are cheap to keep as they were: where an event is marked, the kept ones learn
        what came before it again, and explain.
        """
        rows = as_matrix(rows, len(self._features))
        if self.parameters.height > SHORT:
            return self._explain_on_the_way(rows, judge)
        before = (self._trees.moment(), self._low.copy(), self._high.copy(), self._events)
        scores = self.score_learn_many(rows)
        explanations: dict[int, Explanation] = {}
        marked = np.flatnonzero(judge(scores)).tolist()
        if not marked:
            return scores, explanations
        past = self._at(*before)
        learnt = 0
        for at in marked:
            past.score_learn_many(rows[learnt:at])
            explanations[at] = past.explain(rows[at : at + 1])
            learnt = at
        return scores, explanations

    def _at(self, trees: ForestContents, low: Ends, high: Ends, events: int) -> Self:
        """The forest that was at a moment."""
        forest = copy.copy(self)
        # A copy of its own class; its trees, ranges and count are its own from here on.
        forest._trees = self._trees.at(trees)  # noqa: SLF001
        forest._low, forest._high, forest._events = low, high, events  # noqa: SLF001
        return forest

    def _explain_on_the_way(
        self, rows: Rows, judge: Judge
    ) -> tuple[Scores, dict[int, Explanation]]:
        """For tall trees, too large to keep twice.

        Scores change with a window's end, with a stretched range and, for events that miss
        features, with every event. The stretch up to there is scored first; then it is learnt, up
        to each event that is to be explained, since an explanation changes with every event.
        """
        scores = np.empty(rows.shape[0], dtype=np.float64)
        explanations: dict[int, Explanation] = {}
        learnt, done = 0, 0
        while done < rows.shape[0]:
            run = self._steady(rows[done:])
            scores[done : done + run] = self.score_many(rows[done : done + run])
            for at in np.flatnonzero(judge(scores[done : done + run])).tolist():
                self.score_learn_many(rows[learnt : done + at])
                learnt = done + at
                explanations[learnt] = self.explain(rows[learnt : learnt + 1])
            done += run
            self.score_learn_many(rows[learnt:done])
            learnt = done
        return scores, explanations

    def _steady(self, rows: Rows) -> int:
        """How many events, at least one, have the scores that they would have if each was next.

        The one that ends the window or stretches a range may be the last of them.
        """
        rows = rows[: self.parameters.window - self._trees.counter]
        stretching = place_run(rows, self._low, self._high, np.empty_like(rows))
        missing = np.flatnonzero(np.isnan(rows[1:]).any(axis=1))
        whole = 1 + int(missing[0]) if missing.size else rows.shape[0]
        return int(min(stretching + 1, whole, rows.shape[0]))

    def score_one(self, features: Features) -> float:
        """River's score of the event in [0, 1]; 0 while warming up. Changes nothing."""
        return float(self.score_many(row(features, self._features))[0])

    def learn_one(self, features: Features) -> None:
        """Stretch the ranges by the event, then count it in the latest masses."""
        self.score_learn_many(row(features, self._features))

    def to_state(self) -> bytes:
        """Masses, ranges and counters as msgpack."""
        return msgspec.msgpack.encode(
            _State(
                format=FORMAT,
                version=VERSION,
                parameters=self.parameters,
                features=list(self._features),
                low=self._low.astype("<f8").tobytes(),
                high=self._high.astype("<f8").tobytes(),
                events=self._events,
                trees=self._trees.to_state(),
            )
        )

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The detector that `to_state` described.

        Raises:
            StateRefused: the bytes are no state of this detector, or of another version.
        """
        state = decoded_as(data, _State, "forest state", FORMAT, VERSION)
        try:
            forest = cls(state.parameters, tuple(state.features))
        except ValueError as error:
            raise StateRefused(f"a forest that none of ours can be: {error}") from error
        forest._restore(state)
        return forest

    def _restore(self, state: _State) -> None:
        trees = HalfSpaceTrees.from_state(state.trees)
        wanted = self._trees
        same = all(
            getattr(trees, name) == getattr(wanted, name)
            for name in ("n_trees", "height", "window_size", "seed")
        )
        size = 8 * len(self._features)
        if not same or list(trees.feature_names or ()) != list(self._features):
            raise StateRefused("the trees of this state are not those of its parameters")
        windows, counter = divmod(state.events, trees.window_size)
        seen = 0 <= state.events < MOST_EVENTS and trees.features in ((), self._features)
        if not seen or counter != trees.counter or (windows == 0) != trees.warming_up:
            raise StateRefused(f"the trees of this state have not learnt {state.events} events")
        if len(state.low) != size or len(state.high) != size:
            raise StateRefused(f"ranges of {len(state.low)} bytes do not fit the features")
        self._trees = trees
        self._low = np.frombuffer(state.low, dtype="<f8").astype(np.float64)
        self._high = np.frombuffer(state.high, dtype="<f8").astype(np.float64)
        empty = (self._low == np.inf) & (self._high == -np.inf)
        if not (empty | (self._low <= self._high)).all():
            raise StateRefused("a range that no values have")
        self._events = state.events
