"""What events that another model scored reach in the trees of the model in force."""

from collections.abc import Sequence

import numpy as np

from floodline.detection import tree_excess
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.scorer import Scorer
from floodline.storage.lesson_rows import Reached
from floodline.storage.reached_leaves import Place
from floodline.storage.state_store import StateStore


class Routing:
    """Leads events through a retrained model as it was released; read when first asked."""

    def __init__(self, store: StateStore, state_sha256: str) -> None:
        self._store = store
        self._digest = state_sha256
        self._forest: RememberingForest | None = None

    def __call__(self, events: Sequence[dict[str, float]]) -> list[Reached]:
        """The leaf of each tree, its excess and the bits above the usual, for each event.

        Raises:
            StateRefused: the model is not in the store, or damaged.
            DependencyDown: the store does not answer.
        """
        forest = self._read()
        if forest is None or forest.usual is None:
            return [None] * len(events)
        rows = np.array(
            [[float(event.get(name, np.nan)) for name in forest.features] for event in events]
        )
        leaves, surprise = forest.leaves_many(rows), forest.bits_many(rows) - forest.usual
        excess = tree_excess.in_bits(forest.excess_of(leaves))
        places = (Place(*each) for each in zip(leaves, excess, strict=True))
        return list(zip(places, surprise.tolist(), strict=True))

    def _read(self) -> RememberingForest | None:
        if self._forest is None:
            detector = Scorer.from_state(self._store.read(self._digest)).detector
            self._forest = detector if isinstance(detector, RememberingForest) else None
        return self._forest
