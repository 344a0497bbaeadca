"""River's `MinMaxScaler | HalfSpaceTrees` as a detector whose state is data."""

import math
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from river.anomaly import HalfSpaceTrees
from river.preprocessing import MinMaxScaler

from floodline.detection.detector import Features
from floodline.detection.parameters import ForestParameters
from floodline.errors import StateRefused

FORMAT = "river-half-space-trees"
VERSION = 1
_TALLEST = 20


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: ForestParameters
    features: list[str]
    low: list[float]
    high: list[float]
    counter: int
    first_window: bool
    reference: bytes
    latest: bytes


class RiverForest:
    """River's half-space trees on min-max scaled features: every score equals River's.

    The trees are drawn from the seed and the sorted names of the first event's features, so the
    state holds only masses, ranges and counters: 8 bytes a node.

    It fails, as River's does, where anomalies come packed in one window, where one extreme value
    stretches a feature's range for good, and in its first window, in which every score is 0.

    >>> forest = RiverForest(ForestParameters(trees=5, height=3, window=3, seed=42))
    >>> for x in (0.5, 0.45, 0.43, 0.44):
    ...     forest.learn_one({"x": x})
    >>> forest.warming_up
    False
    >>> 0.0 <= forest.score_one({"x": 0.0}) <= 1.0
    True

    Source: Tan, Ting, Liu, "Fast anomaly detection for streaming data", IJCAI 2011.
    """

    def __init__(self, parameters: ForestParameters) -> None:
        self.parameters = parameters
        self._scaler: Any = MinMaxScaler()
        self._forest: Any = HalfSpaceTrees(
            n_trees=parameters.trees,
            height=parameters.height,
            window_size=parameters.window,
            seed=parameters.seed,
        )
        self._features: list[str] = []

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features it has learnt, sorted; none before the first event."""
        return tuple(self._features)

    @property
    def warming_up(self) -> bool:
        """True in the first window, in which River scores every event 0."""
        return bool(self._forest._first_window)  # noqa: SLF001  # River has no public name for it

    def score_one(self, features: Features) -> float:
        """River's score of the event in [0, 1]; 0 while warming up."""
        return float(self._forest.score_one(self._scaler.transform_one(features)))

    def learn_one(self, features: Features) -> None:
        """Stretch the ranges by the event, then count it in the latest masses."""
        if not self._features:
            self._features = sorted(features)
        self._scaler.learn_one(features)
        self._forest.learn_one(self._scaler.transform_one(features))

    def to_state(self) -> bytes:
        """Masses, ranges and counters as msgpack."""
        return msgspec.msgpack.encode(
            _State(
                format=FORMAT,
                version=VERSION,
                parameters=self.parameters,
                features=self._features,
                low=[float(self._scaler.min[name].get()) for name in self._features],
                high=[float(self._scaler.max[name].get()) for name in self._features],
                counter=self._forest.counter,
                first_window=self.warming_up,
                reference=self._masses("r_mass"),
                latest=self._masses("l_mass"),
            )
        )

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The detector that `to_state` described.

        Raises:
            StateRefused: the bytes are no state of this detector, or of another version.
        """
        state = _decode(data)
        _check(state)
        detector = cls(state.parameters)
        if state.features:
            detector._restore(state)
        return detector

    def _restore(self, state: _State) -> None:
        zeros = dict.fromkeys(state.features, 0.0)
        self._forest.learn_one(zeros)  # River draws its trees from the names at the first event
        self._features = state.features
        self._scaler = MinMaxScaler._from_state(  # noqa: SLF001  # River's own way to warm-start
            min=dict(zip(state.features, state.low, strict=True)),
            max=dict(zip(state.features, state.high, strict=True)),
        )
        self._forest.counter = state.counter
        self._forest._first_window = state.first_window  # noqa: SLF001
        shape = _shape(state.parameters)
        reference, latest = _table(state.reference, shape), _table(state.latest, shape)
        for tree, nodes in enumerate(self._nodes()):
            for index, node in enumerate(nodes):
                node.r_mass = int(reference[tree, index])
                node.l_mass = int(latest[tree, index])

    def _nodes(self) -> list[list[Any]]:
        nodes: list[list[Any]] = self._forest._tree_nodes  # noqa: SLF001
        return nodes

    def _masses(self, name: str) -> bytes:
        masses = [[getattr(node, name) for node in nodes] for nodes in self._nodes()]
        return np.asarray(masses, dtype="<i4").tobytes()


def _decode(data: bytes) -> _State:
    try:
        state = msgspec.msgpack.decode(data, type=_State)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateRefused(f"these {len(data)} bytes are no forest state: {error}") from error
    if (state.format, state.version) != (FORMAT, VERSION):
        raise StateRefused(
            f"a state of format {state.format!r} version {state.version} cannot be read here; "
            f"this release reads {FORMAT!r} version {VERSION}"
        )
    return state


def _shape(parameters: ForestParameters) -> tuple[int, int]:
    return parameters.trees, 2 ** (parameters.height + 1) - 1


def _check(state: _State) -> None:
    """Refuse, before anything is built from it, a state that no forest can have written."""
    sizes = (state.parameters.trees, state.parameters.height, state.parameters.window)
    if min(sizes) < 1 or state.parameters.height > _TALLEST:
        raise StateRefused(f"a forest of trees, height and window {sizes} is none of ours")
    names = state.features
    trees, nodes = _shape(state.parameters) if names else (0, 0)
    fits = (
        len(state.low) == len(state.high) == len(names) == len(set(names))
        and all(map(math.isfinite, state.low + state.high))
        and len(state.reference) == len(state.latest) == 4 * trees * nodes
        and 0 <= state.counter < state.parameters.window
    )
    if not fits:
        raise StateRefused(
            f"a forest of {trees} trees with {nodes} nodes over {len(names)} features does not "
            "have these masses, ranges and counters"
        )


def _table(data: bytes, shape: tuple[int, int]) -> NDArray[np.int32]:
    return np.frombuffer(data, dtype="<i4").reshape(shape)
